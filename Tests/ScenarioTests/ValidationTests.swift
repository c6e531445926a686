import TestSupport
import Testing

@Suite("RFC 9111 4.3: validation")
struct ValidationTests {
    static let generatedOnes = [
        Row(
            "RFC 9111 4.3.1: a strong tag",
            ["Cache-Control: max-age=0", "ETag: \"abc\""],
            .validated,
            .body("answer 1")
        ),
        Row(
            "RFC 9111 4.3.1: a weak tag",
            ["Cache-Control: max-age=0", "ETag: W/\"abc\""],
            .validated,
            .body("answer 1")
        ),
        Row("RFC 9111 4.3.1: Last-Modified", ["Cache-Control: max-age=0", "Last-Modified: \(ago(5000))"], .validated),
        Row(
            "RFC 9111 4.3.1: a tag with bytes above ASCII",
            ["Cache-Control: max-age=0", "ETag: \"a\u{e9}\""],
            .fetched
        ),
        Row("RFC 9111 4.3: nothing to validate with", ["Cache-Control: max-age=0"], .fetched, .body("answer 2")),
    ]

    @Test("what is stale is confirmed by its validator", arguments: generatedOnes)
    func generated(_ row: Row) async throws { try await row.play() }

    @Test("RFC 9111 4.3.1: the conditions, and nothing of the client's own")
    func conditions() async throws {
        try await play { stage in
            let modified = ago(5000)
            stage.origin("/a", "Cache-Control: max-age=0", "ETag: \"abc\"", "Last-Modified: \(modified)")
            try await stage.get("/a").expect(.miss)
            stage.expectAsked("/a", 1, .no("If-None-Match"), .no("If-Modified-Since"))
            try await stage.get("/a", "If-None-Match: \"zzz\"", "X-Mine: 1").expect(200, .body("answer 1"))
            stage.expectAsked("/a", 2, .field("If-None-Match", has: "\"abc\""), "X-Mine: 1")
        }
    }

    @Test("RFC 9111 4.3.4, 3.2: a 304 brings new fields and a new lifetime; the others stay")
    func updated() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok(
                    "Cache-Control: max-age=0",
                    "ETag: \"a\"",
                    "X-Old: 1",
                    "X-Both: 1",
                    "Content-Type: text/x",
                    body: "body"
                ),
                .notModified(
                    "Cache-Control: max-age=60",
                    "ETag: \"a\"",
                    "X-Both: 2",
                    "X-New: 3",
                    "Expires: \(ahead(60))",
                    "Content-Security-Policy: x"
                )
            )
            try await stage.get("/a").expect(.miss)
            for outcome in [Expectation.validated, .hit] {
                try await stage.get("/a").expect(
                    outcome,
                    200,
                    "X-Old: 1",
                    "X-Both: 2",
                    "X-New: 3",
                    "Content-Type: text/x",
                    "Content-Length: 4",
                    "Cache-Control: max-age=60",
                    "Expires",
                    "Content-Security-Policy: x",
                    .body("body")
                )
            }
        }
    }

    @Test("RFC 9111 3.2: a 304's Content-Length, Content-Encoding and Content-Range are not the stored body's")
    func notUpdated() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=0", "ETag: \"a\"", "Content-Encoding: x-own", body: "0123456789"),
                .raw(
                    "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nCache-Control: max-age=60\r\nContent-Length: 3\r\n"
                        + "Content-Encoding: x-other\r\nContent-Range: bytes 0-2/3\r\n\r\n"
                )
            )
            try await stage.get("/a").expect(.miss)
            for outcome in [Expectation.validated, .hit] {
                try await stage.get("/a").expect(
                    outcome,
                    "Content-Length: 10",
                    "Content-Encoding: x-own",
                    .no("Content-Range"),
                    .body("0123456789")
                )
            }
        }
    }

    @Test("RFC 9111 4.3.4: a 304 with another tag is about another response: the whole is fetched")
    func otherTag() async throws {
        try await play { stage in
            stage.origin("/a") { request in
                guard request["If-None-Match"] == nil else { return .notModified("ETag: \"other\"") }
                return .ok("Cache-Control: max-age=0", "ETag: \"a\"", body: "body")
            }
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a").expect(200, .body("body"))
            #expect(stage.asked("/a") == 3)
        }
    }

    @Test("RFC 9111 4.3.3: a 200 takes the place of what was stored")
    func replaced() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=0", "ETag: \"a\"", "X-Old: 1", body: "old"),
                .ok("Cache-Control: max-age=60", "ETag: \"b\"", body: "new")
            )
            try await stage.get("/a").expect(.body("old"))
            try await stage.get("/a").expect(.forwarded("stale"), .stored, "ETag: \"b\"", .no("X-Old"), .body("new"))
            try await stage.get("/a").expect(.hit, "ETag: \"b\"", .no("X-Old"), .body("new"))
        }
    }

    @Test(
        "RFC 9111 4.3.3: an error in answer to a condition is sent on, if nothing allows the stale one",
        arguments: [404, 410, 500, 503]
    )
    func failed(_ status: Int) async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=0, must-revalidate", "ETag: \"a\""),
                .status(status, body: "error")
            )
            try await stage.get("/a").expect(200)
            try await stage.get("/a").expect(.status(status), .body("error"))
        }
    }

    @Test("RFC 9110 15.4.5: a 304 to a question without condition is no answer: 502")
    func unasked() async throws {
        try await play { stage in
            stage.origin("/a", .notModified("ETag: \"a\""))
            try await stage.get("/a").expect(502)
        }
    }

    @Test("RFC 9111 4.3: one confirmation for everyone who asks meanwhile")
    func crowd() async throws {
        try await play { stage in
            let held = Latch()
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=0", "ETag: \"a\"", body: "body"),
                ScriptedAnswer.notModified("Cache-Control: max-age=60").holdingHead(held)
            )
            try await stage.get("/a").expect(.miss)
            let crowd = try await stage.crowd(30, "/a")
            try await stage.waitUntil(collapsed: 29)
            held.open()
            for answer in try await stage.answers(crowd) {
                answer.expect(200, .body("body"), .cacheStatus("fwd-status=304"))
            }
            #expect(stage.asked("/a") == 2)
        }
    }

    @Test("RFC 9111 5.2.2.4: no-cache with a tag: confirmed each time, sent once")
    func noCache() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: no-cache", "ETag: \"a\"")
            try await stage.get("/a").expect(.miss, .stored)
            for _ in 0..<3 { try await stage.get("/a").expect(.validated, .body("answer 1")) }
        }
    }

    @Test(
        "RFC 9111 4.3.3: a 200 that may not be stored is sent, and what was stored is gone",
        arguments: ["no-store", "private"]
    )
    func replacedByNothing(_ directive: String) async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=0", "ETag: \"a\"", body: "old"),
                .ok("Cache-Control: \(directive)", body: "new"),
                .closing
            )
            try await stage.get("/a").expect(.body("old"))
            try await stage.get("/a").expect(.body("new"), .notStored)
            try await stage.get("/a").expect(502)
        }
    }
}
