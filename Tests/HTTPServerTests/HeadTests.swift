import HTTPWire
import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

@Suite("RFC 9112 2 to 6: heads as they arrive")
struct HeadTests {
    @Test("a head that comes in single bytes is one request")
    func singleBytes() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            for _ in 0..<2 {
                try await client.send("GET /a HTTP/1.1\r\nHost: example\r\nAccept: */*\r\n\r\n", inPiecesOf: 1)
                #expect(try await client.response().text == "/a")
            }
            await client.close()
        }
    }

    @Test("2.2: empty lines before a request line are skipped")
    func leadingEmptyLines() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            try await client.send("\r\n\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.response().text == "/a")
            await client.close()
        }
    }

    static let malformed: [(what: String, request: String, status: Int)] = [
        ("2.2 bare LF", "GET / HTTP/1.1\nHost: x\n\n", 400),
        ("3 no version", "GET /\r\nHost: x\r\n\r\n", 400),
        ("3 bytes that are no HTTP", "\u{16}\u{03}\u{01}\r\n\r\n", 400),
        ("2.3 another major version", "GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
        ("3.2 no Host", "GET / HTTP/1.1\r\n\r\n", 400),
        ("3.2 two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("5.1 space before the colon", "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        ("5.2 obs-fold", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400),
        ("5 no colon", "GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n", 400),
        ("5.5 NUL in a value", "GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 400),
        (
            "6.3 Content-Length with Transfer-Encoding",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400
        ),
        (
            "6.3 two Content-Lengths",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400
        ),
        ("6.3 signed Content-Length", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400),
        ("6.1 unknown coding", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ]

    @Test("what is no request is answered with its status, and the connection closes", arguments: malformed.indices)
    func refused(index: Int) async throws {
        let (what, request, status) = Self.malformed[index]
        try await TestServer.run { server in
            let client = try await server.connect()
            // A request behind it must never be answered: where it begins is not certain.
            try await client.send("GET /before HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.response().text == "/before")
            try await client.send(request + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
            let response = try await client.response()
            #expect(response.status == status, "\(what)")
            #expect(response["Connection"] == "close")
            #expect(response["Date"] != nil)
            #expect(!response.body.isEmpty)
            let rest = try await client.untilClosed()
            #expect(rest.bytes.isEmpty, "\(what)")
            #expect(rest.ending == .closed)
            #expect(server.counters.badRequests == 1)
            #expect(server.counters.requests == 1)
        }
    }

    @Test("RFC 6585 5: a head above its limit in bytes or fields is answered with 431")
    func tooLarge() async throws {
        try await TestServer.run { server in
            let long = try await server.connect()
            let value = String(repeating: "v", count: 33 * 1024)
            try await long.send("GET / HTTP/1.1\r\nHost: x\r\nX-Long: \(value)\r\n\r\n")
            #expect(try await long.response().status == 431)
            #expect(try await long.untilClosed().ending == .closed)

            let many = try await server.connect()
            let fields = (0..<101).map { "X-\($0): v\r\n" }.joined()
            try await many.send("GET / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
            #expect(try await many.response().status == 431)
            #expect(try await many.untilClosed().ending == .closed)
        }
    }

    @Test("the client can read the answer to a head that is too large while it goes on sending")
    func answerSurvivesUnreadInput() async throws {
        var limits = ServerLimits()
        // No machine is so slow.
        limits.lingerTimeout = .seconds(60)
        try await TestServer.run(limits: limits) { server in
            let client = try await server.connect()
            let flood = Task {
                try? await client.send("GET / HTTP/1.1\r\nHost: x\r\n")
                for _ in 0..<100 { try? await client.send("X-Long: \(String(repeating: "v", count: 10_000))\r\n") }
            }
            #expect(try await client.response().status == 431)
            _ = await flood.value
            try await client.shutdownSending()
            #expect(try await client.untilClosed().ending == .closed)
        }
    }

    @Test("RFC 9113 3.4: the HTTP/2 preface is answered with 505, whole or in pieces", arguments: [24, 5, 1])
    func http2Preface(pieces: Int) async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            try await client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", inPiecesOf: pieces)
            #expect(try await client.response().status == 505)
            #expect(try await client.untilClosed().ending == .closed)
        }
    }

    @Test("a head that does not become whole is answered with 408, however the bytes trickle")
    func slowHead() async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(100)
        try await TestServer.run(limits: limits) { server in
            let client = try await server.connect()
            let trickle = Task {
                try? await client.send("GET / HTTP/1.1\r\nHost: x\r\n")
                while client.ending == nil, !Task.isCancelled {
                    try? await client.send("X: y\r\n")
                    try? await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(try await client.response().status == 408)
            trickle.cancel()
            await trickle.value
            #expect(server.counters.headTimeouts == 1)
            #expect(server.counters.requests == 0)
        }
    }
}
