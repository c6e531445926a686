import BucketClient
import Testing

@Suite struct GlobTests {
    @Test(arguments: [
        ("*.css", "app.css"), ("*.css", "assets/deep/app.css"), ("**", "anything/at/all"), ("index.html", "index.html"),
        ("assets/*.js", "assets/app.js"), ("assets/**", "assets/a/b.png"), ("**/*.woff2", "fonts/a.woff2"),
        ("v?/app.js", "v1/app.js"), ("a*b*c/d", "aXbYc/d"), ("**/x/*.js", "a/b/x/y.js"),
    ]) func matches(pattern: String, key: String) {
        #expect(Glob(pattern).matches(key))
    }

    @Test(arguments: [
        ("*.css", "app.css.map"), ("assets/*.js", "assets/deep/app.js"), ("assets/*", "other/a"), ("?", ""),
        ("v?/app.js", "v/app.js"), ("**/x/*.js", "a/x/b/y.js"), ("", "a"),
    ]) func doesNotMatch(pattern: String, key: String) {
        #expect(!Glob(pattern).matches(key))
    }

    @Test func manyStarsTakeTimeInProportion() {
        let pattern = String(repeating: "*a", count: 500)
        #expect(!Glob(pattern).matches(String(repeating: "a", count: 400) + "b"))
    }
}
