import HTTPWire
import TestSupport
import Testing

@Suite struct RequestTargetTests {
    /// "path" or "path?query"; nil when refused.
    private func normal(_ target: [UInt8]) -> String? {
        var path = Array("left over".utf8)
        var query = Array("left over".utf8)
        var hasQuery = true
        guard RequestTarget.normalise(target.span, path: &path, query: &query, hasQuery: &hasQuery) else { return nil }
        let text = String(decoding: path, as: UTF8.self)
        return hasQuery ? text + "?" + String(decoding: query, as: UTF8.self) : text
    }

    private func normal(_ target: String) -> String? { normal(Array(target.utf8)) }

    @Test("RFC 9112, 3.2: origin-form and absolute-form")
    func forms() {
        #expect(normal("/") == "/")
        #expect(normal("/a/b?c=d") == "/a/b?c=d")
        #expect(normal("/?") == "/?")
        #expect(normal("http://example.com/a?b") == "/a?b")
        #expect(normal("HTTPS://example.com:8443/a") == "/a")
        #expect(normal("http://example.com") == "/")
        #expect(normal("http://example.com?a") == "/?a")
        for wrong in [
            "", "*", "a", "example.com:443", "ftp://a/", "http:/a", "http:///a", "http://", "http://u@a/",
            "http://a:b/",
            "?a", "http://?a",
        ] {
            #expect(normal(wrong) == nil, "\(wrong)")
        }
    }

    @Test("RFC 3986, 6.2.2.1 and 6.2.2.2: percent-encoding")
    func percentEncoding() {
        #expect(normal("/%61%7e%2D%5F%2e%41") == "/a~-_.A")
        #expect(normal("/%2f%3a%c3%A9") == "/%2F%3A%C3%A9")
        #expect(normal("/%25%20%23%3F") == "/%25%20%23%3F")
        #expect(normal("/%2561") == "/%2561")
        #expect(normal("/a+b%2B") == "/a+b%2B")
        #expect(normal("/!$&'()*+,;=:@") == "/!$&'()*+,;=:@")
        #expect(normal("/\"<>\\^`{|}") == "/%22%3C%3E%5C%5E%60%7B%7C%7D")
        #expect(normal([0x2F, 0xC3, 0xA9, 0xFF]) == "/%C3%A9%FF")
        for wrong in ["/%", "/%1", "/%zz", "/%g1", "/%00", "/a%00b", "/a#b", "/a b", "/a\u{7f}", "/a\u{0}"] {
            #expect(normal(wrong) == nil, "\(wrong)")
        }
    }

    @Test("queries: normalised too; a percent sign that encodes nothing stands for itself")
    func queries() {
        #expect(normal("/?%61=%c3%a9&/?:@") == "/?a=%C3%A9&/?:@")
        #expect(normal("/?q=100%") == "/?q=100%25")
        #expect(normal("/?%zz") == "/?%25zz")
        #expect(normal("/?%%341") == "/?%2541")
        #expect(normal("/?a%00") == "/?a%00")
        #expect(normal("/?../.") == "/?../.")
        #expect(normal("/?[x]|") == "/?%5Bx%5D%7C")
        #expect(normal("/?a#b") == nil)
        #expect(normal("/?a b") == nil)
    }

    @Test("RFC 3986, 5.2.4 and 6.2.2.3: dot segments, also encoded ones, never above the root")
    func dotSegments() {
        for (target, path) in [
            ("/a/b/c/./../../g", "/a/g"), ("/.", "/"), ("/..", "/"), ("/../../x", "/x"), ("/a/..", "/"),
            ("/a/.", "/a/"),
            ("/a/../", "/"), ("/a/b/..", "/a/"), ("/%2e%2E/x", "/x"), ("/a/%2e/b", "/a/b"), ("/a/.%2e/b", "/b"),
            ("/.../.a/..b/a./b..", "/.../.a/..b/a./b.."), ("/a//b", "/a//b"), ("//", "//"), ("//a", "//a"),
            ("/a//../b", "/a/b"), ("/a/./", "/a/"), ("//..", "/"), ("//../x", "/x"), ("/a/..//b", "//b"),
            ("/./a", "/a"),
            ("/a/%2e%2e%2fb", "/a/..%2Fb"), ("/..;/a", "/..;/a"),
        ] {
            #expect(normal(target) == path, "\(target)")
        }
        #expect(normal("http://a/../b") == "/b")
    }

    @Test("a normal form is its own normal form, and begins at the root")
    func idempotence() {
        var random = SeededGenerator(seed: 21)
        let parts = [
            "/", ".", "..", "%2e", "%2F", "a", "%41", "?", "%", "%25", "é", "//", "/./", "/../", "%zz", "%00", "|", "#",
        ]
        for _ in 0..<5000 {
            var target = "/"
            for _ in 0..<Int.random(in: 0..<10, using: &random) { target += parts.randomElement(using: &random) ?? "" }
            guard let once = normal(target) else { continue }
            #expect(normal(once) == once, "\(target)")
            let path = once.prefix { $0 != "?" }
            #expect(path.hasPrefix("/"))
            #expect(!path.split(separator: "/").contains { $0 == "." || $0 == ".." }, "\(target)")
        }
    }

    @Test("random bytes never do harm")
    func randomBytes() {
        var random = SeededGenerator(seed: 22)
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            guard let text = normal([0x2F] + bytes) else { continue }
            #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x23 })
        }
    }

    @Test("RFC 9110, 7.2: hosts in normal form")
    func hosts() {
        func host(_ text: String) -> String? {
            var bytes = Array("left over".utf8)
            let value = Array(text.utf8)
            return RequestTarget.host(value.span, into: &bytes) ? String(decoding: bytes, as: UTF8.self) : nil
        }
        #expect(host("WWW.Example.COM") == "www.example.com")
        #expect(host("a:8080") == "a")
        #expect(host("a:") == "a")
        #expect(host("example.com.") == "example.com")
        #expect(host("example.com.:80") == "example.com")
        #expect(host("[2001:DB8::1]:443") == "[2001:db8::1]")
        #expect(host("127.0.0.1") == "127.0.0.1")
        for wrong in [
            "", ":80", "a:b", "a:65536", "a:999999999", "a b", "a/", "u@a", "[::1", "[::1]a", "[]", "[:]", "::1", "%61",
        ] {
            #expect(host(wrong) == nil, "\(wrong)")
        }
    }

    @Test("RFC 9112, 3.2.2: the authority of an absolute-form target")
    func authority() {
        func authority(_ text: String) -> String? {
            let bytes = Array(text.utf8)
            return RequestTarget.authority(of: bytes.span).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
        #expect(authority("http://a:80/b") == "a:80")
        #expect(authority("https://a") == "a")
        #expect(authority("https://a?b") == "a")
        #expect(authority("/http://a/") == nil)
        #expect(authority("*") == nil)
    }

    @Test("RFC 3986, 2.1: encoding and decoding")
    func percent() {
        #expect(RequestTarget.percentEncode("a b/é~".utf8, keepSlash: true) == "a%20b/%C3%A9~")
        #expect(RequestTarget.percentEncode("a/+".utf8, keepSlash: false) == "a%2F%2B")
        #expect(RequestTarget.percentDecode("a%20b%2f+".utf8) == Array("a b/+".utf8))
        #expect(RequestTarget.percentDecode("%".utf8) == nil)
        #expect(RequestTarget.percentDecode("%2".utf8) == nil)
        #expect(RequestTarget.percentDecode("%x2".utf8) == nil)
        let all = (UInt8.min...UInt8.max).map { $0 }
        #expect(RequestTarget.percentDecode(RequestTarget.percentEncode(all, keepSlash: false).utf8) == all)
    }
}
