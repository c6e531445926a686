import CacheStore
import CachingRules
import HTTPWire
import NIOCore
import Testing

@testable import Edge

@Suite("An answer on its way into the cache")
struct PendingEntryTests {
    static func entry(_ fields: KeyValuePairs<String, String>, length: UInt64? = 5_000, status: Int = 200)
        -> PendingEntry
    {
        PendingEntry(
            head: ResponseHead(status: status, fields: testFields(fields)),
            freshness: testFreshness,
            length: length,
            tags: ["t"]
        )
    }

    static let css: KeyValuePairs = ["Content-Type": "text/css"]

    @Test("gets Vary where coded forms may be made of it, once, beside what stands there (RFC 9110 12.5.5)")
    func vary() {
        for (given, expected) in [
            (Self.css, "Accept-Encoding"), (["Content-Type": "text/css", "Vary": "Origin"], "Origin, Accept-Encoding"),
            (["Content-Type": "text/css", "Vary": "Origin, accept-ENCODING"], "Origin, accept-ENCODING"),
        ] as [(KeyValuePairs<String, String>, String)] {
            var entry = Self.entry(given)
            entry.prepareForms(at: testSite())
            #expect(entry.mayHaveForms && entry.head.fields.combined(.vary) == expected)
            #expect(entry.storedHead(bodyLength: 5_000).variesByEncoding)
        }
    }

    @Test("gets none where none are made")
    func noVary() {
        var entries = [
            Self.entry(["Content-Type": "image/png"]), Self.entry([:]), Self.entry(Self.css, length: 10),
            Self.entry(Self.css, status: 404), Self.entry(["Content-Type": "text/css", "Content-Encoding": "gzip"]),
            Self.entry(["Content-Type": "text/css", "Cache-Control": "no-transform"]),
        ]
        for index in entries.indices {
            entries[index].prepareForms(at: testSite())
            #expect(!entries[index].mayHaveForms && !entries[index].head.fields.contains(.vary))
        }
        var entry = Self.entry(Self.css)
        entry.prepareForms(at: testSite(compress: false))
        #expect(!entry.mayHaveForms && !entry.head.fields.contains(.vary))
    }

    @Test("a length that is not known yet counts as long enough")
    func unknownLength() {
        var entry = Self.entry(Self.css, length: nil)
        entry.prepareForms(at: testSite())
        #expect(entry.mayHaveForms)
    }

    @Test("a head of known length is sent with it; one of unknown length without any, and without Age")
    func heads() {
        let source = FillSource.origin(.uriMiss, status: 200, nil)
        let fields: KeyValuePairs = ["Content-Length": "99", "Age": "7", "X-A": "b"]
        let known = Self.entry(fields, length: 5).fillHead(source, isRetained: true)
        #expect(known.http1.text == "HTTP/1.1 200 OK\r\nX-A: b\r\nAccept-Ranges: bytes\r\nContent-Length: 5\r\n")
        #expect(known.length == 5 && known.isRetained)
        let unknown = Self.entry(fields, length: nil).fillHead(source, isRetained: false)
        #expect(unknown.http1.text == "HTTP/1.1 200 OK\r\nX-A: b\r\n" && unknown.length == nil)
        #expect(unknown.stored.tags == ["t"])
    }
}
