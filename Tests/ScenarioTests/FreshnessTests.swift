import TestSupport
import Testing

@Suite("RFC 9111 4.2: freshness and age")
struct FreshnessTests {
    static let lifetimes = [
        Row("RFC 9111 4.2.1: max-age is a lifetime", ["Cache-Control: max-age=60"], .hit, .body("answer 1")),
        Row("RFC 9111 4.2.1: s-maxage goes before max-age", ["Cache-Control: max-age=0, s-maxage=60"], .hit),
        Row("RFC 9111 4.2.1: s-maxage=0 goes before max-age, too", ["Cache-Control: s-maxage=0, max-age=60"], .fetched),
        Row(
            "RFC 9111 4.2.1: max-age goes before Expires",
            ["Cache-Control: max-age=60", "Expires: \(ago(100))"],
            .hit
        ),
        Row(
            "RFC 9111 4.2.1: max-age=0 goes before Expires",
            ["Cache-Control: max-age=0", "Expires: \(ahead(100_000))"],
            .fetched
        ),
        Row("RFC 9111 4.2.1: Expires minus Date is a lifetime", ["Expires: \(ahead(100_000))"], .hit),
        Row(
            "RFC 9111 4.2.1: Expires counts from the origin's Date, not from our clock",
            ["Date: \(ahead(1000))", "Expires: \(ahead(1100))"],
            .hit
        ),
        Row(
            "RFC 9111 4.2.1: a lifetime that is as old as Date says is over",
            ["Date: \(ago(200))", "Expires: \(ago(100))"],
            .fetched
        ),
        Row("RFC 9111 4.2.1: the longest lifetime there is", ["Cache-Control: max-age=99999999999999999999"], .hit),
        Row("RFC 9111 1.2.2: 2^31 seconds and more are the same", ["Cache-Control: max-age=2147483648"], .hit),
        Row("RFC 9111 4.2: neither lifetime nor validator: not reused", [], .fetched, .body("answer 2")),
        Row("RFC 9111 4.2: a lifetime of 0 is over at once", ["Cache-Control: max-age=0"], .fetched),
    ]

    static let ages = [
        Row("RFC 9111 4.2.3: Age below the lifetime", ["Cache-Control: max-age=60", "Age: 20"], .hit, .age(20...59)),
        Row("RFC 9111 4.2.3: Age of the lifetime", ["Cache-Control: max-age=60", "Age: 60"], .fetched),
        Row("RFC 9111 4.2.3: Age above the lifetime", ["Cache-Control: max-age=60", "Age: 7200"], .fetched),
        Row(
            "RFC 9111 4.2.3: an old Date makes an old response",
            ["Cache-Control: max-age=60", "Date: \(ago(100))"],
            .fetched
        ),
        Row(
            "RFC 9111 4.2.3: an old Date shows in Age",
            ["Cache-Control: max-age=600", "Date: \(ago(100))"],
            .hit,
            .age(100...590)
        ),
        Row(
            "RFC 9111 4.2.3: the greater of Age and apparent age",
            ["Cache-Control: max-age=600", "Date: \(ago(50))", "Age: 300"],
            .hit,
            .age(300...590)
        ),
        Row(
            "RFC 9111 4.2.3: a Date in the future makes nothing younger than it is",
            ["Cache-Control: max-age=60", "Date: \(ahead(500))", "Age: 61"],
            .fetched
        ),
        Row("RFC 9111 5.1: Age of 2^31 is stale", ["Cache-Control: max-age=60", "Age: 2147483648"], .fetched),
        Row(
            "RFC 9111 5.1: an Age too large for any integer is stale",
            ["Cache-Control: max-age=60", "Age: 99999999999999999999999"],
            .fetched
        ),
        Row("RFC 9111 5.1: a negative Age is ignored", ["Cache-Control: max-age=60", "Age: -7200"], .hit),
        Row("RFC 9111 5.1: a fraction is no Age", ["Cache-Control: max-age=60", "Age: 7200.0"], .hit),
        Row("RFC 9111 5.1: words are no Age", ["Cache-Control: max-age=60", "Age: abc"], .hit),
        Row("RFC 9111 5.1: the first member of a list counts", ["Cache-Control: max-age=60", "Age: 0, old"], .hit),
        Row("RFC 9111 5.1: the first of two lines", ["Cache-Control: max-age=60", "Age: 0", "Age: 0"], .hit),
        Row("RFC 9111 5.1: two old lines", ["Cache-Control: max-age=60", "Age: 7200", "Age: 7200"], .fetched),
    ]

    static let dates = [
        Row("RFC 9110 5.6.7: asctime", ["Expires: Thu Aug 18 02:01:18 2050"], .hit),
        Row("RFC 9110 5.6.7: a lower-case day", ["Expires: thu, 18 Aug 2050 02:01:18 GMT"], .hit),
        Row("RFC 9110 5.6.7: RFC 850", ["Expires: Thursday, 18-Aug-50 02:01:18 GMT"], .hit),
        Row("RFC 9110 5.6.7: the end of 32 bits", ["Expires: Tue, 19 Jan 2038 14:14:08 GMT"], .hit),
        Row("RFC 9110 5.6.7: far beyond 32 bits", ["Expires: Sun, 21 Nov 2286 04:46:39 GMT"], .hit),
        Row("RFC 9111 5.3: 0 is the past", ["Expires: 0"], .fetched),
        Row("RFC 9111 5.3: UTC is no GMT", ["Expires: Thu, 18 Aug 2050 02:01:18 UTC"], .fetched),
        Row("RFC 9111 5.3: nor is AEST", ["Expires: Thu, 18 Aug 2050 02:01:18 AEST"], .fetched),
        Row("RFC 9111 5.3: a year of two digits", ["Expires: Thu, 18 Aug 50 02:01:18 GMT"], .fetched),
        Row("RFC 9111 5.3: no comma", ["Expires: Thu 18 Aug 2050 02:01:18 GMT"], .fetched),
        Row("RFC 9111 5.3: dashes", ["Expires: Thu, 18-Aug-2050 02:01:18 GMT"], .fetched),
        Row("RFC 9111 5.3: periods in the time", ["Expires: Thu, 18 Aug 2050 02.01.18 GMT"], .fetched),
        Row("RFC 9111 5.3: an hour of one digit", ["Expires: Thu, 18 Aug 2050 2:01:18 GMT"], .fetched),
        Row("RFC 9111 5.3: two spaces", ["Expires: Thu, 18  Aug 2050 02:01:18 GMT"], .fetched),
        Row(
            "RFC 9111 5.3: two lines that disagree",
            ["Expires: \(ago(100))", "Expires: \(ahead(100_000))"],
            .fetched
        ),
    ]

    static let heuristics = [
        Row(
            "RFC 9111 4.2.2: a tenth of the time since it was modified",
            ["Last-Modified: \(ago(1_000_000))"],
            .hit,
            .body("answer 1")
        ),
        Row(
            "RFC 9111 4.2.2: modified after it was sent: no time at all",
            ["Last-Modified: \(ahead(100_000))"],
            .fetched
        ),
        Row(
            "RFC 9111 4.2.2: an explicit lifetime forbids the guess",
            ["Last-Modified: \(ago(1_000_000))", "Cache-Control: max-age=0"],
            .validated
        ),
        Row(
            "RFC 9111 5.3: so does an Expires that is no date",
            ["Last-Modified: \(ago(1_000_000))", "Expires: soon"],
            .validated
        ),
        Row("RFC 9111 4.2.2: an ETag alone gives no lifetime", ["ETag: \"a\""], .validated),
        Row(
            "RFC 9111 4.2.2: `public` permits it for any status",
            ["Last-Modified: \(ago(1_000_000))", "Cache-Control: public"],
            status: 201,
            .hit
        ),
    ]

    @Test("the second request after one answer", arguments: lifetimes + ages)
    func lifetime(_ row: Row) async throws { try await row.play() }

    @Test("dates of Expires", arguments: dates)
    func expires(_ row: Row) async throws { try await row.play() }

    @Test("lifetimes that nobody has given", arguments: heuristics)
    func heuristic(_ row: Row) async throws { try await row.play() }

    @Test(
        "RFC 9110 15.1: statuses that may be kept by a guess",
        arguments: [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]
    )
    func guessed(_ status: Int) async throws {
        try await Row("", ["Last-Modified: \(ago(1_000_000))"], status: status, .hit, .status(status)).play()
    }

    @Test(
        "RFC 9110 15.1: statuses that may not",
        arguments: [201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 299, 599]
    )
    func notGuessed(_ status: Int) async throws {
        try await Row("", ["Last-Modified: \(ago(1_000_000))"], status: status, .fetched, .status(status)).play()
    }

    @Test(
        "RFC 9111 3: a final status with an explicit lifetime is kept, known or not",
        arguments: [200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 403, 404, 410, 418, 499, 500, 502, 503, 504, 599]
    )
    func explicit(_ status: Int) async throws {
        try await Row("", ["Cache-Control: max-age=60"], status: status, .hit, .status(status)).play()
        try await Row("", ["Cache-Control: max-age=60", "Age: 61"], status: status, .fetched).play()
    }

    @Test("RFC 9111 4.2: what was fresh goes stale as time passes")
    func aging() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", "Age: 58")
            try await stage.get("/a").expect(.miss, "Age: 58")
            try await stage.get("/a").expect(.hit, .age(58...59))
            try await eventually("the end of its lifetime") { try await !stage.get("/a").isHit }
        }
    }

    @Test("RFC 9111 5.1, RFC 9110 6.6.1: a hit has an Age that grows, and the origin's Date and Expires")
    func ageOfAHit() async throws {
        try await play { stage in
            let expires = ahead(3600)
            stage.origin("/a", "Expires: \(expires)")
            let date = try #require(try await stage.get("/a").expect(.miss, .no("Age"))["Date"])
            try await stage.get("/a").expect(.hit, .age(0...30), "Date: \(date)", "Expires: \(expires)")
            try await eventually("an Age above 0") { try await stage.get("/a")["Age"] != "0" }
            try await stage.get("/a").expect(.hit, .age(1...30), "Date: \(date)", "Expires: \(expires)")
        }
    }

    @Test("RFC 9111 4.2.3: a slow origin's answer has aged on its way")
    func delay() async throws {
        try await play { stage in
            let slow = Latch()
            stage.origin("/a", .ok("Cache-Control: max-age=60").holdingHead(slow))
            let client = try await stage.crowd(1, "/a")
            try await eventually("the question") { stage.asked("/a") == 1 }
            let asked = ago(0)
            try await eventually("another second, and one more") {
                ago(2) >= asked && ago(0) != asked && ago(1) != asked
            }
            slow.open()
            _ = try await stage.answers(client)
            try await stage.get("/a").expect(.hit, .age(1...30))
        }
    }

    @Test("RFC 9110 6.6.1: an origin without a clock: Date is that of the answer's arrival, and stays")
    func withoutDate() async throws {
        try await play { stage in
            stage.origin("/a", .ok("Cache-Control: max-age=60"))
            let date = try #require(try await stage.get("/a").expect(.miss)["Date"])
            try await eventually("another second") { ago(0) != date }
            try await stage.get("/a").expect(.hit, "Date: \(date)")
        }
    }
}
