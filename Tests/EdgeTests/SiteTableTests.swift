import Settings
import Testing

@testable import Edge

@Suite("Which site answers for a host")
struct SiteTableTests {
    static func table() -> SiteTable {
        SiteTable([
            testSite("any", hosts: [.any]),
            testSite("short", hosts: [.suffix(".example.com")]),
            testSite("long", hosts: [.suffix(".img.example.com")]),
            testSite("exact", hosts: [.exact("www.example.com"), .exact("a.img.example.com"), .exact("[::1]")]),
        ])
    }

    @Test(
        "the exact name, then the longest suffix, then any",
        arguments: [
            ("www.example.com", "exact"), ("a.img.example.com", "exact"), ("[::1]", "exact"),
            ("b.img.example.com", "long"), ("a.b.img.example.com", "long"), ("img.example.com", "short"),
            ("x.example.com", "short"), (".example.com", "any"), ("example.com", "any"), ("xexample.com", "any"),
            ("www.example.com.evil.test", "any"), ("", "any"), ("www.example.co", "any"),
        ]
    )
    func order(host: String, name: String) {
        #expect(Self.table().site(forHost: host)?.name == name)
    }

    @Test("without a site for any host, an unknown one has none; nor has the empty one")
    func unknown() {
        let table = SiteTable([testSite("exact", hosts: [.exact("a.test"), .suffix(".b.test")])])
        for host in ["", "b.test", "a.test.", "a.tes", "xa.test", "c"] { #expect(table.site(forHost: host) == nil) }
        #expect(table.site(forHost: "a.test") != nil && table.site(forHost: "x.b.test") != nil)
        #expect(SiteTable([]).site(forHost: "a.test") == nil)
    }

    @Test("the first of two sites with the same host has it")
    func twice() {
        let hosts: [HostPattern] = [.exact("a.test"), .suffix(".a.test"), .any]
        let table = SiteTable([testSite("first", hosts: hosts), testSite("second", hosts: hosts)])
        for host in ["a.test", "x.a.test", "elsewhere"] { #expect(table.site(forHost: host)?.name == "first") }
    }

    @Test("thousands of hosts are each found, and no others")
    func many() {
        let sites = (0..<300).map { site in
            testSite("s\(site)", hosts: (0..<10).map { .exact("h\($0).s\(site).test") })
        }
        let table = SiteTable(sites)
        for site in 0..<300 {
            for host in 0..<10 { #expect(table.site(forHost: "h\(host).s\(site).test")?.name == "s\(site)") }
            #expect(table.site(forHost: "h10.s\(site).test") == nil)
        }
    }
}
