import CacheStore
import ControlPlane
import HTTPWire
import Settings
import TestSupport
import Testing

@testable import Edge

@Suite("What of a query is in the key (rule K1)")
struct QueryFilterTests {
    static func filtered(_ query: String, _ rule: QueryRule) -> String? {
        var bytes = Array(query.utf8)
        var filter = QueryFilter()
        return filter.apply(KeyQuery(rule), to: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
    }

    @Test(
        "all: sorted by name, those of one name in their order",
        arguments: [
            ("", ""), ("a", "a"), ("b=1&a=2", "a=2&b=1"), ("a=2&b=1", "a=2&b=1"), ("a=2&a=1", "a=2&a=1"),
            ("b&a=2&b=0&a=1", "a=2&a=1&b&b=0"), ("ab=1&a=2&a", "a=2&a&ab=1"), ("a=1&=2&&b", "=2&&a=1&b"),
            ("&", "&"), ("a=b=c&A=1", "A=1&a=b=c"), ("z=1?&a=/", "a=/&z=1?"), ("b=&a==", "a==&b="),
        ]
    )
    func all(query: String, expected: String) {
        #expect(Self.filtered(query, .all) == expected)
    }

    @Test("exact leaves it as it is; none leaves nothing")
    func words() {
        #expect(Self.filtered("b=1&a=2", .exact) == "b=1&a=2")
        #expect(Self.filtered("", .exact)?.isEmpty == true)
        #expect(Self.filtered("b=1&a=2", .none) == nil)
    }

    @Test(
        "a list keeps these, sorted, and nothing is left where none is there",
        arguments: [
            ("v=1", "v=1"), ("utm=x&v=1", "v=1"), ("v=2&lang=de&v=1", "lang=de&v=2&v=1"), ("vv=1&V=2&la=3", nil),
            ("", nil), ("&&", nil), ("v", "v"), ("n%C3%A4me=1&x", "n%C3%A4me=1"), ("v=&v", "v=&v"), ("=v", nil),
        ] as [(String, String?)]
    )
    func list(query: String, expected: String?) {
        #expect(Self.filtered(query, .names(["v", "lang", "näme"])) == expected)
    }

    @Test("nothing of a query is left in the next")
    func reuse() {
        var filter = QueryFilter()
        for query in ["c=3&b=2&a=1", "b&a", "", "z", "b=1&a=1&c=1&d=1"] {
            var bytes = Array(query.utf8)
            let isKept = filter.apply(.all, to: &bytes)
            #expect(isKept && String(decoding: bytes, as: UTF8.self) == Self.filtered(query, .all))
        }
    }

    @Test("a thousand parameters come out as a few do")
    func many() {
        var generator = SeededGenerator(seed: 7)
        for count in [2, 23, 24, 25, 26, 1000] {
            let parameters = (0..<count).map { "\("abcdefgh".randomElement(using: &generator) ?? "a")=\($0)" }
            let names = Set(parameters.map { $0.prefix(1) }).sorted()
            let expected = names.flatMap { name in parameters.filter { $0.hasPrefix(name) } }
            #expect(Self.filtered(parameters.joined(separator: "&"), .all) == expected.joined(separator: "&"))
        }
    }

    @Test("any order of different names is one key, and is the same the second time")
    func shuffled() {
        var generator = SeededGenerator(seed: 11)
        let pieces = ["a=1", "b", "c=%20", "", "d==", "aa=2", "e=1", "f=?", "%C3%A4=1"]
        for rule in [QueryRule.all, .names(["a", "aa", "ä", "f"])] {
            let expected = Self.filtered(pieces.joined(separator: "&"), rule)
            for _ in 0..<200 {
                let once = Self.filtered(pieces.shuffled(using: &generator).joined(separator: "&"), rule)
                #expect(once == expected)
                #expect(Self.filtered(once ?? "", rule) == once)
            }
        }
    }
}

@Suite("A purge of a URL names the key of a request for it, whatever the site says of queries")
struct QueryPurgeTests {
    static func bytes(_ scope: PurgeEpochs.Scope?) -> [UInt8]? {
        guard case .url(let site, let path, let query) = scope else { return nil }
        return CacheKey.bytes(site: site, path: path, query: query)
    }

    @Test(arguments: [QueryRule.all, .exact, .none, .names(["v", "lang", "ä"])])
    func agree(rule: QueryRule) throws {
        let site = testSite(isBucket: false) { $0.query = rule }
        let sites = SiteTable([site])
        var generator = SeededGenerator(seed: 3)
        var key = RequestKey()
        let pieces = ["v=1", "v=2", "lang=de", "utm=%7e", "%76=3", "", "=", "%c3%a4", "x?y", "lang", "a/b", "%zz"]
        for _ in 0..<2000 {
            let few = pieces.shuffled(using: &generator).prefix(.random(in: 0...5, using: &generator))
            let query = few.joined(separator: "&")
            let path = ["/", "/a", "/b/./c", "/%41"].randomElement(using: &generator) ?? "/"
            let target = "\(path)\(few.isEmpty && Bool.random(using: &generator) ? "" : "?\(query)")"
            let head = try #require(testRequest("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n"))
            let isBuilt = key.build(for: head, at: site)
            let scope = PurgeApplier.scope(try PurgeScope(url: "http://h\(target)"), at: sites)
            #expect(isBuilt && Self.bytes(scope) == key.bytes, "\(target)")
            // What is left out of the key is left out of the purge, which then covers every query of the path.
            if case .url(_, _, nil) = scope { #expect(!key.bytes.contains(UInt8(ascii: "?"))) }
        }
    }

    @Test("parameters that are not in the key say nothing in a purge")
    func ignored() throws {
        let sites = SiteTable([testSite(isBucket: false) { $0.query = .names(["v"]) }])
        let one = PurgeApplier.scope(try PurgeScope(url: "http://h/a?utm=1&v=2"), at: sites)
        #expect(one == PurgeApplier.scope(try PurgeScope(url: "http://h/a?v=2&fbclid=9"), at: sites))
        let none = PurgeApplier.scope(try PurgeScope(url: "http://h/a?utm=1"), at: sites)
        #expect(none == PurgeApplier.scope(try PurgeScope(url: "http://h/a"), at: sites))
    }
}
