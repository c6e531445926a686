import HTTPWire
import TestSupport
import Testing

@Suite("RFC 9110 7: what is passed on")
struct ForwardingTests {
    @Test("RFC 9110 7.6.1: fields of the client's connection end here", arguments: ["GET", "HEAD"])
    func requestFields(_ method: String) async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: no-store")
            try await stage.send(
                method,
                "/a",
                "Connection: close, X-Hop, x-other",
                "X-Hop: 1",
                "X-Other: 2",
                "Keep-Alive: timeout=5",
                "Proxy-Connection: keep-alive",
                "TE: trailers",
                "Upgrade: h2c",
                "X-Mine: 3",
                "Cookie: a=b",
                "User-Agent: test",
                "X-Twice: 1",
                "X-Twice: 2"
            ).expect(200)
            stage.expectAsked(
                "/a",
                1,
                .no("X-Hop"),
                .no("X-Other"),
                .no("Keep-Alive"),
                .no("Proxy-Connection"),
                .no("TE"),
                .no("Upgrade"),
                .field("Connection", lacks: "X-Hop"),
                "X-Mine: 3",
                "Cookie: a=b",
                "User-Agent: test",
                "X-Twice: 1, 2",
                .method(method)
            )
        }
    }

    @Test("RFC 9110 7.6.1: end-to-end fields cannot be named in Connection to hide them from the origin's eyes")
    func connectionCannotHide() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a", "Connection: Host, Via").expect(200)
            stage.expectAsked("/a", 1, "Host", "Via")
        }
    }

    @Test("RFC 9110 7.6.3: Via grows by one on each side")
    func via() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", "Via: 1.0 inner")
            try await stage.get("/a", "Via: 1.0 outer").expect(.miss, "Via: 1.0 inner, 1.1 edge")
            stage.expectAsked("/a", 1, "Via: 1.0 outer, 1.1 edge")
            try await stage.get("/a").expect(.hit, "Via: 1.0 inner, 1.1 edge")
        }
    }

    @Test("RFC 9110 7.2: the origin's Host is its own, and the path is what the client wrote")
    func host() async throws {
        try await play { stage in
            stage.server.onAnything { .ok("Cache-Control: max-age=60", body: $0.target) }
            try await stage.get("/a%20b/%C3%A4?x=1&y=%2F", "Host: www.example.com").expect(200)
            let last = stage.server.requests.last
            #expect(last?.target == "/a%20b/%C3%A4?x=1&y=%2F")
            #expect(last?["Host"] == "127.0.0.1:\(stage.server.port)")
        }
    }

    @Test("design, fills: the edge asks for identity, whole, whatever the client takes")
    func ownFields() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", "ETag: \"a\"")
            try await stage.get("/a", "Accept-Encoding: br, gzip", "If-None-Match: \"x\"").expect(200)
            stage.expectAsked("/a", 1, .no("If-None-Match"), .no("Range"), .field("Accept-Encoding", lacks: "gzip"))
        }
    }

    @Test("RFC 9110 6.5.1: an origin's chunks reach a client of HTTP/1.0 without chunks")
    func oldClient() async throws {
        try await play { stage in
            stage.origin("/a", .ok("Cache-Control: no-store", body: "0123456789").framed(.chunked))
            let client = try await stage.connect()
            try await client.send("GET /a HTTP/1.0\r\nHost: edge.test\r\n\r\n")
            let (bytes, ending) = try await client.untilClosed()
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(ending == .closed && text.hasSuffix("\r\n\r\n0123456789") && !text.contains("chunked"))
        }
    }

    @Test("RFC 9112 9.3: one connection, many answers, hits and misses, in their order")
    func pipelined() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", body: "a")
            stage.origin("/b", "Cache-Control: no-store", body: "b")
            try await stage.get("/a").expect(.miss)
            let client = try await stage.connect()
            let paths = ["/a", "/b", "/a", "/a", "/b"]
            try await client.send(paths.map { Play.request("GET", $0, []) }.joined())
            for path in paths { try await stage.answer(on: client).expect(200, .body(String(path.dropFirst()))) }
        }
    }

    @Test("RFC 9110 7.4: a host of no site is 421, and no origin hears of it")
    func misdirected() async throws {
        try await play(hosts: ["www.example.com", "*.example.org"]) { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a").expect(421)
            try await stage.get("/a", "Host: example.org").expect(421)
            try await stage.get("/a", "Host: www.example.com.evil").expect(421)
            #expect(stage.asked("/a") == 0)
            try await stage.get("/a", "Host: WWW.example.com:1234").expect(200, .miss)
            try await stage.get("/a", "Host: x.example.org").expect(200, .hit)
        }
    }

    @Test(
        "RFC 9112 3.2, 5, 6: what could be understood in two ways is refused",
        arguments: [
            "GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n", "GET /a HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "GET /a\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: a\nX: 1\r\n\r\n", "GET  /a HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        ]
    )
    func smuggling(_ request: String) async throws {
        try await play { stage in
            let client = try await stage.connect()
            try await client.send(request)
            let (bytes, _) = try await client.untilClosed()
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasPrefix("HTTP/1.1 400 ") || text.hasPrefix("HTTP/1.1 501 "), "\(text)")
            #expect(stage.server.requests.isEmpty)
        }
    }

    @Test(
        "RFC 9110 15.6.3, 15.6.5: an origin that cannot be understood, or is not there, is 502",
        arguments: [
            ScriptedAnswer.raw("HTTP/1.1 OK\r\n\r\n", thenClose: true), .raw("no HTTP at all\r\n\r\n", thenClose: true),
            .closing, .resetting,
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", thenClose: true),
            .raw("HTTP/1.1 200 OK\r\nX : 1\r\nContent-Length: 0\r\n\r\n", thenClose: true),
        ]
    )
    func badGateway(_ answer: ScriptedAnswer) async throws {
        try await play { stage in
            stage.origin("/a", answer)
            try await stage.get("/a").expect(502, "Via: 1.1 edge", "Cache-Status")
        }
    }
}
