import CachingRules
import HTTPWire
import TestSupport
import Testing

/// Variants (RFC 9110, section 12.5.5; RFC 9111, section 4.1).
@Suite struct VaryTests {
    private func selector(_ vary: String, _ request: [(String, String)]) -> VarySelector {
        VarySelector(response: fields([("Vary", vary)]), request: fields(request), acceptEncoding: true)
    }

    /// Whether a response to the first request may answer the second.
    private func matches(_ vary: String, _ one: [(String, String)], _ other: [(String, String)]) -> Bool {
        let stored = selector(vary, one)
        let isMatch = stored.matches(fields(other))
        #expect(isMatch == (stored == selector(vary, other)))
        #expect(isMatch == (stored == stored.like(fields(other))))
        #expect(stored.matches(fields(one)))
        return isMatch
    }

    @Test("RFC 9110, 12.5.5: names in any case, several lines, empty members")
    func names() {
        let response = fields([("Vary", "Foo , bar,, "), ("vary", "FOO, ,Accept-Encoding\t,x-y")])
        #expect(Vary.names(response) == ["accept-encoding", "bar", "foo", "x-y"])
        #expect(Vary.names(response, acceptEncoding: false) == ["bar", "foo", "x-y"])
        #expect(Vary.names(fields([])).isEmpty)
        #expect(Vary.names(fields([("Vary", " , ")])).isEmpty)
    }

    @Test("RFC 9111, 4.1: * fits no other request; neither does what is no name")
    func star() {
        for value in ["*", " , *", "Foo, *", "*, *", "*,Foo", "* ", "foo bar", "foo;q=1", "\"foo\"", "f\u{FC}"] {
            #expect(Vary.isStar(fields([("Vary", value)])), "\(value)")
        }
        #expect(Vary.isStar(fields([("Vary", "foo"), ("Vary", ", *")])))
        for value in ["", ",", "foo", "foo, bar", "**"] {
            #expect(!Vary.isStar(fields([("Vary", value)])), "\(value)")
        }
        #expect(!Vary.isStar(fields([])))
    }

    @Test("RFC 9111, 4.1: one field")
    func one() {
        #expect(matches("Foo", [("Foo", "1")], [("foo", "1"), ("Bar", "2")]))
        #expect(!matches("Foo", [("Foo", "1")], [("Foo", "2")]))
        #expect(!matches("Foo", [("Foo", "1")], []))
        #expect(!matches("Foo", [], [("Foo", "1")]))
        #expect(!matches("Foo", [], [("Foo", "")]))
        #expect(!matches("Foo", [("Foo", "1")], [("Foo", "11")]))
        #expect(!matches("Foo", [("Foo", "11")], [("Foo", "1")]))
        #expect(!matches("Foo", [("Foo", "a b")], [("Foo", "ab")]))
        #expect(!matches("Foo", [("Foo", "A")], [("Foo", "a")]))
        #expect(!matches("Foo", [("Foo", "1")], [("Fop", "1")]))
        #expect(matches("Foo", [], [("Bar", "2")]))
        #expect(matches("", [("Foo", "1")], [("Foo", "2")]))
        #expect(matches("User-Agent", [("User-Agent", "a")], [("user-agent", "a")]))
    }

    @Test("RFC 9111, 4.1: two and three fields")
    func several() {
        let all = [("Foo", "1"), ("Bar", "abc"), ("Baz", "789")]
        #expect(matches("Foo, Bar, Baz", all, all.reversed()))
        #expect(!matches("Foo, Bar, Baz", all, [("Foo", "1"), ("Bar", "abd"), ("Baz", "789")]))
        #expect(!matches("Foo, Bar, Baz", all, [("Foo", "1"), ("Baz", "789")]))
        #expect(!matches("Foo, Bar", [("Foo", "1"), ("Bar", "abc")], [("Foo", "1")]))
        #expect(!matches("Foo, Bar", [("Foo", "1")], [("Bar", "1")]))
        #expect(matches("Foo, Bar, Baz", [("Foo", "1"), ("Baz", "789")], [("Foo", "1"), ("Baz", "789")]))
        #expect(matches("Foo, Bar", [("Foo", "1"), ("Bar", "2")], [("Bar", "2"), ("Foo", "1"), ("Baz", "3")]))
    }

    @Test("RFC 9111, 4.1: blanks that mean nothing, lines that are combined")
    func normalised() {
        #expect(matches("Foo", [("Foo", "1,2")], [("Foo", " 1 ,\t2 ")]))
        #expect(matches("Foo", [("Foo", "1, 2")], [("Foo", "1"), ("Bar", "x"), ("FOO", "2")]))
        #expect(!matches("Foo", [("Foo", "1,2")], [("Foo", "2,1")]))
        #expect(!matches("Foo", [("Foo", "1,2")], [("Foo", "1,2,2")]))
        #expect(!matches("Foo", [("Foo", "1")], [("Foo", "1"), ("Foo", "")]))
        #expect(!matches("Foo", [("Foo", "\"a, b\"")], [("Foo", "\"a,b\"")]))
        #expect(matches("Foo", [("Foo", "\"a, b\" ,c")], [("Foo", "\"a, b\",  c")]))
        #expect(matches("Foo", [("Foo", "\"a , b")], [("Foo", "\"a,b")]))
        #expect(!matches("User-Agent", [("User-Agent", "a, b")], [("User-Agent", "a,b")]))
        #expect(!matches("Cookie", [("Cookie", "a=1, 2")], [("Cookie", "a=1,2")]))
    }

    @Test("RFC 9110, 12.5.4: neither case nor order matters in Accept-Language, weights do")
    func languages() {
        func same(_ one: String, _ other: String, name: String = "Accept-Language") -> Bool {
            matches(name, [(name, one)], [(name, other)])
        }
        #expect(same("en, de", "de, en"))
        #expect(same("en, de", "de,EN"))
        #expect(same("en, de, en", "de, , en"))
        #expect(same("en;q=0.5, de", "de, en ; Q=0.5"))
        #expect(!same("en, de", "de"))
        #expect(!same("en, de", "de, en-GB"))
        #expect(!same("en, de", "de, en;q=0.5"))
        #expect(!same("en, de", "fr;q=0.5, de;q=1.0"))
        #expect(
            matches(
                "Accept-Language",
                [("Accept-Language", "en, de")],
                [
                    ("Accept-Language", "de"), ("accept-language", "en"),
                ]
            )
        )
        #expect(same("gzip, br", "br,gzip", name: "Accept-Encoding"))
        #expect(!same("text/html, text/plain", "text/plain, text/html", name: "Accept"))
        let many = (0..<40).map { "l\($0)" }
        #expect(same(many.joined(separator: ","), many.joined(separator: ", ")))
        #expect(!same(many.joined(separator: ","), many.reversed().joined(separator: ",")))
    }

    @Test("the stored bytes alone say names and values")
    func selfDescribing() {
        let stored = selector("Foo, bar, User-Agent", [("Foo", "1, 2"), ("User-Agent", "x:y")])
        #expect(String(decoding: stored.bytes, as: UTF8.self) == "bar\nfoo:1,2\nuser-agent:x:y\n")
        let read = VarySelector(bytes: stored.bytes)
        #expect(read.names == ["bar", "foo", "user-agent"])
        #expect(read.matches(fields([("User-Agent", "x:y"), ("Foo", "1,2")])))
        #expect(!read.matches(fields([("User-Agent", "x:y"), ("Foo", "1,2"), ("Bar", "")])))
        #expect(VarySelector(bytes: []).isEmpty)
        #expect(VarySelector(bytes: []).matches(fields([("Foo", "1")])))
    }

    @Test("random requests match exactly when what they select by is equal", arguments: [UInt64(1), 2])
    func randomRequests(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let names = ["Foo", "foo", "Accept-Language", "User-Agent", "Cookie", "X-Bar"]
        let parts = ["a", "B", ",", " ", "\"", "\\", ";q=1", "\t", "ä", ":"]
        func some() -> [(String, String)] {
            (0..<Int.random(in: 0..<5, using: &random)).map { _ in
                let value = (0..<Int.random(in: 0..<6, using: &random)).map { _ in
                    parts.randomElement(using: &random) ?? ""
                }
                return (names.randomElement(using: &random) ?? "", value.joined())
            }
        }
        for _ in 0..<4000 {
            _ = matches("foo, accept-language, user-agent, x-bar", some(), some())
        }
    }

    @Test("random bytes as a stored selector do no harm")
    func randomSelectors() {
        var random = SeededGenerator(seed: 3)
        let valid = Array("accept-language:de\nfoo:1,2\nuser-agent\n".utf8)
        let request = fields([("Foo", "1, 2"), ("Accept-Language", "de")])
        #expect(VarySelector.matches(valid, request))
        for _ in 0..<3000 {
            let damaged = VarySelector(bytes: random.damage(valid, with: [":", "\n", "\n\n", "foo"]))
            _ = damaged.names
            _ = damaged.like(request)
            _ = damaged.matches(request)
        }
    }
}
