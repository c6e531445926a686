import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Fields of forwarded requests, loops, and requests that are not passed on")
struct RelayFieldTests {
    private func ask(_ stage: Stage, _ text: String, to method: Method = .post) async throws -> RawClient.Response {
        let client = try await stage.connect()
        try await client.send(text)
        let response = try await client.response(to: method)
        await client.close()
        return response
    }

    @Test("RFC 9110, 7.6.1: fields of one hop end here, both ways", arguments: ["GET", "POST"])
    func hopByHop(method: String) async throws {
        try await scenario(.http) { stage in
            let answer = ScriptedAnswer(
                200,
                [
                    "Connection": "X-Theirs, keep-alive", "X-Theirs": "1", "Keep-Alive": "timeout=5", "Upgrade": "h2c",
                    "Proxy-Connection": "x", "Proxy-Authenticate": "Basic", "Trailer": "X-T", "TE": "x", "X-Stays": "1",
                    "Via": "1.0 before", "Cache-Status": "other; hit", "Cache-Control": "no-store",
                ],
                body: "x"
            )
            stage.origin.on("/a", answer)
            let fields =
                "Connection: X-Mine , close\r\nX-Mine: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: X-T\r\n"
                + "Upgrade: websocket\r\nProxy-Connection: x\r\nProxy-Authorization: Basic eA==\r\nX-Own: 1\r\n"
                + "Via: 1.0 fred\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\nForwarded: for=6.6.6.6\r\n"
            let response = try await ask(stage, RelayTests.request(method, "/a", fields))
            #expect(response.text == "x" && response["X-Stays"] == "1")
            for gone in [
                "X-Theirs", "Keep-Alive", "Upgrade", "Proxy-Connection", "Proxy-Authenticate", "Trailer", "TE",
            ] {
                #expect(response[gone] == nil, "\(gone)")
            }
            #expect(response.head.fields.values(.via) == ["1.0 before", "1.1 edge"])
            #expect(response.head.fields.values(.cacheStatus).first == "other; hit")
            #expect(response.head.fields.values(.cacheStatus).count == 2)
            let sent = try #require(stage.origin.last("/a"))
            for gone in [
                "X-Mine", "Keep-Alive", "TE", "Trailer", "Upgrade", "Proxy-Connection", "Proxy-Authorization",
                "Connection",
            ] { #expect(sent[gone] == nil, "\(gone)") }
            #expect(sent["X-Own"] == "1" && sent.values("via") == ["1.0 fred", "1.1 edge"])
            #expect(sent.values("cdn-loop") == ["edge"] && sent.values("host") == ["127.0.0.1:\(stage.origin.port)"])
            #expect(sent.values("x-forwarded-proto") == ["http"])
            let told = method == "POST"
            #expect(sent.values("x-forwarded-for") == (told ? ["127.0.0.1"] : []))
            #expect(sent.values("x-forwarded-host") == (told ? ["edge.test"] : []))
            #expect(sent.values("forwarded") == (told ? ["for=127.0.0.1;host=\"edge.test\";proto=http"] : []))
        }
    }

    @Test("a relayed request keeps the client's own conditions and Range, and gets what they lead to")
    func conditions() async throws {
        try await scenario(.http) { stage in
            stage.origin.on(
                "/a",
                ScriptedAnswer(412),
                ScriptedAnswer(304, ["ETag": "\"x\""]),
                ScriptedAnswer(206, body: "b")
            )
            let put = RelayTests.request("PUT", "/a", "If-Match: \"x\"\r\nIf-Unmodified-Since: y\r\n", body: "z")
            let failed = try await ask(stage, put)
            #expect(failed.status == 412)
            #expect(stage.origin.last("/a")?["if-match"] == "\"x\"")
            let get = RelayTests.request("GET", "/a", "If-None-Match: \"x\"\r\nAccept-Encoding: br\r\n", body: "z")
            #expect(try await ask(stage, get, to: .get).status == 304)
            #expect(stage.origin.last("/a")?["accept-encoding"] == "br")
            let part = RelayTests.request("GET", "/a", "Range: bytes=1-1\r\nIf-Range: \"x\"\r\n", body: "z")
            #expect(try await ask(stage, part, to: .get).status == 206)
            #expect(stage.origin.last("/a")?["range"] == "bytes=1-1")
        }
    }

    @Test(
        "RFC 8586 and RFC 9110, 7.6.3: a request that has passed here before is refused",
        arguments: [
            "CDN-Loop: edge", "CDN-Loop: foo; x=y, EDGE ;a=\"b\"", "Via: 1.1 edge", "Via: HTTP/1.0 a (b), 1.1 Edge (c)",
            "CDN-Loop: x\r\nCDN-Loop: y,edge",
        ],
        [Stage.Kind.http, .bucket]
    )
    func loop(field: String, kind: Stage.Kind) async throws {
        try await scenario(kind) { stage in
            stage.origin.onAnything { _ in ScriptedAnswer(200, ["Cache-Control": "max-age=100"], body: "x") }
            for method in ["GET", "POST"] {
                let response = try await ask(stage, RelayTests.request(method, "/a", field + "\r\n"))
                #expect(response.status == 508 && response.cacheStatus == "edge; detail=loop")
            }
            #expect(stage.origin.requests.isEmpty)
        }
    }

    @Test(
        "names that only look like this edge's are nobody's loop",
        arguments: [
            "CDN-Loop: edge2", "CDN-Loop: my-edge, x; edge", "Via: 1.1 edge.example.com", "Via: edge 1.1",
            "Via: 1.1 a (edge)", "CDN-Loop: ,, ;", "Via:",
        ]
    )
    func noLoop(field: String) async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(body: "x"))
            let posted = try await ask(stage, RelayTests.request("POST", "/a", field + "\r\n"))
            #expect(posted.status == 200)
            #expect(try await ask(stage, RelayTests.request("GET", "/a", field + "\r\n"), to: .get).status == 200)
        }
    }

    @Test("RFC 9110, 7.8: an upgrade is not made, the request is answered as it is")
    func upgrade() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(body: "plain"))
            let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"
            for method in ["GET", "POST"] {
                let response = try await ask(stage, RelayTests.request(method, "/a", fields), to: .get)
                #expect(response.status == 200 && response.text == "plain" && response["Upgrade"] == nil)
                #expect(stage.origin.last("/a")?["upgrade"] == nil)
            }
            // An origin that upgrades all the same has broken the protocol.
            stage.origin.on("/b", .raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"))
            #expect(try await ask(stage, RelayTests.request("POST", "/b", fields)).status == 502)
        }
    }

    @Test("RFC 9110, 9.3.6: there are no tunnels", arguments: [Stage.Kind.http, .bucket])
    func connect(kind: Stage.Kind) async throws {
        try await scenario(kind) { stage in
            let response = try await ask(stage, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
            #expect(response.status == 501)
        }
    }

    @Test("RFC 9110, 7.6.2: Max-Forwards 0 ends here, more is one less further on")
    func maxForwards() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(200, body: "theirs"))
            let options = try await ask(stage, RelayTests.request("OPTIONS", "/a", "Max-Forwards: 0\r\n"))
            #expect(options.status == 200 && options["Allow"]?.contains("DELETE") == true && options.text.isEmpty)
            let trace = try await ask(stage, RelayTests.request("TRACE", "/a", "Max-Forwards: 0\r\nCookie: c\r\n"))
            #expect(trace.status == 405 && !trace.text.contains("Cookie"))
            #expect(stage.origin.requests.isEmpty)
            for (given, sent) in [
                ("7", "6"), ("99999999999999999999999", "18446744073709551614"), ("-1", "-1"), ("x", "x"),
            ] {
                let text = RelayTests.request("OPTIONS", "/a", "Max-Forwards: \(given)\r\n")
                #expect(try await ask(stage, text).text == "theirs")
                #expect(stage.origin.last("/a")?.values("max-forwards") == [sent])
            }
            // For other methods it means nothing.
            #expect(try await ask(stage, RelayTests.request("POST", "/a", "Max-Forwards: 0\r\n")).text == "theirs")
            #expect(stage.origin.last("/a")?["max-forwards"] == "0")
        }
    }

    @Test("RFC 9110, 9.3.7: OPTIONS * is about the edge", arguments: [Stage.Kind.http, .bucket])
    func optionsStar(kind: Stage.Kind) async throws {
        try await scenario(kind) { stage in
            let response = try await ask(stage, "OPTIONS * HTTP/1.1\r\nHost: edge.test\r\n\r\n")
            #expect(response.status == 200 && response.text.isEmpty && response["Via"] == "1.1 edge")
            #expect(response["Allow"]?.hasPrefix("GET, HEAD") == true)
            #expect(response["Allow"]?.contains("POST") == (kind == .http))
            #expect(
                try await ask(stage, "POST * HTTP/1.1\r\nHost: edge.test\r\n\r\n").status == (kind == .http ? 400 : 405)
            )
        }
    }

    @Test("framing is the edge's own: nothing that a client writes begins a second request at the origin")
    func framing() async throws {
        try await scenario(.http) { stage in
            stage.origin.onAnything { ScriptedAnswer(body: "\($0.method) \($0.body.count)") }
            let chunks = "2;a=\"\r\nxy\r\n"
            for text in [
                "POST /a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "POST /a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
                "POST /a HTTP/1.1\r\nHost: edge.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                "POST /a HTTP/1.1\r\nHost: edge.test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "zz\r\n",
                "POST /a HTTP/1.0\r\nHost: edge.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            ] {
                let status = try await ask(stage, text).status
                #expect(status == 400 || status == 501, "\(text)")
            }
            #expect(stage.origin.requests.allSatisfy { $0.body.count <= 2 })
            let body = "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: edge.test\r\n\r\n"
            let fields = "Connection: content-length, host, transfer-encoding\r\n"
            let response = try await ask(stage, RelayTests.request("POST", "/a", fields, body: body))
            #expect(response.text == "POST \(body.utf8.count)" && stage.origin.count("/evil") == 0)
        }
    }
}

/// What depends on who asks, or on the scheme, is nobody else's.
@Suite("What an origin is told of the client does not get into the store")
struct TellingTests {
    private static let stored: KeyValuePairs = ["Cache-Control": "max-age=100"]

    @Test("an answer to a request that names its client is not stored; the next one asks for everyone")
    func told() async throws {
        try await scenario(.http) { stage in
            stage.origin.on(
                "/a",
                ScriptedAnswer(200, ["Cache-Control": "private"], body: "1"),
                ScriptedAnswer(200, Self.stored, body: "2"),
                ScriptedAnswer(200, Self.stored, body: "3")
            )
            #expect(try await stage.get("/a").text == "1")
            #expect(stage.origin.last("/a")?["x-forwarded-for"] == nil)
            let told = try await stage.get("/a")
            #expect(told.text == "2" && !told.isStored)
            #expect(stage.origin.last("/a")?["x-forwarded-for"] == "127.0.0.1")
            let shared = try await stage.get("/a", ["X-Forwarded-For": "6.6.6.6"])
            #expect(shared.text == "3" && shared.isStored)
            #expect(stage.origin.last("/a")?["x-forwarded-for"] == nil)
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test("what varies by the scheme that the edge has told is not stored: a client could say another")
    func scheme() async throws {
        try await scenario(.http) { stage in
            let fields: KeyValuePairs = ["Cache-Control": "max-age=100", "Vary": "Accept, X-Forwarded-Proto"]
            stage.origin.on("/a", ScriptedAnswer(200, fields, body: "http"))
            for _ in 0..<2 {
                let response = try await stage.get("/a", ["X-Forwarded-Proto": "https"])
                #expect(response.status == 200 && !response.isStored)
                #expect(stage.origin.last("/a")?.values("x-forwarded-proto") == ["http"])
            }
            #expect(stage.origin.count("/a") == 2)
        }
    }
}
