import Testing

@testable import Edge

@Suite("One path for one object")
struct ObjectPathTests {
    @Test(
        "everything is decoded but % and ?",
        arguments: [
            ("/a", "/a"), ("/a%2Fb", "/a/b"), ("/%25", "/%25"), ("/%252F", "/%252F"), ("/%3F", "/%3F"),
            ("/%3f", "/%3f"),
            ("/%20%C3%A4", "/ \u{e4}"), ("/%2", "/%2"), ("/%", "/%"), ("/%zz%41", "/%zzA"), ("", ""),
        ]
    )
    func canonical(path: String, expected: String) {
        #expect(ObjectPath.canonical(path) == Array(expected.utf8))
        // Once more changes nothing.
        #expect(ObjectPath.canonical(expected) == Array(expected.utf8))
    }
}
