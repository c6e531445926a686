import TestSupport
import Testing

@Suite("RFC 9110 15.2: interim answers")
struct InterimPlayTests {
    private static let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Hint: 1\r\n\r\n"

    @Test("RFC 8297 2: 103 is passed on, and is no part of what is stored")
    func earlyHints() async throws {
        try await play { stage in
            stage.origin("/a", ScriptedAnswer.ok("Cache-Control: max-age=60", body: "body").afterInterim(Self.hints))
            let first = try await stage.get("/a").expect(200, .miss, .body("body"), .no("Link"), .no("X-Hint"))
            #expect(first.interim.map(\.status) == [103])
            #expect(first.interim.first?.value("Link") == "</a.css>; rel=preload")
            let second = try await stage.get("/a").expect(.hit, .body("body"), .no("Link"), .no("X-Hint"))
            #expect(second.interim.isEmpty)
        }
    }

    @Test("RFC 9110 15.2: several of them, in their order")
    func several() async throws {
        try await play { stage in
            let interim = "HTTP/1.1 102 Processing\r\n\r\n" + Self.hints
            stage.origin("/a", ScriptedAnswer.ok("Cache-Control: no-store", body: "body").afterInterim(interim))
            let answer = try await stage.get("/a").expect(200, .body("body"))
            #expect(answer.interim.map(\.status) == [102, 103])
        }
    }

    @Test("RFC 9110 15.2.1: a 100 that nobody has asked for ends here")
    func unasked() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                ScriptedAnswer.ok("Cache-Control: max-age=60").afterInterim("HTTP/1.1 100 Continue\r\n\r\n")
            )
            let answer = try await stage.get("/a").expect(200, .miss)
            #expect(answer.interim.isEmpty)
            try await stage.get("/a").expect(.hit)
        }
    }

    @Test("RFC 9110 15.2: a client of HTTP/1.0 gets none")
    func oldClient() async throws {
        try await play { stage in
            stage.origin("/a", ScriptedAnswer.ok("Cache-Control: no-store", body: "body").afterInterim(Self.hints))
            let client = try await stage.connect()
            try await client.send("GET /a HTTP/1.0\r\nHost: edge.test\r\n\r\n")
            let (bytes, _) = try await client.untilClosed()
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(!text.contains(" 103 ") && text.contains(" 200 ") && text.hasSuffix("body"), "\(text)")
        }
    }

    @Test("RFC 9110 15.2: 103 before a 304 that the edge has asked for")
    func beforeNotModified() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=0", "ETag: \"a\"", body: "body"),
                ScriptedAnswer.notModified("ETag: \"a\"").afterInterim(Self.hints)
            )
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a").expect(200, .validated, .body("body"), .no("X-Hint"))
        }
    }
}
