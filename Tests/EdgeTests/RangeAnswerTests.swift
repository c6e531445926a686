import CacheStore
import HTTPWire
import NIOCore
import TestSupport
import Testing

@testable import Edge

@Suite("206 and 416")
struct RangeAnswerTests {
    static let stored = testStored([
        "Content-Type": "text/css", "etag": "\"v1\"", "Age": "7", "Content-Length": "10", "Cache-Control": "max-age=9",
        "Expires": "0", "Vary": "Accept-Encoding", "Content-Location": "/b", "X-Own": "1",
        "Date": "Mon, 07 Nov 1994 08:49:37 GMT", "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
    ])

    @Test("RFC 9110, 15.3.7: the stored fields, with another length and the place of the part")
    func single() {
        let answer = RangeAnswer(2..<5, of: Self.stored, total: 10)
        #expect(answer.parts == [.slice(2..<5)] && answer.length == 3)
        #expect(
            answer.head.text == """
                HTTP/1.1 206 Partial Content\r
                Content-Type: text/css\r
                etag: "v1"\r
                Cache-Control: max-age=9\r
                Expires: 0\r
                Vary: Accept-Encoding\r
                Content-Location: /b\r
                X-Own: 1\r
                Date: Mon, 07 Nov 1994 08:49:37 GMT\r
                Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r
                Content-Range: bytes 2-4/10\r
                Content-Length: 3\r

                """
        )
    }

    @Test("RFC 9530: a digest of the whole content is none of the part's; one of the representation is")
    func digests() {
        let stored = testStored([
            "Content-MD5": "x", "content-digest": "sha-256=:x:", "Repr-Digest": "sha-256=:x:", "Accept-Ranges": "none",
        ])
        let head = RangeAnswer(0..<1, of: stored, total: 10).head.text.lowercased()
        #expect(!head.contains("content-md5") && !head.contains("content-digest") && !head.contains("accept-ranges"))
        #expect(head.contains("repr-digest: "))
    }

    @Test("RFC 9110, 14.6 and 15.3.7.2: parts with heads of their own, no Content-Range for the whole")
    func multiple() throws {
        let body = TestBytes.pattern(3000)
        let ranges: [Range<UInt64>] = [2900..<3000, 0..<1, 1000..<2001]
        let answer = RangeAnswer(ranges, of: Self.stored, total: 3000)
        let head = answer.head.text
        #expect(head.hasPrefix("HTTP/1.1 206 ") && !head.contains("Content-Range") && !head.contains("text/css"))
        #expect(head.contains("\r\nContent-Length: \(answer.length)\r\n"))
        let boundary = try #require(head.firstRange(of: "multipart/byteranges; boundary=")).upperBound
        let text = String(head[boundary...].prefix(32))
        var expected: [UInt8] = []
        for (index, range) in ranges.enumerated() {
            expected += Array("\(index > 0 ? "\r\n" : "")--\(text)\r\nContent-Type: text/css\r\n".utf8)
            expected += Array("Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/3000\r\n\r\n".utf8)
            expected += body[Int(range.lowerBound)..<Int(range.upperBound)]
        }
        expected += Array("\r\n--\(text)--\r\n".utf8)
        let sent = answer.parts.buffers(from: Self.cut(body, 700)).flatMap { Array($0.readableBytesView) }
        #expect(sent == expected && UInt64(sent.count) == answer.length)
        #expect(MultipartRanges(ranges, head: Self.stored, length: 3000).bytes == answer.length)
        #expect(MultipartRanges.boundary() != MultipartRanges.boundary())
    }

    @Test("RFC 9110, 15.5.17: 416 says the length, and what the whole would be named")
    func unsatisfiable() {
        #expect(
            RangeAnswer.unsatisfiable(Self.stored, total: 10).text == """
                HTTP/1.1 416 Range Not Satisfiable\r
                Content-Range: bytes */10\r
                Content-Length: 0\r
                etag: "v1"\r
                Vary: Accept-Encoding\r
                Date: Mon, 07 Nov 1994 08:49:37 GMT\r

                """
        )
    }

    @Test("slices of pieces are the bytes of the range, and share the pieces' storage")
    func slices() {
        let body = TestBytes.pattern(5000)
        var random = SeededGenerator(seed: 206)
        for _ in 0..<500 {
            let pieces = Self.cut(body, Int.random(in: 1...2000, using: &random))
            let start = Int.random(in: 0..<5000, using: &random)
            let end = Int.random(in: start...5000, using: &random)
            let slices = pieces.slices(of: UInt64(start)..<UInt64(end))
            #expect(slices.flatMap { Array($0.readableBytesView) } == Array(body[start..<end]))
            #expect(slices.allSatisfy { slice in slice.readableBytes > 0 })
        }
        #expect(Self.cut(body, 100).slices(of: 4990..<6000).map(\.readableBytes) == [10])
        #expect(Self.cut(body, 100).slices(of: 6000..<6001).isEmpty)
    }

    private static func cut(_ body: [UInt8], _ size: Int) -> [ByteBuffer] {
        stride(from: 0, to: body.count, by: size).map { start in
            // Bytes before what can be read: places are counted from the reader's index.
            var piece = ByteBuffer(bytes: [0, 0] + body[start..<min(start + size, body.count)])
            piece.moveReaderIndex(forwardBy: 2)
            return piece
        }
    }
}
