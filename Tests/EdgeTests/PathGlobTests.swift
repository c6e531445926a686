import TestSupport
import Testing

@testable import Edge

@Suite("Patterns of paths")
struct PathGlobTests {
    static func matches(_ pattern: String, _ path: String, isBucket: Bool = true) -> Bool {
        let bytes = Array(path.utf8)
        return PathGlob(pattern, isBucket: isBucket).matches(bytes.span)
    }

    @Test(arguments: [
        ("/a", ["/a"], ["/", "/ab", "/a/", "/b/a"]),
        ("/assets/*", ["/assets/a.js", "/assets/"], ["/assets", "/assets/a/b", "/x/assets/a"]),
        ("/assets/**", ["/assets/a.js", "/assets/", "/assets/a/b/c"], ["/assets", "/asset/a"]),
        ("/**", ["/", "/a", "/a/b"], []),
        ("/**/a.js", ["/a.js", "/x/a.js", "/x/y/a.js"], ["/xa.js", "/a.js/b"]),
        ("/a/**/b/*.js", ["/a/b/x.js", "/a/c/d/b/x.js", "/a/b/b/x.js"], ["/a/b/c/x.js", "/ab/x.js", "/a/xb/x.js"]),
        ("/a/**b", ["/a/b", "/a/x/yb", "/a/x/b"], ["/a/b/", "/ab"]),
        ("/*/x", ["/a/x", "//x"], ["/x", "/a/b/x"]),
        ("/a*b*c", ["/abc", "/aXbYbc", "/abbcc"], ["/ab/c", "/abcd", "/ac"]),
        ("/v?/a", ["/v1/a", "/v\u{e9}/a"], ["/v/a", "/v10/a", "/v//a"]),
        ("*.woff2", ["/a.woff2", "/x/y/.woff2"], ["/a.woff2/x", "/a.woff"]),
        ("*", ["/", "/a", "/a/b"], []),
        ("app.?s", ["/app.js", "/x/app.ts"], ["/xapp.js", "/app.s", "/app.js/"]),
        ("/caf\u{e9} 1/*", ["/caf\u{e9} 1/x"], ["/cafe 1/x"]),
        ("/a%2Fb", ["/a/b"], ["/a%2Fb"]),
        ("/**/*.min.*", ["/a.min.js", "/x/y.z/a.min.css"], ["/a.js", "/x.min.d/a"]),
    ])
    func bucket(pattern: String, yes: [String], no: [String]) {
        for path in yes { #expect(Self.matches(pattern, path), "\(pattern) \(path)") }
        for path in no { #expect(!Self.matches(pattern, path), "\(pattern) \(path)") }
    }

    @Test(
        "a server's paths are as URLs write them, and so is what a pattern says",
        arguments: [
            ("/caf\u{e9} 1/*", "/caf%C3%A9%201/x", true), ("/caf%c3%a9/?", "/caf%C3%A9/x", true),
            ("/%7euser/*", "/~user/x", true), ("/a%2fb", "/a%2Fb", true), ("/a%2fb", "/a/b", false),
            ("/x?y", "/x%C3y", true), ("/a/../b", "/b", false), ("/100%/*", "/100%25/a", true),
        ]
    )
    func server(pattern: String, path: String, expected: Bool) {
        #expect(Self.matches(pattern, path, isBucket: false) == expected)
    }

    @Test("trying and the table agree about everything")
    func agree() {
        var generator = SeededGenerator(seed: 21)
        let pieces = ["a", "b", "/", "*", "**", "?", "/**/", "%41", "\u{e9}"]
        let parts = ["a", "b", "/", "ab", "%25", "\u{e9}"]
        for _ in 0..<20_000 {
            let pattern =
                "/"
                + (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                    pieces.randomElement(using: &generator) ?? "a"
                }.joined()
            let path =
                "/"
                + (0..<Int.random(in: 0...8, using: &generator)).map { _ in
                    parts.randomElement(using: &generator) ?? "a"
                }.joined()
            let glob = PathGlob(pattern, isBucket: true)
            let bytes = Array(path.utf8)
            #expect(glob.matches(bytes.span) == glob.matchesByTable(path), "\(pattern) \(path)")
        }
    }

    @Test("the worst pattern takes no longer than pattern times path")
    func worst() {
        let path = "/" + String(repeating: "a", count: 8000)
        let clock = ContinuousClock()
        let time = clock.measure {
            for pattern in ["/**a*a*a*b", "/**a**a**a**b", "/*a*a*a*a*b", "/**?*?*?b"] {
                #expect(!Self.matches(pattern, path))
            }
        }
        #expect(time < .seconds(2))
    }
}
