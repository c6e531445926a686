import CachingRules
import HTTPWire
import NIOCore
import Testing

@testable import CacheStore
@testable import Edge

@Suite("A bucket's error as an entry")
struct NegativeEntryTests {
    @Test(
        "how long: 404 and 410 for the site's time, 403 for at most a second, anything else not at all",
        arguments: [
            (404, 10, 10), (410, 10, 10), (403, 10, 1), (403, 1, 1), (404, 0, nil), (404, -1, nil), (403, 0, nil),
            (404, nil, nil), (400, 10, nil), (401, 10, nil), (412, 10, nil), (500, 10, nil), (503, 10, nil),
            (301, 10, nil),
        ] as [(Int, Int64?, Int64?)]
    )
    func lifetime(status: Int, ttl: Int64?, expected: Int64?) {
        #expect(NegativeEntry.lifetime(of: status, negativeTTL: ttl) == expected)
    }

    @Test("the edge's own words; nothing that a cache behind it could keep, or the edge use when it is stale")
    func head() {
        let form = NegativeEntry.representation(
            of: .bucket(404, .uriMiss),
            date: nil,
            freshness: testFreshness,
            generation: 7,
            mark: PurgeMark(log: 0, number: 0, local: 0)
        )
        #expect(form.head.http1.text.hasPrefix("HTTP/1.1 404 Not Found\r\n") && form.generation == 7)
        #expect(form.head.http1.text.contains("\r\nCache-Control: max-age=0, must-revalidate\r\n"))
        #expect(form.head.fields.contains(.date) && form.head.etag == nil && form.head.lastModified == nil)
        #expect(form.body.length == form.head.bodyLength && form.body.length > 0)
        #expect(form.head.cacheControl.forbidsStale && !form.head.cacheControl.noCache)
    }
}
