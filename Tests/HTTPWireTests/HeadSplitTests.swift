import HTTPWire
import TestSupport
import Testing

/// However a head is cut into pieces, the result is the same.
@Suite struct HeadSplitTests {
    static let alphabet: [String] = [
        "GET ", "/", "/a?b", " HTTP/1.1", " HTTP/1.0", "\r\n", "\r\n", "\r\n", "\r\n\r\n", "\r", "\n", "Host: a",
        "Host:",
        "Content-Length: 5", "Content-Length: x", "Transfer-Encoding: chunked", "Connection: close", "A: b", "B:\tc ",
        " ", "\t", ":", "\u{0}", "é", "Expect: 100-continue", "X-Long: 0123456789012345678901234567890123456789",
    ]

    /// What a caller can see of a head.
    struct Seen: Equatable {
        var result: HeadParseResult
        var texts: [String]
        var fields: FieldList
        var framing: BodyFraming
        var flags: [Bool]
    }

    private func parse(_ bytes: [UInt8], pieces: [Int]) -> Seen {
        var parser = HeadParser(limits: HeadLimits(bytes: 400, fields: 6, target: 40, method: 8))
        var head = RequestHead()
        for end in pieces {
            let result = parser.parseRequest(bytes.span.extracting(0..<end), into: &head)
            if result != .needMore || end == bytes.count { return seen(result, head) }
        }
        return seen(.needMore, head)
    }

    private func seen(_ result: HeadParseResult, _ head: RequestHead) -> Seen {
        guard case .complete = result else {
            return Seen(result: result, texts: [], fields: .init(), framing: .none, flags: [])
        }
        return Seen(
            result: result,
            texts: [head.methodText, head.targetString, head.version.text],
            fields: head.fields,
            framing: head.framing,
            flags: [head.keepAlive, head.expectsContinue]
        )
    }

    @Test("any cut gives the same result", arguments: [UInt64(1), 2, 3, 4])
    func anyCut(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for round in 0..<1500 {
            var text = Bool.random(using: &random) ? "GET / HTTP/1.1\r\nHost: a\r\n" : ""
            for _ in 0..<Int.random(in: 0..<14, using: &random) {
                text += Self.alphabet.randomElement(using: &random) ?? ""
            }
            if Bool.random(using: &random) { text += "\r\n\r\n" }
            let bytes = Array(text.utf8)
            let whole = parse(bytes, pieces: [bytes.count])
            let byByte = parse(bytes, pieces: Array(0...bytes.count))
            #expect(whole == byByte, "seed \(seed), round \(round): \(text.debugDescription)")
            var cuts = (0..<3).map { _ in Int.random(in: 0...bytes.count, using: &random) }.sorted()
            cuts.append(bytes.count)
            #expect(whole == parse(bytes, pieces: cuts), "seed \(seed), round \(round): \(text.debugDescription)")
        }
    }

    private func parseResponse(_ bytes: [UInt8], pieces: [Int], to method: HTTPWire.Method) -> Seen {
        var parser = HeadParser(limits: HeadLimits(bytes: 300, fields: 6))
        var head = ResponseHead()
        for end in pieces {
            let result = parser.parseResponse(bytes.span.extracting(0..<end), requestMethod: method, into: &head)
            guard result != .needMore || end == bytes.count else { continue }
            guard case .complete = result else {
                return Seen(result: result, texts: [], fields: .init(), framing: .none, flags: [])
            }
            return Seen(
                result: result,
                texts: [head.reason, "\(head.status)", head.version.text],
                fields: head.fields,
                framing: head.framing,
                flags: [head.keepAlive]
            )
        }
        return Seen(result: .needMore, texts: [], fields: .init(), framing: .none, flags: [])
    }

    @Test("any cut of a response gives the same result", arguments: [UInt64(5), 6])
    func anyCutOfAResponse(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let starts = ["HTTP/1.1 200 OK\r\n", "HTTP/1.0 304\r\n", "HTTP/1.1 204 \r\n", "HTTP/1.1 20", ""]
        for round in 0..<1500 {
            var text = starts.randomElement(using: &random) ?? ""
            for _ in 0..<Int.random(in: 0..<10, using: &random) {
                text += Self.alphabet.randomElement(using: &random) ?? ""
                if Bool.random(using: &random) { text += "\r\n" }
            }
            if Bool.random(using: &random) { text += "\r\n\r\n" }
            let bytes = Array(text.utf8)
            let method: HTTPWire.Method = Bool.random(using: &random) ? .get : .head
            let whole = parseResponse(bytes, pieces: [bytes.count], to: method)
            let byByte = parseResponse(bytes, pieces: Array(0...bytes.count), to: method)
            #expect(whole == byByte, "seed \(seed), round \(round): \(text.debugDescription)")
        }
    }

    @Test("fewer bytes than before are waited for")
    func shrinking() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n".utf8)
        var parser = HeadParser()
        var head = RequestHead()
        for count in [30, 5, 0, 30] {
            let result = parser.parseRequest(bytes.span.extracting(0..<count), into: &head)
            #expect(result == .needMore)
        }
        let result = parser.parseRequest(bytes.span, into: &head)
        #expect(result == .complete(length: bytes.count))
        #expect(head.fields.count == 2)
    }

    @Test("random bytes never do harm, and a parser is as good as new after them", arguments: [UInt64(11), 12])
    func randomBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var parser = HeadParser()
        var head = RequestHead()
        var response = ResponseHead()
        let good = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for _ in 0..<3000 {
            var bytes = (0..<Int.random(in: 0..<200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) {
                let place = Int.random(in: 0..<good.count, using: &random)
                bytes = good
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            _ = parser.parseResponse(bytes.span, requestMethod: .get, into: &response)
            parser = HeadParser()
            if parser.parseRequest(bytes.span, into: &head) == .needMore { parser = HeadParser() }
            let result = parser.parseRequest(good.span, into: &head)
            #expect(result == .complete(length: good.count))
            #expect(head.fields.count == 1)
        }
    }

    @Test("pipelined heads are taken one by one with one parser and one head")
    func pipelining() {
        let one = Array("GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".utf8)
        let two = Array("PUT /22 HTTP/1.1\r\nHost: b\r\nContent-Length: 3\r\n\r\n".utf8)
        let bytes = one + two
        var parser = HeadParser()
        var head = RequestHead()
        let first = parser.parseRequest(bytes.span, into: &head)
        #expect(first == .complete(length: one.count))
        let second = parser.parseRequest(bytes.span.extracting(droppingFirst: one.count), into: &head)
        #expect(second == .complete(length: two.count))
        #expect(head.targetString == "/22")
        #expect(head.framing == .length(3))
        #expect(head.keepAlive)
        #expect(head.fields[.host] == "b")
        #expect(head.fields[.connection] == nil)
    }
}
