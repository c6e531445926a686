import CacheStore
import CachingRules
import HTTPWire
import Testing

@testable import Edge

@Suite("Heads of coded forms")
struct FormMakerTests {
    static func head(_ fields: KeyValuePairs<String, String>, lifetime: Int64 = 60) -> StoredHead {
        StoredHead(
            status: 200,
            fields: testFields(fields),
            freshness: Freshness(lifetime: lifetime, correctedInitialAge: 0, responseTime: 1_700_000_000),
            bodyLength: 1_000,
            tags: ["t"]
        )
    }

    static let identity: KeyValuePairs = [
        "ETag": "\"v1\"", "Content-Type": "text/css", "Content-Length": "1000", "Vary": "Accept-Encoding",
        "Cache-Control": "max-age=60",
    ]

    @Test("a form has its coding, its length and a tag of its own; the rest is its parent's (RFC 9110 8.8.3.3)")
    func form() {
        let parent = Self.head(Self.identity)
        var tags: Set<String> = ["\"v1\""]
        for (coding, level) in [(Coding.gzip, 6), (.br, 5), (.br, 11)] {
            let form = FormMaker.head(of: parent, coding, level: level, length: 300)
            #expect(form.fields[.contentEncoding] == coding.token && form.bodyLength == 300)
            #expect(form.http1.text.contains("\r\nContent-Length: 300\r\n"))
            #expect(!form.http1.text.contains("1000") && !form.http1NotModified.text.contains("Content-Encoding"))
            #expect(form.fields[.vary] == "Accept-Encoding" && form.fields[.cacheControl] == "max-age=60")
            #expect(form.freshness == parent.freshness && form.tags == ["t"])
            #expect(form.etag?.isWeak == false)
            tags.insert(form.etag?.text ?? "")
        }
        #expect(tags.count == 4)
    }

    @Test("RFC 9530: digests of the identity's bytes are none of a form's")
    func digests() {
        let parent = Self.head([
            "Content-MD5": "x", "Repr-Digest": "sha-256=:x:", "content-digest": "sha-256=:x:", "Digest": "md5=x",
            "X-A": "1",
        ])
        let form = FormMaker.head(of: parent, .br, level: 5, length: 300)
        #expect(form.fields.fields.map { form.fields.nameString($0) } == ["X-A", "Content-Encoding"])
        #expect(!FormMaker.freshenedHead(of: form, from: parent).http1.text.lowercased().contains("digest"))
    }

    @Test("a weak tag stays weak; where there is none, none is made up")
    func weak() {
        let weak = FormMaker.head(of: Self.head(["ETag": "W/\"v1\""]), .gzip, level: 6, length: 1)
        #expect(weak.etag?.isWeak == true && weak.etag?.opaque != "v1")
        #expect(FormMaker.head(of: Self.head([:]), .gzip, level: 6, length: 1).etag == nil)
    }

    @Test("a 304 gives the form its parent's new fields and lifetime; coding, length and tag stay (RFC 9111 3.2)")
    func freshened() {
        let form = FormMaker.head(of: Self.head(Self.identity), .br, level: 5, length: 300)
        let parent = Self.head(
            [
                "ETag": "\"v1\"", "Content-Type": "text/css", "Vary": "Accept-Encoding", "Cache-Control": "max-age=9",
                "X-New": "1",
            ],
            lifetime: 9
        )
        let freshened = FormMaker.freshenedHead(of: form, from: parent)
        #expect(freshened.etag == form.etag && freshened.bodyLength == 300 && freshened.status == 200)
        #expect(freshened.fields[.contentEncoding] == "br" && freshened.fields["X-New"] == "1")
        #expect(freshened.fields[.cacheControl] == "max-age=9" && freshened.freshness.lifetime == 9)
        #expect(freshened.http1.text.contains("Content-Length: 300"))
    }
}
