import CacheStore
import CachingRules
import HTTPWire
import NIOCore
import TestSupport
import Testing

@testable import Edge

@Suite("Which ranges are honoured")
struct RangePlanTests {
    static let modified = "Sun, 06 Nov 1994 08:49:37 GMT"
    static let stored = testStored([
        "Content-Type": "text/plain", "ETag": "\"v1\"", "Last-Modified": modified,
        "Date": "Mon, 07 Nov 1994 08:49:37 GMT",
    ])

    static func plan(
        _ range: String,
        _ length: UInt64 = 10_000,
        ifRange: String? = nil,
        method: HTTPWire.Method = .get,
        of stored: StoredHead = stored
    ) -> RangePlan {
        var fields = testFields(["Range": range])
        if let ifRange { fields.append(.ifRange, ifRange) }
        return RangePlan.of(fields, method: method, head: stored, length: length)
    }

    @Test("RFC 9110, 14.1.2: one range")
    func single() {
        #expect(Self.plan("bytes=0-0") == .single(0..<1))
        #expect(Self.plan("bytes=0-") == .single(0..<10_000))
        #expect(Self.plan("BYTES=9999-") == .single(9999..<10_000))
        #expect(Self.plan("bytes=500-99999999999999999999999") == .single(500..<10_000))
        #expect(Self.plan("bytes=-1") == .single(9999..<10_000))
        #expect(Self.plan("bytes=-20000") == .single(0..<10_000))
        #expect(Self.plan("bytes=  5-9 ,, ") == .single(5..<10))
        #expect(Self.plan("bytes=5-9,10000-") == .single(5..<10))
        #expect(Self.plan("bytes=5-9,10-20") == .single(5..<21))
        #expect(Self.plan("bytes=0-,-5,17-900") == .single(0..<10_000))
    }

    @Test("RFC 9110, 14.2 and 15.5.17: nothing of it lies in the body")
    func unsatisfiable() {
        for range in ["bytes=-0", "bytes=10000-", "bytes=10000-10001,-0", "bytes=99999999999999999999999-"] {
            #expect(Self.plan(range) == .unsatisfiable, "\(range)")
        }
    }

    @Test("RFC 9110, 14.2: what is malformed, of another unit or too much is ignored")
    func ignored() {
        let seventeen = "bytes=" + (0..<17).map { "\($0 * 10)-\($0 * 10)" }.joined(separator: ",")
        for range in ["bytes=5-2", "bytes=", "items=0-5", "bytes", "0-5", "bytes=0-5;", "bytes=a-", seventeen] {
            #expect(Self.plan(range) == .whole, "\(range)")
        }
        #expect(RangePlan.of(FieldList(), method: .get, head: Self.stored, length: 10) == .whole)
        let twice = testFields(["Range": "bytes=0-1", "range": "bytes=0-1"])
        #expect(RangePlan.of(twice, method: .get, head: Self.stored, length: 10) == .whole)
    }

    @Test("RFC 9110, 14.2: only GET has ranges; only a 200 is cut")
    func methodAndStatus() {
        #expect(Self.plan("bytes=0-1", method: .head) == .whole)
        #expect(Self.plan("bytes=20000-", method: .head) == .whole)
        #expect(Self.plan("bytes=0-1", of: testStored([:], status: 404)) == .whole)
    }

    @Test("an empty body is sent as it is: no Content-Range could say anything about it")
    func empty() {
        for range in ["bytes=0-", "bytes=-5", "bytes=0-0", "bytes=-0"] { #expect(Self.plan(range, 0) == .whole) }
    }

    @Test("RFC 9110, 15.3.7.2: several ranges, in the order asked for unless merged, never longer than the body")
    func multiple() {
        #expect(Self.plan("bytes=0-0,-1") == .multiple([0..<1, 9999..<10_000]))
        #expect(Self.plan("bytes=900-999,0-99") == .multiple([900..<1000, 0..<100]))
        #expect(Self.plan("bytes=900-999,0-99,50-149") == .multiple([0..<150, 900..<1000]))
        let sixteen = (0..<16).map { UInt64($0) * 100..<UInt64($0) * 100 + 1 }
        #expect(
            Self.plan("bytes=" + sixteen.map { "\($0.lowerBound)-\($0.lowerBound)" }.joined(separator: ","))
                == .multiple(sixteen)
        )
        #expect(Self.plan("bytes=0-0,-1", 100) == .whole)
        #expect(Self.plan("bytes=0-4900,4910-") == .whole)
        #expect(Self.plan("bytes=0-0,-1", of: testStored(["Content-Encoding": "br"])) == .whole)
        #expect(Self.plan("bytes=0-0", of: testStored(["Content-Encoding": "br"])) == .single(0..<1))
    }

    @Test("RFC 9110, 13.1.5: If-Range by strong comparison, or by the very date")
    func ifRange() {
        #expect(Self.plan("bytes=0-1", ifRange: "\"v1\"") == .single(0..<2))
        #expect(Self.plan("bytes=0-1", ifRange: Self.modified) == .single(0..<2))
        for wrong in [
            "\"v2\"", "W/\"v1\"", "v1", "", "*", "\"v1\", \"v2\"", "Sun, 06 Nov 1994 08:49:36 GMT",
            "Sun, 06 Nov 1994 08:49:38 GMT", "yesterday",
        ] {
            #expect(Self.plan("bytes=0-1", ifRange: wrong) == .whole, "\(wrong)")
            #expect(Self.plan("bytes=20000-", ifRange: wrong) == .whole, "\(wrong)")
        }
        #expect(Self.plan("bytes=20000-", ifRange: "\"v1\"") == .unsatisfiable)
        let weak = testStored(["ETag": "W/\"v1\"", "Last-Modified": Self.modified, "Date": Self.modified])
        for condition in ["W/\"v1\"", "\"v1\"", Self.modified] {
            #expect(Self.plan("bytes=0-1", ifRange: condition, of: weak) == .whole)
        }
        #expect(Self.plan("bytes=0-1", ifRange: "\"\"", of: testStored([:])) == .whole)
        let twice = testFields(["Range": "bytes=0-1", "If-Range": "\"v1\"", "if-range": "\"v1\""])
        #expect(RangePlan.of(twice, method: .get, head: Self.stored, length: 10) == .whole)
    }
}

/// The head of a stored 200 with these fields.
func testStored(_ fields: KeyValuePairs<String, String>, status: Int = 200) -> StoredHead {
    StoredHead(status: status, fields: testFields(fields), freshness: testFreshness, bodyLength: 10)
}
