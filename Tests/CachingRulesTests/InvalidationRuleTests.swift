import CachingRules
import HTTPWire
import TestSupport
import Testing

/// RFC 9111, section 4.4.
@Suite struct InvalidationRuleTests {
    private func targets(
        _ response: [(String, String)],
        target: String = "/a/b?q=1",
        host: String? = "example.com"
    ) -> [String] {
        let request = RequestHead(
            method: "POST",
            target: target,
            fields: fields(host.map { [("Host", $0)] } ?? [])
        )
        return InvalidationRule.otherTargets(request: request, response: fields(response)).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    private func location(_ value: String, target: String = "/a/b?q=1", host: String? = "example.com") -> String? {
        let found = targets([("Location", value)], target: target, host: host)
        #expect(found.count <= 1)
        return found.first
    }

    @Test("RFC 9111, 4.4: unsafe methods, also unknown ones, answered without an error")
    func methods() {
        for method in [HTTPWire.Method.post, .put, .delete, .patch, .connect, .other] {
            for status in [200, 201, 204, 299, 301, 304, 399] {
                #expect(InvalidationRule.invalidates(method: method, status: status))
            }
            for status in [100, 103, 400, 404, 500, 599] {
                #expect(!InvalidationRule.invalidates(method: method, status: status))
            }
        }
        for method in [HTTPWire.Method.get, .head, .options, .trace] {
            #expect(!InvalidationRule.invalidates(method: method, status: 200))
        }
    }

    @Test("RFC 9111, 4.4: Location and Content-Location, at most one of each, not the target itself")
    func fieldsUsed() {
        #expect(targets([("Location", "/x"), ("Content-Location", "/y")]) == ["/x", "/y"])
        #expect(targets([("Content-Location", "/y")]) == ["/y"])
        #expect(targets([("Location", "/x"), ("Location", "/z"), ("Content-Location", "/x")]) == ["/x"])
        #expect(targets([("Location", "/a/b?q=1"), ("Content-Location", "b?q=1")]).isEmpty)
        #expect(targets([("Location", "")]).isEmpty)
        #expect(targets([("Link", "/x")]).isEmpty)
        #expect(targets([]).isEmpty)
    }

    @Test("RFC 3986, 5.2: references are resolved")
    func references() {
        for (reference, resolved) in [
            ("c", "/a/c"), ("c?d", "/a/c?d"), ("./c", "/a/c"), ("../c", "/c"), ("../../../c", "/c"), ("?y", "/a/b?y"),
            ("/c/./d/../e", "/c/e"), ("c#f", "/a/c"), ("", nil), ("#f", nil), ("..", "/"), (".", "/a/"),
            ("/", "/"), ("c/d", "/a/c/d"), ("/%7Ec", "/~c"), ("/c%2fd", "/c%2Fd"), (" c ", "/a/c"),
            ("c?", "/a/c?"), ("./c:d", "/a/c:d"), ("/c:d", "/c:d"), ("//example.com/c", "/c"), ("//example.com", "/"),
            ("//example.com?x", "/?x"), ("http://example.com/c", "/c"), ("HTTP://EXAMPLE.com?x", "/?x"),
            ("https://example.com/c/../d", "/d"), ("/c?x#f?y", "/c?x"),
        ] as [(String, String?)] {
            #expect(location(reference) == resolved, "\(reference)")
        }
        #expect(location("c", target: "/") == "/c")
        #expect(location("c", target: "/a/./b/../d") == "/a/c")
        #expect(location("c", target: "http://example.com/a/b") == "/a/c")
        #expect(location("c", target: "http://example.com") == "/c")
        #expect(location("c", target: "*") == nil)
    }

    @Test("RFC 9111, 4.4: another origin's URL is never touched")
    func otherOrigins() {
        for reference in [
            "http://other.com/c", "//other.com/c", "http://example.com.evil/c", "http://example.com:81/c",
            "http://user@example.com/c", "ftp://example.com/c", "mailto:c", "http:c", "http:/c", "javascript:c",
            "https://example.com:80/c", "http://example.com:443/c", "http:///c", "//", "///c", "//example.com:80x/c",
            "c d", "/c\u{1}d", "/%zz", "/%00", "http://[::1/c", "x+y:/c",
        ] {
            let found = location(reference)
            #expect(found == nil, "\(reference): \(found ?? "")")
        }
        #expect(location("http://example.com/c", host: nil) == nil)
        #expect(location("/c", host: nil) == "/c")
        #expect(location("http://example.com/c", host: "a b") == nil)
    }

    @Test("RFC 9110, 4.3.1: hosts in any case, default ports may be left out")
    func sameOrigin() {
        #expect(location("http://EXAMPLE.com/c", host: "Example.COM") == "/c")
        #expect(location("http://example.com:80/c") == "/c")
        #expect(location("https://example.com:443/c") == "/c")
        #expect(location("http://example.com/c", host: "example.com:80") == "/c")
        #expect(location("https://example.com/c", host: "example.com:443") == "/c")
        #expect(location("http://example.com/c", host: "example.com:8080") == nil)
        #expect(location("http://example.com:8080/c", host: "example.com:8080") == "/c")
        #expect(location("http://example.com:08080/c", host: "example.com:8080") == "/c")
        #expect(location("//example.com:443/c") == "/c")
        #expect(location("http://example.com./c") == "/c")
        #expect(location("http://[::1]:8080/c", host: "[::1]:8080") == "/c")
        #expect(location("http://[::1]/c", host: "[::1]") == "/c")
        #expect(location("http://example.com/c", target: "http://example.com/a", host: "other.com") == "/c")
        #expect(location("http://other.com/c", target: "http://example.com/a", host: "other.com") == nil)
    }

    @Test("random references: what comes out is a normalised target of this origin", arguments: [UInt64(1), 2])
    func randomReferences(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let tokens = ["..", "/", "//", "?", "#", "http://", "example.com", ":80", "%2e", "%", "@", "[", "]"]
        for _ in 0..<4000 {
            var response = FieldList()
            response.append(.location, random.damage(Array("http://example.com/a/../b?c#d".utf8), with: tokens))
            response.append(.contentLocation, random.damage(Array("../c/d;e".utf8), with: tokens))
            let request = RequestHead(method: "PUT", target: "/x/y?z", fields: fields([("Host", "example.com")]))
            let found = InvalidationRule.otherTargets(request: request, response: response)
            #expect(found.count <= 2)
            for target in found {
                var path = [UInt8]()
                var query = [UInt8]()
                var hasQuery = false
                let isTarget = RequestTarget.normalise(
                    target.span,
                    path: &path,
                    query: &query,
                    hasQuery: &hasQuery
                )
                #expect(isTarget && path + (hasQuery ? [0x3F] + query : []) == target)
            }
        }
    }
}
