import Testing

@testable import Settings

/// The texts of single values.
@Suite struct ValueTests {
    @Test(arguments: [
        ("512MiB", 512 << 20), ("20GiB", 20 << 30), ("64KiB", 64 << 10), ("64kB", 64_000), ("1 GB", 1_000_000_000),
        ("1TiB", 1 << 40), ("10B", 10), ("0", 0), ("512mib", 512 << 20),
    ])
    func sizesHaveUnits(text: String, bytes: Int) throws {
        #expect(try ByteSize.parse(text).bytes == bytes)
    }

    @Test(arguments: [
        "64k", "1M", "3g", "1024", "", "MiB", "-1MiB", "1.5GiB", "1MiBB", "9999999999GiB", "99999999999999999999B",
        "1\u{0661}MiB", "٣MiB", "0x10B", "1e3B",
    ])
    func otherSizesAreRefused(text: String) {
        #expect(throws: ValueError.self) { try ByteSize.parse(text) }
    }

    @Test func ambiguousSizeSaysWhatItMayMean() {
        #expect(
            throws: ValueError(
                expected: "a whole number and a unit, such as 512MiB or 20GiB",
                hint: "is that 1024 or 1000? Write 64KiB or 64kB"
            )
        ) { try ByteSize.parse("64k") }
    }

    @Test(arguments: ["512MiB", "1TiB", "1025B", "0B", "3KiB"])
    func sizesPrintAsTheyAreRead(text: String) throws {
        #expect(try ByteSize.parse(text).description == text)
    }

    @Test(arguments: [
        ("1h", 3_600_000), ("30s", 30_000), ("250ms", 250), ("1h30m", 5_400_000), ("7d", 604_800_000), ("0", 0),
        ("0s", 0), ("1m500ms", 60_500), ("5 m", 300_000),
    ])
    func spansHaveUnits(text: String, milliseconds: Int64) throws {
        #expect(try TimeSpan.parse(text).milliseconds == milliseconds)
    }

    @Test(arguments: [
        "30", "", "h", "1h30", "30m1h", "1h1h", "1.5h", "-1s", "5min", "1w", "99999999999d", "9223372036854775807s",
        "99999999999999999999s", "1H", "1h 30m x",
    ])
    func otherSpansAreRefused(text: String) {
        #expect(throws: ValueError.self) { try TimeSpan.parse(text) }
    }

    @Test(arguments: ["1h30m", "250ms", "0s", "1d1ms", "59s"])
    func spansPrintAsTheyAreRead(text: String) throws {
        #expect(try TimeSpan.parse(text).description == text)
    }

    @Test(arguments: [
        ("127.0.0.1:8080", SocketAddressSpec.tcp(host: "127.0.0.1", port: 8080)),
        ("[::1]:8080", .tcp(host: "::1", port: 8080)),
        ("[::]:0", .tcp(host: "::", port: 0)),
        (":8080", .tcp(host: "0.0.0.0", port: 8080)),
        ("*:80", .tcp(host: "0.0.0.0", port: 80)),
        ("Localhost:65535", .tcp(host: "localhost", port: 65_535)),
        ("unix:/run/apus.sock", .unix(path: "/run/apus.sock")),
    ])
    func addressesAreRead(text: String, address: SocketAddressSpec) throws {
        #expect(try SocketAddressSpec.parse(text) == address)
        #expect(try SocketAddressSpec.parse(address.description) == address)
    }

    @Test(arguments: [
        "8080", "localhost", "127.0.0.1:", "127.0.0.1:65536", "::1:8080", "[::1]", "[1]:80", "[:::1]:80", "http://a:80",
        "a b:80", "-a:80", "host:+80", "host:080000", "unix:", "", ":", "[::1]x:80",
        "unix:/" + String(repeating: "x", count: 107),
    ])
    func otherAddressesAreRefused(text: String) {
        #expect(throws: ValueError.self) { try SocketAddressSpec.parse(text) }
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80", true), ("127.0.0.1:80", "127.0.0.1:81", false), (":80", "127.0.0.1:80", true),
        ("[::]:80", "127.0.0.1:80", true), (":80", "[::1]:80", false), ("127.0.0.1:80", "[::1]:80", false),
        (":0", ":0", false), ("unix:/a", "unix:/a", true), ("unix:/a", ":80", false),
    ])
    func addressesCollide(one: String, other: String, collide: Bool) throws {
        let (one, other) = (try SocketAddressSpec.parse(one), try SocketAddressSpec.parse(other))
        #expect(one.collides(with: other) == collide)
        #expect(other.collides(with: one) == collide)
    }

    @Test(arguments: [
        ("http://127.0.0.1:9000", HTTPURL(scheme: .http, host: "127.0.0.1", port: 9000), "127.0.0.1:9000"),
        ("https://S3.Amazonaws.com/", HTTPURL(scheme: .https, host: "s3.amazonaws.com", port: 443), "s3.amazonaws.com"),
        ("http://[::1]:80", HTTPURL(scheme: .http, host: "::1", port: 80), "[::1]"),
        ("HTTP://a", HTTPURL(scheme: .http, host: "a", port: 80), "a"),
    ])
    func urlsAreRead(text: String, url: HTTPURL, authority: String) throws {
        #expect(try HTTPURL.parse(text) == url)
        #expect(url.authority == authority)
        #expect(try HTTPURL.parse(url.description) == url)
    }

    @Test(arguments: [
        "127.0.0.1:9000", "ftp://a", "http://", "http://a/b", "http://a?x", "http://u:p@a", "http://a:0", "http://a:x",
        "http://[::1", "http:///x", "//a", "http://a b", "", "http://a//",
    ])
    func otherURLsAreRefused(text: String) {
        #expect(throws: ValueError.self) { try HTTPURL.parse(text) }
    }

    @Test(arguments: [
        ("*", "anything", true), ("www.Example.com", "www.example.com", true),
        ("*.example.com", "a.b.example.com", true),
        ("*.example.com", "example.com", false), ("*.example.com", ".example.com", false),
        ("example.com", "www.example.com", false), ("[::1]", "[::1]", true), ("127.0.0.1", "127.0.0.1", true),
    ])
    func hostPatternsMatch(pattern: String, host: String, matches: Bool) throws {
        #expect(try HostPattern.parse(pattern).matches(host) == matches)
    }

    @Test(arguments: [
        "", "a:80", "http://a", "a/b", "**", "a*.example.com", "*.", "*.*", "münchen.de", "a..b", ".a", "a.", "a b",
    ])
    func otherHostPatternsAreRefused(text: String) {
        #expect(throws: ValueError.self) { try HostPattern.parse(text) }
    }

    @Test func specificityPutsNamesBeforeSuffixesBeforeTheRest() throws {
        let patterns = try ["*", "*.com", "*.example.com", "example.com"].map { try HostPattern.parse($0).specificity }
        #expect(patterns == patterns.sorted() && Set(patterns).count == 4)
    }

    @Test func secretsPrintNothing() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump([secret], to: &dumped)
        for text in [
            "\(secret)", String(reflecting: secret), "\([secret])",
            "\(KeyPairSettings(accessKey: "a", secretKey: secret))", dumped,
        ] {
            #expect(!text.contains("hunter2"))
        }
        #expect(secret.exposed == "hunter2")
    }

    @Test(arguments: [
        ("admin", TokenScope.admin), ("read", .read), ("purge", .purge(host: nil)), ("purge:a.b", .purge(host: "a.b")),
    ])
    func scopesAreRead(text: String, scope: TokenScope) throws {
        #expect(try TokenScope.parse(text) == scope)
        #expect(scope.description == text)
    }

    @Test(arguments: ["Admin", "purge:", "purge:*", "purge:a/b", "write", ""])
    func otherScopesAreRefused(text: String) {
        #expect(throws: ValueError.self) { try TokenScope.parse(text) }
    }

    @Test(arguments: [
        ("edge-1.example", "edge-1.example"), ("1b2c3d", "edge-1b2c3d"), ("my host", "my-host"), ("", "edge-"),
    ])
    func hostNamesBecomeNodeNames(host: String, node: String) {
        #expect(EdgeSettings.nodeName(from: host) == node)
        #expect(TextRule.nodeName.allows(node))
    }

    @Test(arguments: [
        ("memroy", "memory"), ("accessKey", "access_key"), ("access-key", "access_key"), ("host", "hosts"),
        ("lsiten", "listen"),
    ])
    func slipsFindTheirKey(word: String, key: String) {
        #expect(
            EditDistance.nearest(to: word, in: ["memory", "access_key", "secret_key", "hosts", "listen", "disk"]) == key
        )
    }

    @Test func strangersFindNoKey() {
        #expect(EditDistance.nearest(to: "banana", in: ["memory", "disk", "listen"]) == nil)
        #expect(EditDistance.nearest(to: "", in: ["memory", "disk"]) == nil)
        #expect(EditDistance.nearest(to: String(repeating: "memory", count: 1000), in: ["memory"]) == nil)
    }
}
