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
        (
            "redirect_https: 1", "e:5:21: found \"1\", expected true or false"
        ),
        ("cors: font", "e:5:11: found \"font\", expected none, fonts or all (did you mean fonts?)"),
        ("add_headers: [A]", "e:5:18: found a list, expected a mapping, each key the name of a header field, "),
        ("add_headers: { A b: c }", "e:5:20: found \"A b\", expected the name of a header field, not one of the edge"),
        ("add_headers: { content-LENGTH: 5 }", "e:5:20: found \"content-LENGTH\", expected the name of"),
        ("add_headers: { Transfer-Encoding: x }", "e:5:20: found \"Transfer-Encoding\", expected the name of"),
        ("add_headers: { Via: x }", "e:5:20: found \"Via\", expected the name of a header field, not one of the edge"),
        ("add_headers: { Cache-Status: x }", "e:5:20: found \"Cache-Status\", expected the name of"),
        ("add_headers: { Set-Cookie: x }", "e:5:20: found \"Set-Cookie\", expected the name of"),
        ("add_headers: { ETag: x }", "e:5:20: found \"ETag\", expected the name of"),
        (
            "add_headers: { A: \"b\\r\\nC: d\" }",
            "e:5:23: found \"b\\u{D}\\nC: d\", expected a text of at most 4096 bytes without control characters",
        ),
        ("add_headers: { A: \" b\" }", "e:5:23: found \" b\", expected a text of at most 4096 bytes"),
        ("add_headers: { A: }", "e:5:23: found nothing, expected a text of at most 4096 bytes"),
        (
            "add_headers: { X-A: b, x-a: c }",
            "e:5:28: found the field x-a a second time, expected every field once, added or removed; one that is added replaces the origin's (the first is on line 5)",
        ),
        ("remove_headers: [Date]", "e:5:22: found \"Date\", expected the name of a header field, not one of the edge"),
        ("remove_headers: [Content-Type]", "e:5:22: found \"Content-Type\", expected the name of a header field"),
        ("remove_headers: Server", "e:5:21: found \"Server\", expected a list, each entry the name of a header field"),
        (
            "rules: [{ default_ttl: 1h }]",
            "e:5:13: found no `match`, expected a pattern that begins with a slash, such as /assets/**, or one of a file's name, such as *.woff2",
        ),
        (
            "rules: [{ match: a/b, force_ttl: 1h }]",
            "e:5:22: found \"a/b\", expected a pattern that begins with a slash"
        ),
        ("rules: [{ match: '/a#b', force_ttl: 1h }]", "e:5:22: found \"/a#b\", expected a pattern that begins with"),
        (
            "rules: [{ match: /a }]",
            "e:5:13: found a rule that says nothing, expected `default_ttl`, `force_ttl`, `add_headers` or `remove_headers` beside `match`",
        ),
        (
            "rules: [{ match: /a, default_ttl: 1m, force_ttl: 1h }]",
            "e:5:39: found `default_ttl` beside `force_ttl`, expected one of them",
        ),
        (
            "rules: [{ match: /a, force_ttl: 1h }, { match: /a, force_ttl: 2h }]",
            "e:5:52: found the pattern \"/a\" a second time, expected every pattern once: the first rule that matches decides (the first is on line 5)",
        ),
        (
            "rules: [{ match: /**, force_ttl: 1h }, { match: /a, force_ttl: 2h }]",
            "e:5:53: found a rule that no request reaches, expected rules for some paths before those for all (/** on line 5 matches every path)",
        ),
        (
            "rules: [{ match: /a, ttl: 1h }]",
            "e:5:26: found an unknown key \"ttl\", expected one of `match`, `default_ttl`, `force_ttl`, `add_headers`, `remove_headers`",
        ),
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
        #expect(Self.problems("remove_headers: [ETag, Set-Cookie, X-A]", bucket: false).isEmpty)
        #expect(Self.problems("add_headers: { A: \"caf\u{e9}\\t1\" }", bucket: false).isEmpty)
        #expect(Self.problems("rules: [{ match: /a?b, force_ttl: 0s }]", bucket: true).isEmpty)
    }

    @Test func rulesArrive() throws {
        let settings = try EdgeSettings.parse(
            """
            listen: [{ address: 0.0.0.0:8080 }]
            sites:
              - hosts: ["*"]
                origin: { type: s3, endpoint: "http://127.0.0.1:9000", bucket: b }
                redirect_https: true
                security_headers: true
                cors: all
                add_headers: { X-A: "1, 2", x-b: c }
                remove_headers: [Server]
                rules:
                  - match: /assets/*
                    default_ttl: 1h
                  - match: "*.js"
                    force_ttl: 365d
                    add_headers: { Cache-Control: public }
                    remove_headers: [X-A]
            """
        )
        let site = settings.sites[0]
        #expect(site.redirectsToHTTPS && site.securityHeaders && site.cors == .all)
        #expect(
            site.headers
                == HeaderChanges(
                    add: [HeaderField(name: "X-A", value: "1, 2"), HeaderField(name: "x-b", value: "c")],
                    remove: ["Server"]
                )
        )
        #expect(
            site.rules == [
                PathRuleSettings(match: "/assets/*", defaultTTL: .hours(1)),
                PathRuleSettings(
                    match: "*.js",
                    forceTTL: .days(365),
                    headers: HeaderChanges(add: [HeaderField(name: "Cache-Control", value: "public")], remove: ["X-A"])
                ),
            ]
        )
        let plain = SiteSettings(hosts: [.any], origin: site.origin)
        #expect(plain.cors == .fonts && plain.rules.isEmpty && plain.headers.isEmpty && !plain.securityHeaders)
    }

    @Test func exampleOfTheOperationsPageIsRight() throws {
        let page = FileReader.folder(of: ConfigFilesTests.folder) + "/docs/operations.md"
        let text = String(decoding: try FileReader.read(page), as: UTF8.self)
        let section = try #require(text.split(separator: "## Rules of a site\n").last)
        let example = try #require(
            section.split(separator: "```yaml\n").dropFirst().first?.split(separator: "```").first
        )
        let settings = try EdgeSettings.parse("listen: [{ address: 0.0.0.0:8080 }]\n" + example)
        #expect(settings.sites[0].rules.map(\.match) == ["*.html", "/assets/**", "/fonts/*.woff2"])
    }

    @Test func boundsOnWhatTheWriterNames() {
        let many = (0...SettingsLimits.mapEntries).map { "X-\($0): a" }.joined(separator: ", ")
        #expect(
            Self.problems("add_headers: { \(many) }", bucket: false) == [
                "e:5:18: found 51 entries, expected at most 50"
            ]
        )
        let names = (0...SettingsLimits.queryNames).map { "v\($0)" }.joined(separator: ", ")
        #expect(Self.problems("query: [\(names)]", bucket: false) == ["e:5:12: found 65 entries, expected at most 64"])
        let rules = (0...SettingsLimits.pathRules).map { "{ match: /\($0), force_ttl: 1s }" }.joined(separator: ", ")
        #expect(
            Self.problems("rules: [\(rules)]", bucket: false) == ["e:5:12: found 201 entries, expected at most 200"]
        )
        let long = String(repeating: "a", count: 4097)
        #expect(Self.problems("add_headers: { A: \(long) }", bucket: false).count == 1)
        #expect(Self.problems("rules: [{ match: /\(long), force_ttl: 1s }]", bucket: false).count == 1)
    }
}
