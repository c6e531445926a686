import HTTPWire
import TestSupport
import Testing

@Suite struct ChunkedDecoderTests {
    enum Outcome: Equatable {
        case complete(body: [UInt8], used: Int)
        case incomplete(body: [UInt8])
        case failed(HeadError.Kind)
    }

    /// Feeds the bytes in pieces as a connection does: what a step has used is dropped.
    private func decode(_ bytes: [UInt8], cuts: [Int], limits: ChunkedDecoder.Limits = .init()) -> Outcome {
        var decoder = ChunkedDecoder(limits: limits)
        var body = [UInt8]()
        var start = 0
        for end in cuts + [bytes.count] {
            feeding: while true {
                switch decoder.next(bytes.span.extracting(start..<end)) {
                case .needMore(let consumed):
                    guard consumed == end - start else { return .failed(.badChunk) }
                    start = end
                    break feeding
                case .data(let skip, let count):
                    body += bytes[start + skip..<start + skip + count]
                    start += skip + count
                case .end(let consumed):
                    return decoder.isFinished ? .complete(body: body, used: start + consumed) : .failed(.badChunk)
                case .failed(let error):
                    return .failed(error.kind)
                }
            }
        }
        return .incomplete(body: body)
    }

    private func decode(_ text: String, limits: ChunkedDecoder.Limits = .init()) -> Outcome {
        decode(Array(text.utf8), cuts: [], limits: limits)
    }

    private func complete(_ body: String, _ used: Int) -> Outcome { .complete(body: Array(body.utf8), used: used) }

    @Test("RFC 9112, 7.1: chunks, extensions, trailers")
    func wellFormed() {
        #expect(decode("0\r\n\r\n") == complete("", 5))
        #expect(decode("4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\nGET") == complete("Wikipedia", 24))
        #expect(decode("A\r\n0123456789\r\n00\r\n\r\n") == complete("0123456789", 21))
        #expect(decode("1;a=b;c=\"d;e\"\r\nx\r\n0;z\r\n\r\n") == complete("x", 25))
        #expect(decode("1 \t;a\r\nx\r\n0\r\n\r\n") == complete("x", 15))
        #expect(decode("0\r\nExpires: x\r\nB: c\r\n\r\n") == complete("", 23))
        #expect(decode("0000000000000001\r\nx\r\n0\r\n\r\n") == complete("x", 26))
        #expect(decode("3\r\nab") == .incomplete(body: Array("ab".utf8)))
        #expect(decode("") == .incomplete(body: []))
    }

    @Test(
        "RFC 9112, 7.1: malformed bodies",
        arguments: [
            "\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1\n", "1\r\r", "1 \r\nx\r\n", "1 1\r\n",
            "1\r\nxy\r\n",
            "1\r\nx\n", "1\r\nx\r1", "1,\r\n", "1;a\nx", "1;\u{0}\r\n", "0\r\n\n", "0\r\n\rx", "0\r\n A: b\r\n\r\n",
            "0\r\n:\r\n\r\n", "0\r\nA: b\n\r\n", "0\r\nA: b\rc\r\n", "0\r\nA: \u{1}\r\n\r\n", ";a\r\n",
            "1\r\nx0\r\n\r\n",
            "10000000000000000\r\n", "8000000000000000\r\n", "FFFFFFFFFFFFFFFF\r\n", "00000000000000001\r\n",
        ]
    )
    func malformed(text: String) {
        guard case .failed = decode(text) else {
            Issue.record("accepted: \(text.debugDescription)")
            return
        }
    }

    @Test("sizes up to 2^63 - 1 are counted right")
    func largeSizes() {
        #expect(decode("7FFFFFFFFFFFFFFF\r\nabc") == .incomplete(body: Array("abc".utf8)))
        var decoder = ChunkedDecoder()
        let bytes = Array("7fffffffffffffff\r\nabc".utf8)
        let step = decoder.next(bytes.span)
        #expect(step == .data(skip: 18, count: 3))
    }

    @Test("many small extensions, endless trailers and endless blanks come to an end")
    func bounds() {
        let chunks = String(repeating: "1;a\r\nx\r\n", count: 10_000)
        #expect(decode(chunks) == .failed(.chunkTooLarge))
        #expect(decode("1;" + String(repeating: "a", count: 20_000)) == .failed(.chunkTooLarge))
        #expect(decode("1" + String(repeating: " ", count: 20_000)) == .failed(.chunkTooLarge))
        #expect(decode(String(repeating: "0", count: 20)) == .failed(.chunkTooLarge))
        #expect(decode("0\r\n" + String(repeating: "A: b\r\n", count: 5000)) == .failed(.trailerTooLarge))
        #expect(HeadError(.trailerTooLarge).status == 431)
        #expect(decode("0\r\nA: b\r\n\r\n", limits: .init(trailerBytes: 8)) == complete("", 11))
        #expect(decode("0\r\nA: b\r\n\r\n", limits: .init(trailerBytes: 7)) == .failed(.trailerTooLarge))
        #expect(decode("1;ab\r\nx\r\n0\r\n\r\n", limits: .init(extensionBytes: 3)) == complete("x", 14))
        #expect(decode("1;ab\r\nx\r\n0\r\n\r\n", limits: .init(extensionBytes: 2)) == .failed(.chunkTooLarge))
        let plain = String(repeating: "1\r\nx\r\n", count: 10_000) + "0\r\n\r\n"
        #expect(decode(plain) == complete(String(repeating: "x", count: 10_000), plain.utf8.count))
    }

    @Test("any cut gives the same result", arguments: [UInt64(1), 2, 3])
    func anyCut(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let parts = [
            "0", "1", "a", "F", "\r\n", "\r\n", "\r", "\n", ";", " ", "x", "1\r\nx\r\n", "3;q\r\nabc\r\n", "0\r\n\r\n",
            "A: b\r\n",
        ]
        for round in 0..<3000 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<12, using: &random) { text += parts.randomElement(using: &random) ?? "" }
            let bytes = Array(text.utf8)
            let whole = decode(bytes, cuts: [])
            #expect(
                whole == decode(bytes, cuts: Array(0..<bytes.count)),
                "seed \(seed), round \(round): \(text.debugDescription)"
            )
            let cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            #expect(whole == decode(bytes, cuts: cuts), "seed \(seed), round \(round): \(text.debugDescription)")
        }
    }

    @Test("what the coding wraps comes out again, and nothing of the next message is taken")
    func roundTrip() {
        var random = SeededGenerator(seed: 4)
        for _ in 0..<300 {
            var body = [UInt8]()
            var coded = [UInt8]()
            for _ in 0..<Int.random(in: 0..<6, using: &random) {
                let piece = (0..<Int.random(in: 1..<40, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                body += piece
                HeadWriter.hexadecimal(UInt64(piece.count), into: &coded)
                HeadWriter.lineEnd(into: &coded)
                coded += piece
                HeadWriter.lineEnd(into: &coded)
            }
            coded += Array("0\r\n\r\n".utf8)
            let cuts = (0..<4).map { _ in Int.random(in: 0...coded.count, using: &random) }.sorted()
            #expect(decode(coded + [0x47, 0x45, 0x54], cuts: cuts) == .complete(body: body, used: coded.count))
        }
    }
}
