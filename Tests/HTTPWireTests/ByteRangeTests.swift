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

    @Test("RFC 9110, 14.2: Range is no list of lines; two of them are ignored")
    func fieldLines() {
        var fields = FieldList()
        #expect(ByteRangeSet.parse(fields) == nil)
        fields.append(.range, "bytes=0-1, -1")
        #expect(ByteRangeSet.parse(fields)?.specs == [.from(0, through: 1), .suffix(1)])
        fields.append(.accept, "*/*")
        fields.append(.range, "bytes=5-")
        #expect(ByteRangeSet.parse(fields) == nil)
    }

    @Test("a set is read the same wherever it lies among other bytes")
    func inPlace() {
        let bytes = Array("0-9bytes=3-4,,-7 8".utf8)
        let set = ByteRangeSet.parse(bytes.span, 3..<bytes.count - 2)
        #expect(set?.specs == [.from(3, through: 4), .suffix(7)])
    }

    @Test("RFC 9110, 14.2: ranges that do not overlap keep the order in which they were asked for")
    func order() {
        #expect(ByteRangeSet.parse("bytes=90-99,50-59,0-9")?.resolve(length: 100) == [90..<100, 50..<60, 0..<10])
        #expect(ByteRangeSet.parse("bytes=-10,0-9")?.resolve(length: 100) == [90..<100, 0..<10])
        #expect(ByteRangeSet.parse("bytes=-200,50-")?.resolve(length: 100) == [0..<100])
    }
}

@Suite struct ContentRangeTests {
    @Test("RFC 9110, 14.4: the grammar")
    func grammar() {
        #expect(ContentRange("bytes 0-99/1000") == ContentRange(range: 0..<100, completeLength: 1000))
        #expect(ContentRange("Bytes 42-1233/*") == ContentRange(range: 42..<1234, completeLength: nil))
        #expect(ContentRange(" bytes */1000\t") == ContentRange(range: nil, completeLength: 1000))
        #expect(ContentRange("bytes 0-0/1") == ContentRange(range: 0..<1, completeLength: 1))
        #expect(ContentRange("bytes */0") == ContentRange(range: nil, completeLength: 0))
        for wrong in [
            "", "bytes", "bytes ", "bytes 0-99", "bytes=0-99/1000", "bytes 0-1000/1000", "bytes 5-4/10", "bytes */*",
            "items 0-9/10", "bytes -9/10", "bytes 0-/10", "bytes 0 - 9/10", "bytes 0-9/", "bytes 0-9/1x", "bytes /10",
            "bytes 0-99999999999999999999/99999999999999999999", "bytes 0-9/10/10", "bytes 0-9, 1-2/10",
            "bytes +0-9/10",
        ] {
            #expect(ContentRange(wrong) == nil, "\(wrong)")
        }
    }

    @Test("what is written is what is read")
    func written() {
        for text in [
            "bytes 0-99/1000", "bytes 7-7/*", "bytes */1000", "bytes 0-9223372036854775805/9223372036854775806",
        ] {
            #expect(ContentRange(text)?.text == text)
        }
        #expect(ContentRange(range: 5..<5, completeLength: 9).text == "bytes */9")
        var random = SeededGenerator(seed: 14)
        let tokens = ["bytes ", "*", "/", "-", "0", "99999999999999999999", " ", "=", ","]
        for _ in 0..<2000 {
            let text = random.damage(Array("bytes 10-19/100".utf8), with: tokens)
            guard let read = ContentRange(String(decoding: text, as: UTF8.self)) else { continue }
            #expect(ContentRange(read.text) == read)
            if let range = read.range { #expect(!range.isEmpty && range.upperBound <= read.completeLength ?? .max) }
        }
    }
}
