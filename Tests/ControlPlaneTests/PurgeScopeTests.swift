import Testing

@testable import ControlPlane

@Suite struct PurgeScopeTests {
    @Test(arguments: [
        ("http://Example.COM/app.css", PurgeScope.url(host: "example.com", path: "/app.css", query: nil)),
        ("https://example.com:8443/a/../b/%7euser?x=%2f", .url(host: "example.com", path: "/b/~user", query: "x=%2F")),
        ("example.com/a.js", .url(host: "example.com", path: "/a.js", query: nil)),
        ("http://example.com", .url(host: "example.com", path: "/", query: nil)),
        ("http://example.com?q", .url(host: "example.com", path: "/", query: "q")),
        ("http://example.com/p?", .url(host: "example.com", path: "/p", query: "")),
        ("http://example.com/p#top", .url(host: "example.com", path: "/p", query: nil)),
        ("http://127.0.0.1:8080/app.css", .url(host: "127.0.0.1", path: "/app.css", query: nil)),
        ("http://[::1]:8080/x", .url(host: "[::1]", path: "/x", query: nil)),
        ("http://example.com/two words/ü", .url(host: "example.com", path: "/two%20words/%C3%BC", query: nil)),
        (
            "http://example.com/to?u=http://other.example/x",
            .url(host: "example.com", path: "/to", query: "u=http://other.example/x")
        ),
    ])
    func aURLNamesHostPathAndPerhapsQuery(text: String, expected: PurgeScope) throws {
        #expect(try PurgeScope(url: text) == expected)
    }

    @Test(arguments: [
        "", "/app.css", "http:///app.css", "ftp://example.com/x", "http://user@example.com/x", "http://example.com/%zz",
        "http://exa mple.com/", "http://example.com:99999/", "http://example.com/\u{7}", "http://example.com/%00",
    ])
    func whatIsNoPurgeURLIsRefused(text: String) {
        let error = #expect(throws: PurgeScopeError.self) { try PurgeScope(url: text) }
        #expect(error?.description.contains("http://HOST/PATH") == true)
    }

    @Test func aURLLongerThanTheLimitIsRefused() {
        let text = "http://example.com/" + String(repeating: "a", count: ControlFieldLimits.urlBytes)
        #expect(throws: PurgeScopeError.self) { try PurgeScope(url: text) }
    }

    @Test func aPrefixIsOneOfThePathAndMayEndWithAStar() throws {
        #expect(try PurgeScope(prefix: "http://e.example/assets/*") == .prefix(host: "e.example", path: "/assets/"))
        #expect(try PurgeScope(prefix: "http://e.example/assets/") == .prefix(host: "e.example", path: "/assets/"))
        #expect(try PurgeScope(prefix: "http://e.example/app-") == .prefix(host: "e.example", path: "/app-"))
        #expect(try PurgeScope(prefix: "http://e.example") == .prefix(host: "e.example", path: "/"))
        #expect(throws: PurgeScopeError.self) { try PurgeScope(prefix: "http://e.example/a?b=") }
        #expect(throws: PurgeScopeError.self) { try PurgeScope(prefix: "/assets/") }
    }

    @Test func aSiteIsAHostOrAURL() throws {
        #expect(try PurgeScope(site: "E.example") == .site(host: "e.example"))
        #expect(try PurgeScope(site: "http://e.example:8080/") == .site(host: "e.example"))
        #expect(throws: PurgeScopeError.self) { try PurgeScope(site: "two hosts") }
    }

    @Test(arguments: ["", "two words", "a,b", "ü", "line\n", String(repeating: "t", count: 257)])
    func aTagThatNoHeaderCanCarryIsRefused(tag: String) {
        #expect(throws: PurgeScopeError.self) { try PurgeScope(tag: tag, site: nil) }
    }

    @Test func scopesAreReadFromAndWrittenAsJSON() throws {
        let json = """
            [{"url":"http://E.example/a"},{"prefix":"http://e.example/b/*"},{"tag":"t"},{"site":"e.example","tag":"t"},\
            {"site":"e.example"},{"all":true},{"url":"http://e.example/a?b"}]
            """
        let scopes = try ControlJSON.decode([PurgeScope].self, from: json.utf8)
        #expect(scopes.count == 7)
        let text = String(decoding: try ControlJSON.encode(scopes), as: UTF8.self)
        #expect(text == json.replacing("E.example", with: "e.example").replacing("*", with: ""))
        #expect(try ControlJSON.decode([PurgeScope].self, from: text.utf8) == scopes)
    }

    @Test(arguments: [
        (#"{"scopes":[{"url":"/x"}]}"#, #""/x" is not a purge URL; expected http://HOST/PATH at scopes[0]."#),
        (#"{"scopes":[{}]}"#, "A scope has the keys []; expected url, prefix, tag, site or all at scopes[0]."),
        (
            #"{"scopes":[{"all":true},{"foo":1}]}"#,
            "A scope has the keys [foo]; expected url, prefix, tag, site or all at scopes[1]."
        ),
        (#"{"scopes":[{"all":false}]}"#, #"A scope says "all": false at scopes[0]."#),
        (#"{"scopes":[{"url":7}]}"#, "The JSON has a wrong type at scopes[0].url: expected String."),
        ("{}", #"The JSON lacks "scopes"."#),
        ("nonsense", "The body is not valid JSON."),
    ])
    func whatIsWrongInAPurgeIsSaidInOneSentence(json: String, sentence: String) {
        let error = #expect(throws: DecodingError.self) {
            try ControlJSON.decode(ControlAPI.PurgeRequest.self, from: json.utf8)
        }
        #expect(error.map { ControlJSON.sentence(for: $0) } == sentence)
    }
}
