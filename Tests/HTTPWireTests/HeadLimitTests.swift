import HTTPWire
import Testing

@Suite struct HeadLimitTests {
    private let start = "GET / HTTP/1.1\r\nHost: a\r\n"

    @Test("RFC 6585, 5: a head of exactly the limit passes, one byte more is 431")
    func bytes() {
        func head(_ length: Int) -> String {
            let frame = start + "A: \r\n\r\n"
            return start + "A: " + String(repeating: "x", count: length - frame.utf8.count) + "\r\n\r\n"
        }
        #expect(parseRequest(head(32 * 1024)).result == .complete(length: 32 * 1024))
        #expect(requestError(head(32 * 1024 + 1)) == .tooLarge)
        #expect(HeadError(.tooLarge).status == 431)
        #expect(requestError(String(head(32 * 1024 + 1).dropLast(4))) == nil)
        #expect(requestError(start + "A: " + String(repeating: "x", count: 40_000)) == .tooLarge)
        #expect(parseRequest(head(200), limits: HeadLimits(bytes: 200)).result == .complete(length: 200))
        #expect(requestError(head(201), limits: HeadLimits(bytes: 200)) == .tooLarge)
    }

    @Test("RFC 6585, 5: a hundred fields pass, one more is 431")
    func fields() {
        func head(_ count: Int) -> String { start + String(repeating: "A: b\r\n", count: count - 1) + "\r\n" }
        #expect(requestError(head(100)) == nil)
        #expect(parseRequest(head(100)).head.fields.count == 100)
        #expect(requestError(head(101)) == .tooManyFields)
    }

    @Test("RFC 9112, 3: a target of 8 KiB passes, one byte more is 414, with and without its end")
    func target() {
        func line(_ length: Int) -> String { "GET /" + String(repeating: "x", count: length - 1) }
        #expect(requestError(line(8192) + " HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
        #expect(requestError(line(8193) + " HTTP/1.1\r\nHost: a\r\n\r\n") == .targetTooLong)
        #expect(requestError(line(9000)) == .targetTooLong)
        #expect(requestError(line(50_000)) == .targetTooLong)
        #expect(HeadError(.targetTooLong).status == 414)
    }

    @Test("RFC 9112, 3: a method that nobody has is 501")
    func method() {
        let method = String(repeating: "M", count: 65)
        #expect(requestError("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n") == .methodTooLong)
        #expect(requestError(String(repeating: "M", count: 20_000)) == .methodTooLong)
        #expect(requestError("\(method.dropLast()) / HTTP/1.1\r\nHost: a\r\n\r\n") == nil)
    }

    @Test("what is no HTTP is refused at its first byte")
    func otherProtocols() {
        #expect(requestError("\u{16}\u{3}\u{1}") == .badRequestLine)
        #expect(responseError("SSH-2.0") == .badStatusLine)
    }
}
