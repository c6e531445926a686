import HTTPWire
import TestSupport
import Testing

@Suite struct EntityTagTests {
    @Test("RFC 9110, 8.8.3: the grammar")
    func grammar() {
        #expect(EntityTag("\"xyzzy\"") == EntityTag(opaque: "xyzzy"))
        #expect(EntityTag("W/\"xyzzy\"") == EntityTag(opaque: "xyzzy", isWeak: true))
        #expect(EntityTag("\"\"") == EntityTag(opaque: ""))
        #expect(EntityTag(" \"a,b\\c\" ")?.opaque == "a,b\\c")
        #expect(EntityTag("\"caf\u{e9}\"")?.text == "\"caf\u{e9}\"")
        for wrong in [
            "", "\"", "abc", "w/\"x\"", "W/x", "W/", "\"a\"b", "\"a b\"", "\"a\"b\"", "\"a\",\"b\"", "\"a\u{7f}\"",
            "W /\"a\"",
        ]
        where wrong != "\"a b\"" {
            #expect(EntityTag(wrong) == nil, "\(wrong)")
        }
        #expect(EntityTag("abc", acceptBare: true) == EntityTag(opaque: "abc"))
        #expect(EntityTag("\"abc", acceptBare: true) == nil)
    }

    @Test("RFC 9110, 8.8.3.2: the comparison table")
    func comparison() {
        let weak = EntityTag(opaque: "1", isWeak: true)
        let strong = EntityTag(opaque: "1")
        #expect(!EntityTag.strongEqual(weak, weak))
        #expect(EntityTag.weakEqual(weak, weak))
        #expect(!EntityTag.weakEqual(weak, EntityTag(opaque: "2", isWeak: true)))
        #expect(!EntityTag.strongEqual(weak, strong))
        #expect(EntityTag.weakEqual(weak, strong))
        #expect(EntityTag.strongEqual(strong, strong))
    }

    @Test("RFC 9110, 13.1.2: lists")
    func lists() {
        #expect(EntityTag.list(" * ") == .any)
        #expect(EntityTag.list("") == .tags([]))
        #expect(
            EntityTag.list("\"a\", ,W/\"b,c\" ,\"d\"")
                == .tags([EntityTag(opaque: "a"), EntityTag(opaque: "b,c", isWeak: true), EntityTag(opaque: "d")])
        )
        #expect(EntityTag.list("\"a\", b, \"c\"") == .tags([EntityTag(opaque: "a")]))
        #expect(
            EntityTag.list("a, \"b\"", acceptBare: true) == .tags([EntityTag(opaque: "a"), EntityTag(opaque: "b")])
        )
        #expect(EntityTag.list("*, \"a\"") == .tags([]))
    }

    private func isMember(_ tag: EntityTag, _ list: String, strong: Bool) -> Bool {
        var fields = FieldList()
        fields.append(.ifNoneMatch, list)
        return tag.isMember(of: fields.bytes.span, fields.range(of: .ifNoneMatch) ?? 0..<0, strong: strong)
    }

    @Test("RFC 9110, 13.1.1 and 13.1.2: membership, strong and weak")
    func membership() {
        let tag = EntityTag(opaque: "b")
        #expect(isMember(tag, "\"a\", \"b\"", strong: true))
        #expect(isMember(tag, "\"a\", W/\"b\"", strong: false))
        #expect(!isMember(tag, "\"a\", W/\"b\"", strong: true))
        #expect(!isMember(tag, "\"a\", \"bb\", \"\"", strong: false))
        #expect(isMember(tag, "*", strong: true))
        #expect(!isMember(EntityTag(opaque: "b", isWeak: true), "\"b\"", strong: true))
        #expect(isMember(EntityTag(opaque: "b", isWeak: true), "\"b\"", strong: false))
        #expect(isMember(EntityTag(opaque: "caf\u{e9}"), "\"caf\u{e9}\"", strong: true))
        #expect(!isMember(tag, "b", strong: false))
        #expect(!isMember(tag, "\"a\" \"b\"", strong: false))
    }

    @Test("membership agrees with the parsed list on random text")
    func agreement() {
        var random = SeededGenerator(seed: 9)
        let parts = ["\"a\"", "W/\"b\"", ",", " ", "\"", "*", "c", "W/", "\"a,b\"", "\"\u{e9}\"", "\t"]
        for _ in 0..<5000 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<8, using: &random) { text += parts.randomElement(using: &random) ?? "" }
            for tag in [EntityTag(opaque: "a"), EntityTag(opaque: "b"), EntityTag(opaque: "\u{e9}")] {
                let expected =
                    switch EntityTag.list(text) {
                    case .any: true
                    case .tags(let tags): tags.contains { EntityTag.weakEqual($0, tag) }
                    }
                #expect(isMember(tag, text, strong: false) == expected, "\(text)")
            }
        }
    }
}
