import HTTPWire
import Testing

@testable import Edge

@Suite("A request's key (rules K1, K2)")
struct RequestKeyTests {
    /// What stands behind the site's zero byte; nil: no key.
    static func key(_ target: String, isBucket: Bool = true) -> String? {
        guard let head = testRequest("GET \(target) HTTP/1.1\r\nHost: a.test\r\n\r\n") else { return nil }
        let site = testSite(isBucket: isBucket)
        var key = RequestKey()
        guard key.readHost(of: head), key.build(for: head, at: site) else { return nil }
        #expect(key.bytes.starts(with: site.keyPrefix) && site.keyPrefix.last == 0)
        return String(decoding: key.bytes.dropFirst(site.keyPrefix.count), as: UTF8.self)
    }

    @Test(
        "a bucket: path in one spelling, index documents resolved, no query",
        arguments: [
            ("/", "/index.html"), ("/?list-type=2", "/index.html"), ("/dir/", "/dir/index.html"), ("/dir", "/dir"),
            ("/a/./b/../c", "/a/c"), ("/..", "/index.html"), ("/../../a", "/a"), ("/%2e%2E/a", "/a"),
            ("/a//b", "/a//b"),
            ("/%41%7e", "/A~"), ("/a%2fb", "/a/b"), ("/a%2Fb", "/a/b"), ("/a%25", "/a%25"), ("/a%3Fb?c", "/a%3Fb"),
            ("/a?", "/a"), ("/a?b=c", "/a"), ("http://b.test", "/index.html"), ("http://b.test/x?y", "/x"),
            ("/dir%2F", "/dir/index.html"), ("/a%20b", "/a b"),
        ]
    )
    func bucket(target: String, expected: String) {
        #expect(Self.key(target) == expected)
    }

    @Test(
        "a server: its own index, its own idea of slashes, and the query, sorted",
        arguments: [
            ("/", "/"), ("/?", "/?"), ("/a?b=1&c", "/a?b=1&c"), ("/a?b=%7e%2f", "/a?b=~%2F"), ("/a%2fb", "/a%2Fb"),
            ("/a?b?c", "/a?b?c"), ("/a?c=1&b=2&c=0", "/a?b=2&c=1&c=0"), ("/a?../b", "/a?../b"), ("/a?%zz", "/a?%25zz"),
            ("/a%3Fb?c", "/a%3Fb?c"),
            ("http://b.test?q", "/?q"),
        ]
    )
    func server(target: String, expected: String) {
        #expect(Self.key(target, isBucket: false) == expected)
    }

    @Test(
        "no path, no key",
        arguments: ["*", "a", "/%", "/%0", "/%zz", "/%00", "/a%00b", "/a#b", "http://", "http:///a"]
    )
    func noKey(target: String) {
        #expect(Self.key(target) == nil && Self.key(target, isBucket: false) == nil)
    }

    @Test("the site is part of the key: the same path of another site is another key")
    func site() throws {
        let head = try #require(testRequest("GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n"))
        var key = RequestKey()
        let sites = [testSite("one"), testSite("two")]
        let keys = sites.map { site in
            let isBuilt = key.build(for: head, at: site)
            #expect(isBuilt)
            return key.bytes
        }
        #expect(keys[0] != keys[1])
    }

    @Test(
        "the host: lower case, no port, no final dot; that of an absolute target wins (RFC 9112 3.2.2)",
        arguments: [
            ("/", "Host: A.Test:80", "a.test"), ("/", "Host: a.test.", "a.test"), ("/", "Host: [::1]:8080", "[::1]"),
            ("http://B.test:1/", "Host: a.test", "b.test"), ("HTTPS://b.test", "Host: a.test", "b.test"),
            ("/", "Host: 127.0.0.1", "127.0.0.1"),
        ]
    )
    func host(target: String, field: String, expected: String) throws {
        let head = try #require(testRequest("GET \(target) HTTP/1.1\r\n\(field)\r\n\r\n"))
        var key = RequestKey()
        let isRead = key.readHost(of: head)
        #expect(isRead)
        #expect(String(decoding: key.host, as: UTF8.self) == expected)
    }

    @Test("HTTP/1.0 may come without Host: then it is the empty one, and not that of the request before")
    func noHost() throws {
        var key = RequestKey()
        for text in ["GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"] {
            let isRead = key.readHost(of: try #require(testRequest(text)))
            #expect(isRead)
        }
        #expect(key.host.isEmpty)
    }

    @Test("nothing of a request is left in the key of the next")
    func reuse() throws {
        let site = testSite(isBucket: false)
        var used = RequestKey()
        let targets = ["/a/long/path?with=query", "/b", "/?", "/", "/c?d", "/bad%", "/e"]
        for target in targets {
            let head = testRequest("GET \(target) HTTP/1.1\r\nHost: a.test\r\n\r\n")
            guard let head, used.build(for: head, at: site) else { continue }
            var fresh = RequestKey()
            let isBuilt = fresh.build(for: head, at: site)
            #expect(isBuilt)
            #expect(used.bytes == fresh.bytes)
        }
    }
}
