import HTTPWire
import TestSupport
import Testing

@Suite struct ByteRangeTests {
    @Test("RFC 9110, 14.1.2: the grammar")
    func grammar() {
        #expect(ByteRangeSet.parse("bytes=0-499")?.specs == [.from(0, through: 499)])
        #expect(ByteRangeSet.parse("Bytes=500-")?.specs == [.from(500, through: nil)])
        #expect(ByteRangeSet.parse("bytes=-5")?.specs == [.suffix(5)])
        #expect(
            ByteRangeSet.parse("bytes= 0-0 , ,-1,\t5-")?.specs
                == [.from(0, through: 0), .suffix(1), .from(5, through: nil)]
        )
        for wrong in [
            "", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5-4", "bytes=1 - 2", "items=0-1",
            "bytes =0-1",
            "bytes=0-1;", "bytes=--1", "bytes=0-1-2", "bytes=+1-2", "bytes=0-1,5-4", "bytes=0x1-2", "0-1", "bytes=1",
        ] {
            #expect(ByteRangeSet.parse(wrong) == nil, "\(wrong)")
        }
    }

    @Test("RFC 9110, 14.1.2: numbers that are too large mean the end")
    func largeNumbers() {
        let huge = "99999999999999999999999999"
        #expect(ByteRangeSet.parse("bytes=0-\(huge)")?.resolve(length: 10) == [0..<10])
        #expect(ByteRangeSet.parse("bytes=-\(huge)")?.resolve(length: 10) == [0..<10])
        #expect(ByteRangeSet.parse("bytes=\(huge)-")?.resolve(length: 10) == [])
        #expect(ByteRangeSet.parse("bytes=18446744073709551615-18446744073709551616")?.resolve(length: .max) == [])
        #expect(ByteRangeSet.parse("bytes=0-18446744073709551615")?.resolve(length: .max) == [0..<UInt64.max])
    }

    @Test("RFC 9110, 14.1.2: which bytes are meant")
    func resolve() {
        func ranges(_ text: String, _ length: UInt64) -> [Range<UInt64>]? {
            ByteRangeSet.parse("bytes=" + text)?.resolve(length: length)
        }
        #expect(ranges("0-0", 10) == [0..<1])
        #expect(ranges("9-", 10) == [9..<10])
        #expect(ranges("10-", 10) == [])
        #expect(ranges("5-100", 10) == [5..<10])
        #expect(ranges("-3", 10) == [7..<10])
        #expect(ranges("-0", 10) == [])
        #expect(ranges("-5", 0) == [])
        #expect(ranges("0-", 0) == [])
        #expect(ranges("8-9,0-1", 10) == [8..<10, 0..<2])
        #expect(ranges("8-9,0-1,20-", 10) == [8..<10, 0..<2])
    }

    @Test("RFC 9110, 15.3.7.2: overlapping ranges are merged, never longer than the body")
    func merging() {
        #expect(ByteRangeSet.parse("bytes=5-9,0-5")?.resolve(length: 10) == [0..<10])
        #expect(ByteRangeSet.parse("bytes=0-,0-,0-,0-")?.resolve(length: 10) == [0..<10])
        #expect(ByteRangeSet.parse("bytes=0-1,2-3")?.resolve(length: 10) == [0..<4])
        var random = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let length = UInt64.random(in: 0..<60, using: &random)
            var wanted = Set<UInt64>()
            let members = (0..<Int.random(in: 1...16, using: &random)).map { _ in
                let first = UInt64.random(in: 0..<70, using: &random)
                let last = first + UInt64.random(in: 0..<20, using: &random)
                for place in first...last where place < length { wanted.insert(place) }
                return "\(first)-\(last)"
            }
            let ranges = ByteRangeSet.parse("bytes=" + members.joined(separator: ","))?.resolve(length: length) ?? []
            #expect(ranges.reduce(0) { $0 + $1.count } == wanted.count)
            #expect(Set(ranges.flatMap { Array($0) }) == wanted)
        }
    }

    @Test("RFC 9110, 14.2: too many ranges are ignored")
    func limit() {
        let sixteen = Array(repeating: "0-0", count: 16).joined(separator: ",")
        #expect(ByteRangeSet.parse("bytes=" + sixteen)?.specs.count == 16)
        #expect(ByteRangeSet.parse("bytes=" + sixteen + ",0-0") == nil)
    }
}
