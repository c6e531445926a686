import TestSupport
import Testing

@Suite("RFC 9110 14: ranges")
struct RangePlayTests {
    private static let digits = "0123456789"
    private static let modified = ago(5000)
    private static let fields = ["Cache-Control: max-age=60", "ETag: \"a\"", "Last-Modified: \(modified)", "X-Own: 1"]

    static let ofStored = [
        Case(
            "RFC 9110 14.1.2: the first bytes",
            ["Range: bytes=0-1"],
            [206, "Content-Range: bytes 0-1/10", .body("01"), "Content-Length: 2"]
        ),
        Case("RFC 9110 14.1.2: to the end", ["Range: bytes=5-"], [206, "Content-Range: bytes 5-9/10", .body("56789")]),
        Case(
            "RFC 9110 14.1.2: the last bytes",
            ["Range: bytes=-3"],
            [206, "Content-Range: bytes 7-9/10", .body("789")]
        ),
        Case(
            "RFC 9110 14.1.2: more of the last bytes than there are",
            ["Range: bytes=-99"],
            [206, "Content-Range: bytes 0-9/10", .body(digits)]
        ),
        Case(
            "RFC 9110 14.1.2: beyond the end",
            ["Range: bytes=8-99"],
            [206, "Content-Range: bytes 8-9/10", .body("89")]
        ),
        Case("RFC 9110 14.1.2: the last one", ["Range: bytes=9-9"], [206, .body("9")]),
        Case("RFC 9110 14.2: the unit in any case", ["Range: BYTES=0-1"], [206, .body("01")]),
        Case("RFC 9110 15.5.17: after the end", ["Range: bytes=10-"], [416, "Content-Range: bytes */10"]),
        Case("RFC 9110 15.5.17: none of the last bytes", ["Range: bytes=-0"], [416, "Content-Range: bytes */10"]),
        Case("RFC 9110 14.2: backwards is malformed, and ignored", ["Range: bytes=5-2"], [200, .body(digits)]),
        Case("RFC 9110 14.2: words are ignored", ["Range: bytes=a-b"], [200, .body(digits)]),
        Case("RFC 9110 14.2: nothing is ignored", ["Range: bytes="], [200, .body(digits)]),
        Case("RFC 9110 14.2: another unit is ignored", ["Range: lines=0-1"], [200, .body(digits)]),
        Case("RFC 9110 14.2: numbers beyond 64 bits", ["Range: bytes=0-99999999999999999999"], [206, .body(digits)]),
        Case("RFC 9110 13.1.5: If-Range with its tag", ["Range: bytes=0-1", "If-Range: \"a\""], [206, .body("01")]),
        Case(
            "RFC 9110 13.1.5: If-Range with another tag",
            ["Range: bytes=0-1", "If-Range: \"b\""],
            [200, .body(digits)]
        ),
        Case(
            "RFC 9110 13.1.5: If-Range with a weak tag",
            ["Range: bytes=0-1", "If-Range: W/\"a\""],
            [200, .body(digits)]
        ),
        Case(
            "RFC 9110 13.1.5: If-Range with its date",
            ["Range: bytes=0-1", "If-Range: \(modified)"],
            [206, .body("01")]
        ),
        Case(
            "RFC 9110 13.1.5: If-Range with a later date",
            ["Range: bytes=0-1", "If-Range: \(ago(1))"],
            [200, .body(digits)]
        ),
        Case("RFC 9110 13.1.5: If-Range without Range", ["If-Range: \"b\""], [200, .body(digits)]),
        Case(
            "RFC 9110 13.2.2: If-None-Match goes first",
            ["Range: bytes=0-1", "If-None-Match: \"a\""],
            [304, .body("")]
        ),
        Case(
            "RFC 9110 13.2.2: If-None-Match that fails",
            ["Range: bytes=0-1", "If-None-Match: \"b\""],
            [206, .body("01")]
        ),
        Case(
            "RFC 9110 14.2: ranges that overlap become one",
            ["Range: bytes=0-4,3-6"],
            [206, "Content-Range: bytes 0-6/10", .body("0123456")]
        ),
        Case(
            "RFC 9110 15.3.7: the fields of the whole",
            ["Range: bytes=0-1"],
            ["X-Own: 1", "ETag: \"a\"", "Cache-Control: max-age=60", .age(0...50)]
        ),
        Case("RFC 9110 14.3: a whole answer says that it could be cut", [], [200, "Accept-Ranges: bytes"]),
        Case(
            "RFC 9110 14.2: too many ranges",
            ["Range: bytes=" + (0..<40).map { "\($0 % 10)-\($0 % 10)" }.joined(separator: ",")],
            [.field("Cache-Status", has: "hit")]
        ),
    ]

    @Test("from what is stored whole, without the origin", arguments: ofStored)
    func stored(_ row: Case) async throws {
        try await play { stage in
            stage.origin("/a", fields: Self.fields, body: Self.digits)
            try await stage.get("/a").expect(.miss, .body(Self.digits))
            let answer = try await stage.get("/a", fields: row.request).expect(.hit)
            answer.message.check(row.expected, at: #_sourceLocation)
        }
    }

    @Test("RFC 9110 14.6: several ranges come as multipart/byteranges")
    func multipart() async throws {
        try await play { stage in
            let text = Texts.css(5000)
            stage.origin("/a", "Cache-Control: max-age=60", "Content-Type: text/plain", body: text)
            try await stage.get("/a").expect(.miss)
            let answer = try await stage.get("/a", "Range: bytes=0-1, -2").expect(206, .hit, .no("Content-Range"))
            let type = try #require(answer["Content-Type"])
            #expect(type.hasPrefix("multipart/byteranges; boundary="))
            let boundary = type.after("boundary=").replacing("\"", with: "")
            let count = text.utf8.count
            let parts = answer.text.split(separator: "--" + boundary).map(String.init)
            for (range, bytes) in [("0-1", text.prefix(2)), ("\(count - 2)-\(count - 1)", text.suffix(2))] {
                let part = parts.filter { $0.contains("Content-Range: bytes \(range)/\(count)\r\n") }
                #expect(part.count == 1 && part[0].hasSuffix("\r\n\r\n\(bytes)\r\n"), "\(answer.text)")
                #expect(part.allSatisfy { $0.lowercased().contains("content-type: text/plain\r\n") })
            }
            #expect(answer.text.hasSuffix("--\(boundary)--\r\n"))
        }
    }

    @Test("RFC 9110 14.2: only GET has ranges, and only a 200 is cut")
    func onlyGet() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", body: Self.digits)
            stage.origin("/no", .status(404, "Cache-Control: max-age=60", body: Self.digits))
            try await stage.get("/a").expect(.miss)
            try await stage.head("/a", "Range: bytes=0-1").expect(200, "Content-Length: 10")
            try await stage.get("/no").expect(404)
            try await stage.get("/no", "Range: bytes=0-1").expect(404, .hit, .body(Self.digits))
        }
    }

    @Test("a range of something unknown: the right bytes, and then the whole")
    func miss() async throws {
        try await play { stage in
            let body = TestBytes.pattern(50_000)
            stage.originServes("/a", body, "Cache-Control: max-age=60")
            try await stage.get("/a", "Range: bytes=1000-1999").expect(
                206,
                "Content-Range: bytes 1000-1999/50000",
                .bytes(body[1000..<2000])
            )
            try await stage.get("/a").expect(200, .bytes(body))
            try await stage.get("/a", "Range: bytes=-10").expect(206, .hit, .bytes(body.suffix(10)))
            #expect(stage.asked("/a") <= 2)
        }
    }

    @Test("RFC 9111 3.3: a stale entry is confirmed before it is cut")
    func stale() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=0", "ETag: \"a\"", body: Self.digits)
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a", "Range: bytes=2-3").expect(206, .validated, .body("23"))
        }
    }

    @Test("a range of a body that is still coming does not wait for the rest")
    func stillComing() async throws {
        try await play { stage in
            let held = Latch()
            let body = TestBytes.pattern(100_000)
            stage.origin(
                "/a",
                ScriptedAnswer.ok("Cache-Control: max-age=60", "ETag: \"a\"").withBody(body).holdingBody(
                    after: 50_000,
                    held
                )
            )
            let first = try await stage.crowd(1, "/a")[0]
            try await eventually("the first half") { first.bytesWaiting >= 50_000 }
            try await stage.get("/a", "Range: bytes=100-199").expect(206, .bytes(body[100..<200]))
            held.open()
            try await stage.answer(on: first).expect(200, .bytes(body))
            #expect(stage.asked("/a") == 1)
        }
    }

    @Test("ranges of a coded form are cut from that form, under its own tag (RFC 9110 14.2)")
    func coded() async throws {
        try await play { stage in
            let css = Texts.css(20_000)
            stage.origin("/a.css", "Cache-Control: max-age=60", "ETag: \"a\"", "Content-Type: text/css", body: css)
            let whole = try await stage.get("/a.css", "Accept-Encoding: br").expect(200, "Content-Encoding: br")
            let tag = try #require(whole["ETag"])
            let part = try await stage.get("/a.css", "Accept-Encoding: br", "Range: bytes=10-29", "If-Range: \(tag)")
                .expect(206)
            part.expect("Content-Encoding: br", "ETag: \(tag)", .bytes(whole.bytes[10..<30]))
            try await stage.get("/a.css", "Range: bytes=10-29").expect(
                206,
                .no("Content-Encoding"),
                .bytes(Array(css.utf8)[10..<30])
            )
            try await stage.get("/a.css", "Range: bytes=10-29", "If-Range: \"b\"").expect(200, .body(css))
        }
    }
}
