import HTTPWire
import Testing

@Suite struct ResponseHeadTests {
    @Test("RFC 9112, 4: the status line, with and without a reason")
    func statusLine() {
        for (line, reason) in [
            ("HTTP/1.1 200 OK", "OK"), ("HTTP/1.1 200 ", ""), ("HTTP/1.1 200", ""), ("HTTP/1.1 200 a b\tc", "a b\tc"),
        ] {
            let (result, head) = parseResponse("\(line)\r\nContent-Length: 3\r\n\r\n")
            #expect(result == .complete(length: line.utf8.count + 23))
            #expect(head.status == 200)
            #expect(head.reason == reason)
            #expect(head.framing == .length(3))
            #expect(head.keepAlive)
        }
    }

    @Test(
        "RFC 9112, 4: malformed status lines are refused",
        arguments: [
            "HTTP/1.1 20 OK", "HTTP/1.1 2000", "HTTP/1.1 200OK", "HTTP/1.1  200 OK", "HTTP/1.1 2x0 OK",
            "HTTP/1.1 099 X",
            "http/1.1 200 OK", "HTTP/1.1\t200 OK", "ICY 200 OK", "", " HTTP/1.1 200 OK", "HTTP/11 200 OK",
        ]
    )
    func malformedStatusLines(line: String) {
        #expect(responseError("\(line)\r\n\r\n") == .badStatusLine)
    }

    @Test("RFC 9110, 2.5: only HTTP/1 responses")
    func versions() {
        #expect(responseError("HTTP/2.0 200 OK\r\n\r\n") == .unsupportedVersion)
        #expect(parseResponse("HTTP/1.0 200 OK\r\n\r\n").head.version == .http10)
    }

    @Test("RFC 9112, 6.3: which responses have no body")
    func noBody() {
        let chunked = "Transfer-Encoding: chunked\r\n\r\n"
        for status in [100, 101, 103, 199, 204, 304] {
            #expect(parseResponse("HTTP/1.1 \(status) X\r\n\(chunked)").head.framing == .none)
            #expect(parseResponse("HTTP/1.1 \(status) X\r\nContent-Length: 5\r\n\r\n").head.framing == .none)
        }
        #expect(parseResponse("HTTP/1.1 200 OK\r\n\(chunked)", to: .head).head.framing == .none)
        #expect(parseResponse("HTTP/1.1 200 OK\r\n\r\n", to: .head).head.keepAlive)
        #expect(parseResponse("HTTP/1.1 200 OK\r\n\r\n", to: .connect).head.framing == .none)
        #expect(parseResponse("HTTP/1.1 403 X\r\n\(chunked)", to: .connect).head.framing == .chunked)
        #expect(parseResponse("HTTP/1.1 205 X\r\nContent-Length: 0\r\n\r\n").head.framing == .length(0))
    }

    @Test("RFC 9112, 6.3: chunked, length, until close")
    func framings() {
        #expect(parseResponse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").head.framing == .chunked)
        let (_, head) = parseResponse("HTTP/1.1 200 OK\r\n\r\n")
        #expect(head.framing == .untilClose)
        #expect(!head.keepAlive)
        #expect(
            responseError("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n") == .conflictingLength
        )
        let both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(responseError(both) == .lengthWithTransferEncoding)
        let oldChunked = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(responseError(oldChunked) == .transferEncodingInHTTP10)
        for coding in ["gzip", "X-GZIP", "deflate", "compress", "nonsense, gzip", "nonsense, chunked"] {
            let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: \(coding)\r\n\r\n"
            #expect(responseError(answer) == .unsupportedTransferCoding, "\(coding)")
        }
        // Rule 4: without `chunked` the body lasts until the connection closes.
        let unknown = parseResponse("HTTP/1.1 200 OK\r\nTransfer-Encoding: nonsense\r\n\r\n").head
        #expect(unknown.framing == .untilClose && !unknown.keepAlive)
    }

    @Test("RFC 9112, 5.2: a folded field line is refused")
    func folding() {
        #expect(responseError("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n") == .obsFold)
        #expect(responseError("HTTP/1.1 200 OK\r\nA : b\r\n\r\n") == .spaceBeforeColon)
        #expect(responseError("HTTP/1.1 200 OK\nA: b\r\n\r\n") == .bareLineFeed)
    }
}
