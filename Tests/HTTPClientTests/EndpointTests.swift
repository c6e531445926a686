import HTTPClient
import Testing

struct EndpointTests {
    @Test(arguments: [
        ("http://Host", "http", "host", 80, "host"),
        ("https://host/", "https", "host", 443, "host"),
        ("HTTP://127.0.0.1:9000", "http", "127.0.0.1", 9000, "127.0.0.1:9000"),
        ("https://[::1]:8443/", "https", "::1", 8443, "[::1]:8443"),
        ("http://[2001:DB8::1]", "http", "2001:db8::1", 80, "[2001:db8::1]"),
        ("http://host:", "http", "host", 80, "host"),
        ("http://host:443", "http", "host", 443, "host:443"),
    ])
    func wellFormed(url: String, scheme: String, host: String, port: Int, authority: String) throws {
        let endpoint = try #require(Endpoint(url: url))
        #expect(endpoint.scheme.rawValue == scheme)
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
        #expect(endpoint.authority == authority)
    }

    @Test(arguments: [
        "", "host", "host:80", "ftp://host", "http:/host", "http://", "http://:80", "http://host:0",
        "http://host:65536",
        "http://host:8a", "http://host:-1", "http://user@host", "http://user:pw@host", "http://ho st",
        "http://host/path",
        "http://[::1", "http://[host]", "http://[::1]x", "http://host\r\n", "http://hö.st", "http://host?a",
    ])
    func malformed(url: String) {
        #expect(Endpoint(url: url) == nil)
    }

    @Test func splitsTargets() {
        #expect(Endpoint.split(url: "http://h/a/b?c=d#e")?.target == "/a/b?c=d")
        #expect(Endpoint.split(url: "http://h?c")?.target == "/?c")
        #expect(Endpoint.split(url: "http://h")?.target == "/")
        #expect(Endpoint.split(url: "http://h/a b") == nil)
    }
}
