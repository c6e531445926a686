import Testing

@testable import Settings

/// What is said about a site's own settings when they are wrong.
@Suite struct SiteSettingsTests {
    /// Problems of a file whose last line is `line`, on line 5 and indented by 4, in a site with this origin.
    static func problems(_ line: String, bucket: Bool) -> [String] {
        let origin =
            bucket
            ? "{ type: s3, endpoint: \"http://127.0.0.1:9000\", bucket: b }"
            : "{ type: http, url: \"http://127.0.0.1\" }"
        return SettingsProblemTests.problems(
            """
            listen: [{ address: 0.0.0.0:8080 }]
            sites:
              - hosts: ["*"]
                origin: \(origin)
                \(line)
            """
        )
    }

    static let words = "all, exact, none, or a list, each entry the name of a query parameter, without & and ="

    @Test(arguments: [
        ("query: some", "e:5:12: found \"some\", expected \(words) (a list of one is written [\"some\"])"),
        ("query:", "e:5:11: found nothing, expected \(words) (leave out `query` for the default)"),
        ("query: { v: 1 }", "e:5:12: found a mapping, expected \(words)"),
        ("query: [v, a&b]", "e:5:16: found \"a&b\", expected the name of a query parameter, without & and ="),
        (
            "verify: md5",
            "e:5:13: found `verify: md5` for an HTTP origin, expected it only beside `type: s3` (only buckets make MD5 their entity tags)"
        ),
        ("verify: md4", "e:5:13: found \"md4\", expected auto or md5 (did you mean md5?)"),
        (
            "error_documents: { 404: /404.html, 303: /x, 4xx: x, 50x: /y }",
            "e:5:40: found \"303\", expected a status from 400 to 599, or 4xx or 5xx",
        ),
        ("error_documents: { 4xx: x }", "e:5:29: found \"x\", expected a path such as /404.html, without a query"),
        ("error_documents: { 404: [a] }", "e:5:29: found a list, expected a path such as /404.html, without a query"),
        (
            "error_documents: /404.html",
            "e:5:22: found \"/404.html\", expected a mapping, each key a status from 400 to 599, or 4xx or 5xx, each value a path such as /404.html, without a query",
        ),
        ("error_documents: { 404: /a, 404: /b }", "e:5:33: found a second \"404\", expected every key once"),
        ("negative_ttl: 2d", "e:5:19: found \"2d\", expected a time from 0s to 1d, such as 30s, 5m, 1h or 7d"),
    ])
    func ofAnHTTPSite(line: String, problem: String) {
        let found = Self.problems(line, bucket: false)
        #expect(found.first.map { $0.hasPrefix(problem) } ?? false, "\(found)")
    }

    @Test(arguments: [
        (
            "query: all",
            "e:5:12: found `query` for a bucket, expected it only beside `type: http`, or none (an object of a bucket is named by its key alone)"
        )
    ])
    func ofABucket(line: String, problem: String) {
        #expect(Self.problems(line, bucket: true) == [problem])
    }

    @Test func whatIsRight() {
        #expect(Self.problems("query: none", bucket: true).isEmpty)
        #expect(Self.problems("verify: auto", bucket: false).isEmpty)
        #expect(Self.problems("error_documents: {}", bucket: false).isEmpty)
        #expect(Self.problems("query: []", bucket: false).isEmpty)
    }
}
