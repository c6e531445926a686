import HTTPWire
import Settings
import TestSupport
import Testing

@Suite("Bad requests")
struct MalformedTests {
    @Test(
        "malformed: 400, and the connection closes; nothing reaches the origin (RFC 9112 2.2, 5.1, 5.2, 6.3)",
        arguments: [
            "GET /a HTTP/1.1\nHost: x\n\n", "GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n", "GET /a HTTP/1.1\r\nHost: x\r\n : b\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\nab",
            "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
            "GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
            "GET /a HTTP/1.1\r\n\r\n", "GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: a b\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\nA: \u{0}\r\n\r\n", "GET  /a HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /a\r\nHost: x\r\n\r\n", "GET /a HTTP/1.1 \r\nHost: x\r\n\r\n", " GET /a HTTP/1.1\r\nHost: x\r\n\r\n",
            "G@T /a HTTP/1.1\r\nHost: x\r\n\r\n", "GET a HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
        ]
    )
    func malformed(text: String) async throws {
        try await scenario { stage in
            let client = try await stage.connect()
            // What follows must not be taken for a request of its own.
            try await client.send(text + Stage.request("/smuggled"))
            let response = try await client.response()
            #expect(response.status == 400)
            // Where only the target is wrong, the message is not, and the next one can be told from it.
            let isTargetAlone = ["GET a", "GET /%", "GET /a#", "GET *"].contains { text.hasPrefix($0) }
            if !isTargetAlone {
                #expect(response["Connection"] == "close")
                #expect(try await client.untilClosed().bytes.isEmpty)
            }
            await client.close()
            #expect(stage.origin.requests.allSatisfy { $0.path == "/site/smuggled" })
        }
    }

    @Test("a head above 32 KiB or 100 fields: 431, and the connection closes")
    func tooLarge() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, body: "a"))
            let long = [("A", String(repeating: "x", count: 33 << 10))]
            let many = (0..<101).map { ("F\($0)", "x") }
            for fields in [long, many] {
                let client = try await stage.connect()
                try await client.send(Stage.request("/a", fields))
                let response = try await client.response()
                #expect(response.status == 431 && response["Connection"] == "close")
                #expect(try await client.untilClosed().bytes.isEmpty)
            }
            let client = try await stage.connect()
            try await client.send(Stage.request("/a", (0..<99).map { ("F\($0)", "x") }))
            #expect(try await client.response().status == 200)
            await client.close()
        }
    }

    @Test("a GET's body is drained, or the connection closes; it is never taken for a request")
    func bodyOfGet() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, body: "a"))
            let smuggled = Stage.request("/smuggled")
            for framing in ["Content-Length", "Transfer-Encoding"] {
                let client = try await stage.connect()
                let isChunked = framing == "Transfer-Encoding"
                let body =
                    isChunked
                    ? "\(String(smuggled.utf8.count, radix: 16))\r\n\(smuggled)\r\n0\r\n\r\n" : smuggled
                let value = isChunked ? "chunked" : "\(smuggled.utf8.count)"
                for _ in 0..<2 {
                    try await client.send(Stage.request("/a", [(framing, value)]) + body + Stage.request("/a"))
                    #expect(try await client.response().text == "a")
                    #expect(try await client.response().text == "a")
                }
                await client.close()
            }
            let client = try await stage.connect()
            try await client.send(Stage.request("/a", [("Content-Length", "1000000")]))
            let response = try await client.response()
            #expect(response.text == "a" && response["Connection"] == "close")
            await client.close()
            #expect(stage.origin.requests.count == 1)
        }
    }

    @Test("a host that no site has: 421, where only exact hosts are configured (RFC 9110 15.5.20)")
    func unknownHost() async throws {
        var setting = Stage.Setting()
        setting.hosts = [.exact("edge.test"), .exact("www.edge.test")]
        let stage = try await Stage.set(setting)
        stage.origin.on("/site/a", ScriptedAnswer(200, body: "a"))
        let client = try await stage.connect()
        for (host, status) in [
            ("edge.test", 200), ("EDGE.test:8080", 200), ("www.edge.test.", 200), ("other.test", 421), ("test", 421),
            ("xedge.test", 421), ("127.0.0.1", 421), ("[::1]:80", 421),
        ] {
            try await client.send(Stage.request("/a", host: host))
            #expect(try await client.response().status == status, "\(host)")
        }
        // The target's host wins over Host (RFC 9112 3.2.2).
        try await client.send(Stage.request("http://other.test/a", host: "edge.test"))
        #expect(try await client.response().status == 421)
        try await client.send(Stage.request("HTTP://EDGE.test/a", host: "other.test"))
        #expect(try await client.response().text == "a")
        await client.close()
        #expect(stage.origin.count("/site/a") == 1)
        await stage.strike()
    }

    @Test("a target in another spelling is the same object; one that climbs out stays within the bucket")
    func targets() async throws {
        try await scenario { stage in
            stage.origin.onAnything { ScriptedAnswer(200, body: $0.target) }
            for (target, asked) in [
                ("/a/../b", "/site/b"), ("/../../etc/passwd", "/site/etc/passwd"), ("/%2e%2e/x", "/site/x"),
                ("/%7Euser/%41", "/site/~user/A"), ("//a", "/site//a"), ("/a%20b", "/site/a%20b"),
                ("/a+b", "/site/a%2Bb"), ("/\u{e4}", "/site/%C3%A4"),
            ] {
                let response = try await stage.get(target)
                #expect(response.text == asked, "\(target)")
            }
            // Decoded by S3, these would name something outside of the bucket.
            for target in ["/..%2f..%2fother/key", "/a/%2e%2e%2f%2e%2e%2fother"] {
                #expect(try await stage.get(target).status == 404, "\(target)")
            }
        }
    }
}
