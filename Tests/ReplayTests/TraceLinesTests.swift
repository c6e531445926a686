import Testing

@testable import Replay

@Suite("Lines of a trace")
struct TraceLinesTests {
    private func requests(_ text: String, by step: Int = .max) throws -> [TraceRequest] {
        var lines = TraceLines(path: "t")
        var found: [TraceRequest] = []
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = step > bytes.count - start ? bytes.count : start + step
            try lines.read(Array(bytes[start..<end]).span, into: &found)
            start = end
        }
        try lines.finish(into: &found)
        return found
    }

    @Test("time, key and size; keys are any text; the last line may have no end; empty lines are passed over")
    func lines() throws {
        let found = try requests("1,/a.css,100\n2,/b,c,d?x=1,0\r\n\n3.5,/ä b,140737488355328\n,/a.css,100")
        #expect(found.map(\.size) == [100, 0, 140_737_488_355_328, 100])
        #expect(found[0] == found[3])
        #expect(Set(found.map(\.hash)).count == 3)
    }

    @Test("the pieces in which the bytes come make no difference", arguments: [1, 2, 3, 7, 64])
    func pieces(step: Int) throws {
        let text = "1,abc,1\n2,defghijklm,22\n\n3,x,333\n"
        #expect(try requests(text, by: step) == requests(text))
    }

    @Test("a first line that names the columns is passed over")
    func header() throws {
        #expect(try requests("time,key,size\n1,a,5\n").count == 1)
    }

    @Test(
        "a bad line says its number, what was expected and what was found",
        arguments: [
            "garbage", "1,a", "1,a,", "1,a,-5", "1,a,5x", "1,a,5.0", "1,a, 5", "1,a,140737488355329",
            "1,a,99999999999999999999999999", ",5", "5", "1,a,key,size",
        ]
    )
    func bad(line: String) {
        #expect {
            try requests("1,a,1\n\n\(line)\n1,b,1\n")
        } throws: { error in
            guard case TraceError.badLine(let path, let number, let expected, let found) = error else { return false }
            return path == "t" && number == 3 && expected.contains("time,key,size") && found == line
        }
    }

    @Test("what a bad line shows does not steer a terminal, and is short")
    func harmless() {
        #expect {
            try requests("\u{1B}[2J" + String(repeating: "x", count: 500) + "\n")
        } throws: { error in
            let text = "\(error)"
            return text.contains("t:1:") && !text.contains("\u{1B}") && text.count < 150
        }
    }

    @Test("a line without end is refused instead of kept in memory")
    func endless() {
        #expect(throws: TraceError.self) {
            var lines = TraceLines(path: "t")
            var found: [TraceRequest] = []
            let bytes = [UInt8](repeating: 120, count: 100_000)
            for _ in 0..<20 { try lines.read(bytes.span, into: &found) }
        }
    }

    @Test("sizes whose sum would overflow are refused, and what is below is counted")
    func hugeSizes() throws {
        let line = "1,a,140737488355328\n"
        let many = try requests(String(repeating: line, count: 1 << 14))
        #expect(many.count == 1 << 14)
        #expect(throws: TraceError.self) { try requests(String(repeating: line, count: 1 << 14) + line) }
    }

    @Test("hashes are spread over all their bits, and depend on every byte and on the size")
    func hashes() {
        var low: Set<UInt64> = []
        var high: Set<UInt64> = []
        var buckets = [Int](repeating: 0, count: 256)
        for number in 0..<20_000 {
            let hash = ObjectHash.hash(Array("\(number)".utf8).span, size: 7)
            low.insert(UInt64(truncatingIfNeeded: hash))
            high.insert(UInt64(truncatingIfNeeded: hash >> 64))
            buckets[Int(truncatingIfNeeded: hash) & 255] += 1
        }
        #expect(low.count == 20_000 && high.count == 20_000)
        #expect(buckets.allSatisfy { (30...140).contains($0) })
        #expect(ObjectHash.hash([1].span, size: 1) != ObjectHash.hash([1].span, size: 2))
        #expect(ObjectHash.hash([0].span, size: 1) != ObjectHash.hash([0, 0].span, size: 1))
    }
}
