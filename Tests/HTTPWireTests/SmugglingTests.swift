import HTTPWire
import Testing

/// What two recipients might read differently is refused (RFC 9112, section 11.2).
@Suite struct SmugglingTests {
    private func error(_ fields: String, version: String = "HTTP/1.1") -> HeadError.Kind? {
        requestError("POST / \(version)\r\nHost: a\r\n\(fields)\r\n")
    }

    @Test("RFC 9112, 2.2: bare LF and bare CR")
    func bareLFAndBareCR() {
        #expect(requestError("GET / HTTP/1.1\nHost: a\r\n\r\n") == .bareLineFeed)
        #expect(requestError("GET / HTTP/1.1\r\nHost: a\n\r\n") == .bareLineFeed)
        #expect(requestError("GET / HTTP/1.1\r\nHost: a\r\n\n") == .bareLineFeed)
        #expect(requestError("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == .bareLineFeed)
        #expect(requestError("GET / HTTP/1.1\rHost: a\r\n\r\n") == .bareCarriageReturn)
        #expect(error("A: b\rc\r\n") == .bareCarriageReturn)
        #expect(error("A: b\r\r\n") == .bareCarriageReturn)
    }

    @Test("RFC 9112, 5.2: obsolete line folding")
    func obsoleteLineFolding() {
        #expect(error("A: b\r\n c\r\n") == .obsFold)
        #expect(error("A: b\r\n\tc\r\n") == .obsFold)
        #expect(error("A: b\r\n \r\n") == .obsFold)
        #expect(requestError("GET / HTTP/1.1\r\n Host: a\r\n\r\n") == .obsFold)
    }

    @Test("RFC 9112, 5.1: nothing stands between name and colon")
    func nothingStandsBetweenNameAndColon() {
        #expect(error("A : b\r\n") == .spaceBeforeColon)
        #expect(error("A\t: b\r\n") == .spaceBeforeColon)
        #expect(error("Content-Length : 5\r\n") == .spaceBeforeColon)
        #expect(error("A\r\n") == .missingColon)
        #expect(error(": b\r\n") == .badFieldName)
        for name in ["A(", "A@", "\u{e9}", "A/", "A[", "A{", "A,", "A;", "A\"", "A\\", "A?", "A="] {
            #expect(error("\(name): b\r\n") == .badFieldName)
        }
    }

    @Test("RFC 9110, 5.5: control characters in a field")
    func controlCharactersInAField() {
        for byte in UInt8(0)...31 where byte != 9 && byte != 10 && byte != 13 {
            let character = Character(Unicode.Scalar(byte))
            #expect(error("A: b\(character)c\r\n") == .controlCharacter)
            #expect(error("A\(character): b\r\n") == .controlCharacter)
        }
        #expect(error("A: \u{7F}\r\n") == .controlCharacter)
        #expect(error("A: b\tc\u{e9}\r\n") == nil)
    }

    @Test("RFC 9112, 6.3: lengths")
    func lengths() {
        #expect(error("Content-Length: 5\r\nContent-Length: 6\r\n") == .conflictingLength)
        #expect(error("Content-Length: 5\r\nContent-Length: 5\r\n") == .conflictingLength)
        for value in [
            "5, 5", "5,6", "+5", "-5", "0x5", "5 5", "", "5;", "5.0", "18446744073709551616", "9223372036854775808",
        ] {
            #expect(error("Content-Length: \(value)\r\n") == .badContentLength, "\(value)")
        }
        #expect(parseRequest("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0007\r\n\r\n").head.framing == .length(7))
        #expect(parseRequest("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").head.framing == .length(0))
        let largest = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n"
        #expect(parseRequest(largest).head.framing == .length(9_223_372_036_854_775_807))
    }

    @Test("RFC 9112, 6.1: transfer codings")
    func transferCodings() {
        #expect(error("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") == .lengthWithTransferEncoding)
        #expect(error("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") == .lengthWithTransferEncoding)
        for value in ["chunked, chunked", "", ",chunked", "chunked,", "chunked;a=b", "chunked, gzip", "\"chunked\""] {
            #expect(error("Transfer-Encoding: \(value)\r\n") == .badTransferEncoding, "\(value)")
        }
        #expect(error("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") == .badTransferEncoding)
        for value in ["gzip", "identity", "gzip, chunked", "xchunked"] {
            #expect(error("Transfer-Encoding: \(value)\r\n") == .unsupportedTransferCoding, "\(value)")
        }
        #expect(HeadError(.unsupportedTransferCoding).status == 501)
        #expect(error("Transfer-Encoding: chunked\r\n", version: "HTTP/1.0") == .transferEncodingInHTTP10)
        let chunked = parseRequest("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked \r\n\r\n")
        #expect(chunked.head.framing == .chunked)
    }

    @Test("RFC 9112, 3.2: Host")
    func host() {
        #expect(requestError("GET / HTTP/1.1\r\n\r\n") == .missingHost)
        #expect(requestError("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == .severalHosts)
        #expect(requestError("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n") == .severalHosts)
        #expect(requestError("GET / HTTP/1.0\r\n\r\n") == nil)
        #expect(requestError("GET / HTTP/1.1\r\nHost:\r\n\r\n") == nil)
        for host in ["a b", "a/b", "a@b", "a:b", "a:99999", "a:1:2", "[::1", "[1]", "[::1]x", "a,b", "a?b", "\u{e9}"]
        where host != "a,b" {
            #expect(requestError("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == .badHost, "\(host)")
        }
        for host in ["a", "a:", "a:80", "[::1]", "[::1]:8080", "127.0.0.1:65535", "a_b.example-c.com."] {
            #expect(requestError("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == nil, "\(host)")
        }
    }

    @Test("every kind has a status and a sentence")
    func everyKindHasAStatusAndASentence() {
        for kind in HeadError.Kind.allCases {
            #expect([400, 414, 431, 501, 505].contains(HeadError(kind).status))
            #expect(HeadError(kind, at: 7).message.hasSuffix("(byte 7)"))
        }
    }
}
