import TestSupport
import Testing

@Suite("RFC 9111 5.2.1 and 5.4: directives of requests")
struct RequestDirectiveTests {
    private static let aged = ["Cache-Control: max-age=600", "Age: 100"]
    private static let stale = ["Cache-Control: max-age=60", "Age: 100"]

    private static func asking(_ directives: String) -> [String] { ["Cache-Control: \(directives)"] }

    static let rows = [
        Row("RFC 9111 5.2.1.1: max-age=0", aged, second: asking("max-age=0"), .fetched),
        Row(
            "RFC 9111 5.2.1.1: max-age below the age",
            aged,
            second: asking("max-age=50"),
            .fetched,
            .forwarded("request")
        ),
        Row("RFC 9111 5.2.1.1: max-age above the age", aged, second: asking("max-age=500"), .hit),
        Row("RFC 9111 5.2.1.2: max-stale", stale, second: asking("max-stale"), 200, .stale, .body("answer 1")),
        Row(
            "RFC 9111 5.2.1.2: max-stale with enough seconds",
            stale,
            second: asking("max-stale=500"),
            .stale,
            .body("answer 1")
        ),
        Row("RFC 9111 5.2.1.2: max-stale with too few seconds", stale, second: asking("max-stale=10"), .fetched),
        Row(
            "RFC 9111 5.2.1.2: max-stale against must-revalidate",
            ["Cache-Control: max-age=60, must-revalidate", "Age: 100"],
            second: asking("max-stale=500"),
            .fetched
        ),
        Row("RFC 9111 5.2.1.3: min-fresh below what is left", aged, second: asking("min-fresh=100"), .hit),
        Row("RFC 9111 5.2.1.3: min-fresh above what is left", aged, second: asking("min-fresh=550"), .fetched),
        Row("RFC 9111 5.2.1.4: no-cache", aged, second: asking("no-cache"), .fetched, .body("answer 2")),
        Row(
            "RFC 9111 5.2.1.4: no-cache is answered by validation",
            ["Cache-Control: max-age=600", "ETag: \"a\""],
            second: asking("no-cache"),
            .validated,
            .body("answer 1")
        ),
        Row(
            "RFC 9111 5.2.1.4: no-cache, validated by date",
            ["Cache-Control: max-age=600", "Last-Modified: \(ago(5000))"],
            second: asking("no-cache"),
            .validated
        ),
        Row("RFC 9111 5.2.1.5: no-store takes what is stored", aged, second: asking("no-store"), .hit),
        Row("RFC 9111 5.2.1.7: only-if-cached with something stored", aged, second: asking("only-if-cached"), .hit),
        Row("RFC 9111 5.2.1.7: only-if-cached with something stale", stale, second: asking("only-if-cached"), 504),
        Row("RFC 9111 5.4: Pragma: no-cache", aged, second: ["Pragma: no-cache"], .fetched),
        Row(
            "RFC 9111 5.4: Pragma yields to Cache-Control",
            aged,
            second: ["Pragma: no-cache", "Cache-Control: max-age=500"],
            .hit
        ),
        Row("RFC 9111 5.4: another Pragma", aged, second: ["Pragma: foo"], .hit),
        Row("RFC 9111 5.2.3: an unknown directive", aged, second: asking("nothing-to-see-here"), .hit),
    ]

    @Test("a stored answer and what the second request says", arguments: rows)
    func row(_ row: Row) async throws { try await row.play() }

    @Test("RFC 9111 5.2.1.7: only-if-cached with nothing stored: 504, and the origin hears nothing")
    func onlyIfCached() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a", "Cache-Control: only-if-cached").expect(504)
            #expect(stage.asked("/a") == 0)
        }
    }

    @Test("RFC 9111 5.2.1: a bucket's site honours only-if-cached alone", arguments: ["no-cache", "max-age=0"])
    func bucket(_ directive: String) async throws {
        try await play(.bucket) { stage in
            stage.origin("/a", "ETag: \"a\"")
            try await stage.get("/a", "Cache-Control: only-if-cached").expect(504)
            try await stage.get("/a").expect(.miss, .stored)
            try await stage.get("/a", "Cache-Control: \(directive)", "Pragma: no-cache").expect(.hit)
            try await stage.get("/a", "Cache-Control: only-if-cached").expect(.hit)
        }
    }

    @Test("RFC 9111 5.2.1: where a site does not honour them", arguments: ["no-cache", "max-age=0", "min-fresh=1000"])
    func notHonoured(_ directive: String) async throws {
        try await play(site: "honour_request_directives: false") { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a", "Cache-Control: \(directive)").expect(.hit)
            try await stage.get("/b", "Cache-Control: only-if-cached").expect(504)
        }
    }
}
