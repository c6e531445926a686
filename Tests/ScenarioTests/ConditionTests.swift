import TestSupport
import Testing

@Suite("RFC 9110 13: conditions of clients")
struct ConditionTests {
    private static let tagged = ["Cache-Control: max-age=60", "ETag: \"abc\""]
    private static let modified = ago(5000)
    private static let dated = ["Cache-Control: max-age=60", "Last-Modified: \(modified)"]

    static let rows = [
        Row(
            "RFC 9110 13.1.2: on the second line",
            tagged,
            second: ["If-None-Match: \"a\"", "If-None-Match: \"abc\""],
            .hit,
            304
        ),
        Row(
            "RFC 9110 13.1.2: its tag",
            tagged,
            second: ["If-None-Match: \"abc\""],
            .hit,
            304,
            "ETag: \"abc\"",
            .body("")
        ),
        Row("RFC 9110 13.1.2: another tag", tagged, second: ["If-None-Match: \"abd\""], .hit, 200, .body("answer 1")),
        Row("RFC 9110 13.1.2: any", tagged, second: ["If-None-Match: *"], .hit, 304),
        Row("RFC 9110 13.1.2: the first of a list", tagged, second: ["If-None-Match: \"abc\", \"def\""], .hit, 304),
        Row(
            "RFC 9110 13.1.2: the middle of a list",
            tagged,
            second: ["If-None-Match: \"a\", \"abc\", \"b\""],
            .hit,
            304
        ),
        Row("RFC 9110 13.1.2: the last of a list", tagged, second: ["If-None-Match: \"a\",\"abc\""], .hit, 304),
        Row(
            "RFC 9110 8.8.3.2: compared weakly",
            tagged,
            second: ["If-None-Match: W/\"abc\""],
            .hit,
            304,
            "ETag: \"abc\""
        ),
        Row(
            "RFC 9110 8.8.3.2: a weak tag of the origin's",
            ["Cache-Control: max-age=60", "ETag: W/\"abc\""],
            second: ["If-None-Match: W/\"abc\""],
            .hit,
            304,
            "ETag: W/\"abc\""
        ),
        Row("RFC 9110 8.8.3: tags keep their case", tagged, second: ["If-None-Match: \"ABC\""], .hit, 200),
        Row(
            "RFC 9110 8.8.3: a comma inside a tag",
            ["Cache-Control: max-age=60", "ETag: \"a,b\""],
            second: ["If-None-Match: \"a,b\""],
            .hit,
            304
        ),
        Row(
            "RFC 9110 8.8.3: half of such a tag",
            ["Cache-Control: max-age=60", "ETag: \"a,b\""],
            second: ["If-None-Match: \"a, b\""],
            .hit,
            200
        ),
        Row("RFC 9110 13.1.3: its date", dated, second: ["If-Modified-Since: \(modified)"], .hit, 304, .body("")),
        Row("RFC 9110 13.1.3: a later date", dated, second: ["If-Modified-Since: \(ago(10))"], .hit, 304),
        Row("RFC 9110 13.1.3: an earlier date", dated, second: ["If-Modified-Since: \(ago(9000))"], .hit, 200),
        Row("RFC 9110 13.1.3: no date", dated, second: ["If-Modified-Since: yesterday"], .hit, 200),
        Row(
            "RFC 9110 13.1.3: If-None-Match goes first, and fails",
            tagged + ["Last-Modified: \(modified)"],
            second: ["If-None-Match: \"x\"", "If-Modified-Since: \(modified)"],
            .hit,
            200
        ),
        Row(
            "RFC 9110 13.1.3: If-None-Match goes first, and holds",
            tagged + ["Last-Modified: \(modified)"],
            second: ["If-None-Match: \"abc\"", "If-Modified-Since: \(ago(9000))"],
            .hit,
            304
        ),
        Row(
            "RFC 9110 15.4.5: a 304 has what a cache needs, and nothing of the body",
            tagged + ["Vary: Foo", "Expires: \(ahead(99))", "Content-Location: /b"],
            second: ["If-None-Match: \"abc\""],
            .hit,
            304,
            "ETag: \"abc\"",
            "Cache-Control: max-age=60",
            "Vary",
            "Expires",
            "Date",
            "Content-Location: /b"
        ),
        Row(
            "RFC 9110 13.2.1: a condition is about a 200: another status is sent as it is",
            tagged,
            status: 404,
            second: ["If-None-Match: \"abc\""],
            .hit,
            404,
            .body("answer 1")
        ),
    ]

    @Test("a fresh entry and a condition", arguments: rows)
    func row(_ row: Row) async throws { try await row.play() }

    @Test("RFC 9111 4.3.2: a stale entry is confirmed, and the client's condition is judged afterwards")
    func stale() async throws {
        try await play { stage in
            let modified = ago(5000)
            stage.origin("/a", "Cache-Control: max-age=0", "ETag: \"abc\"", "Last-Modified: \(modified)")
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a", "If-None-Match: \"abc\"").expect(304, .validated, "ETag: \"abc\"")
            try await stage.get("/a", "If-Modified-Since: \(modified)").expect(304)
            try await stage.get("/a", "If-None-Match: \"other\"").expect(200, .body("answer 1"))
            #expect(stage.server.requests.allSatisfy { $0["If-None-Match"] != "\"other\"" })
        }
    }

    @Test("RFC 9110 13.1.2: a miss with a condition is fetched whole, stored, and its condition judged here")
    func miss() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", "ETag: \"abc\"")
            try await stage.get("/a", "If-None-Match: \"abc\"").expect(304, "ETag: \"abc\"")
            stage.expectAsked("/a", 1, .no("If-None-Match"))
            try await stage.get("/a").expect(.hit, 200, .body("answer 1"))
        }
    }

    @Test("RFC 9110 13.2.2: HEAD and conditions")
    func head() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", "ETag: \"abc\"")
            try await stage.get("/a").expect(.miss)
            try await stage.head("/a", "If-None-Match: \"abc\"").expect(304)
            try await stage.head("/a", "If-None-Match: \"x\"").expect(.hit, 200, .body(""), "Content-Length: 8")
        }
    }

    @Test("RFC 9111 4.3.2: If-Match and If-Unmodified-Since are the origin's to judge")
    func forOrigins() async throws {
        try await play { stage in
            stage.origin("/a") { request in
                if request["If-Match"] == "\"x\"" || request["If-Unmodified-Since"] != nil {
                    return .status(412, body: "no")
                }
                return .ok("Cache-Control: max-age=60", "ETag: \"abc\"", body: "body")
            }
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a", "If-Match: \"x\"").expect(412, .fetched, .body("no"))
            try await stage.get("/a", "If-Unmodified-Since: \(ago(99))").expect(412, .fetched)
            try await stage.get("/a", "If-Match: \"abc\"").expect(200, .fetched)
            try await stage.get("/a").expect(.hit, .body("body"))
        }
    }

    @Test("each coded form has its own tag, and is not modified for that tag alone (design: representations)")
    func forms() async throws {
        try await play { stage in
            let css = Texts.css(4000)
            stage.origin("/a.css", "Cache-Control: max-age=60", "ETag: \"abc\"", "Content-Type: text/css", body: css)
            let coded = try await stage.get("/a.css", "Accept-Encoding: br").expect(200, "Content-Encoding: br")
            let tag = try #require(coded["ETag"])
            #expect(tag != "\"abc\"")
            try await stage.get("/a.css", "Accept-Encoding: br", "If-None-Match: \(tag)").expect(304, "ETag: \(tag)")
            try await stage.get("/a.css").expect(.hit, "ETag: \"abc\"", .body(css), .no("Content-Encoding"))
            try await stage.get("/a.css", "If-None-Match: \"abc\"").expect(304, "ETag: \"abc\"")
        }
    }
}
