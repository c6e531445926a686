import HTTPWire
import NIOCore
import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// `aws-chunked` bodies: the decoder alone, and uploads.
struct ChunkedUploadTests {
    /// Decodes `body` given in pieces of `size` bytes.
    static func decode(_ body: String, inPiecesOf size: Int) throws -> (
        data: String, decoder: AWSChunkedDecoder, chunks: [Int64]
    ) {
        var decoder = AWSChunkedDecoder()
        var data: [UInt8] = []
        var chunks: [Int64] = []
        let bytes = Array(body.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            var position = 0
            reading: while true {
                switch try decoder.next(piece.span, &position) {
                case .needMore: break reading
                case .chunk(let size, _): chunks.append(size)
                case .data(let range): data += piece[range]
                case .chunkEnd: break
                }
            }
        }
        return (String(decoding: data, as: UTF8.self), decoder, chunks)
    }

    @Test("Whole bodies decode the same however they are cut")
    func pieces() throws {
        let bodies =
            [
                ("5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n", "hello world", [5, 6, 0]),
                ("0\r\n\r\n", "", [0]),
                ("A;chunk-signature=00ff\r\n0123456789\r\n0;chunk-signature=11\r\n\r\n", "0123456789", [10, 0]),
                ("00003\r\nabc\r\n0\r\nA: b \r\nx-amz-trailer-signature:1\r\n", "abc", [3, 0]),
            ] as [(String, String, [Int64])]
        for (body, expected, sizes) in bodies {
            for size in 1...body.utf8.count {
                let (data, decoder, chunks) = try Self.decode(body, inPiecesOf: size)
                #expect(data == expected)
                #expect(chunks == sizes)
                #expect(decoder.isComplete)
            }
        }
        let trailer = try Self.decode(bodies[3].0, inPiecesOf: 100).decoder.trailer
        #expect(trailer.map(\.name) == ["a", "x-amz-trailer-signature"])
        #expect(trailer.map(\.value) == ["b", "1"])
    }

    @Test(
        "Malformed bodies are refused",
        arguments: [
            "x\r\n", "\r\n", "-5\r\nhello", "+5\r\nhello\r\n", "5 \r\nhello\r\n", "5\r\nhelloX\r\n", "0\r\n\r\nmore",
            "0\r\nno colon\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\n", "7FFFFFFFFFFFFFFF\r\n", "1\r\na\r\n140000001\r\n",
            "5;" + String(repeating: "a", count: 600) + "\r\nhello\r\n",
            "0\r\na:" + String(repeating: "b", count: 5_000) + "\r\n\r\n",
            "0\r\n" + String(repeating: "a:" + String(repeating: "b", count: 1_000) + "\r\n", count: 5) + "\r\n",
        ]
    )
    func malformed(body: String) {
        for size in [1, 7, 10_000] {
            #expect(throws: S3Error.self) { try Self.decode(body, inPiecesOf: size) }
        }
    }

    @Test(
        "A body that ends early is not complete",
        arguments: ["", "5", "5\r\nhel", "5\r\nhello", "5\r\nhello\r\n", "0", "0\r\nx-amz"]
    )
    func early(body: String) throws {
        #expect(try !Self.decode(body, inPiecesOf: 100).decoder.isComplete)
    }

    @Test("Damaged bodies are refused or decoded, the same however they are cut")
    func damaged() {
        var random = SeededGenerator(seed: 11)
        let body = Array("5;chunk-signature=ab\r\nhello\r\nA\r\n0123456789\r\n0\r\nx-amz-a:b\r\n\r\n".utf8)
        for round in 0..<2_000 {
            let text = String(decoding: random.damage(body, with: ["\r\n", "FFFFFFF", ";", "-", ":"]), as: UTF8.self)
            let results = [1, 3, 1_000].map { size in
                (try? Self.decode(text, inPiecesOf: size)).map { "\($0.data) \($0.chunks) \($0.decoder.isComplete)" }
            }
            #expect(results[0] == results[1] && results[1] == results[2], "round \(round): \(text.debugDescription)")
        }
    }

    static let unsigned = PayloadHash.streamingUnsignedTrailer

    static func fields(_ length: Int, trailer: String = "x-amz-checksum-crc32") -> [(String, String)] {
        [
            ("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", String(length)),
            ("x-amz-trailer", trailer),
        ]
    }

    @Test("STREAMING-UNSIGNED-PAYLOAD-TRAILER: decoded, checked, and its coding not kept")
    func unsignedTrailer() async throws {
        let store = try await StoreFixture()
        let body = Array("5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n".utf8)
        let put = try await store.send("PUT", "/private/a", Self.fields(11), body: body, payload: Self.unsigned)
        #expect(put.status == 200)
        #expect(put["x-amz-checksum-crc32"] == "DUoRhQ==")
        let get = try await store.send("GET", "/private/a")
        #expect(get.text == "hello world")
        #expect(get["content-encoding"] == nil)
        let both = [("Content-Encoding", "gzip, aws-chunked")] + Self.fields(11).dropFirst()
        try await store.send("PUT", "/private/b", both, body: body, payload: Self.unsigned)
        #expect(try await store.send("GET", "/private/b")["content-encoding"] == "gzip")

        for (code, fields, text) in [
            ("BadDigest", Self.fields(5), "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"),
            ("InvalidRequest", Self.fields(5), "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"),
            ("InvalidRequest", Self.fields(5), "5\r\nhello\r\n0\r\n\r\n"),
            ("IncompleteBody", Self.fields(6), "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"),
            ("IncompleteBody", Self.fields(4), "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"),
            ("IncompleteBody", Self.fields(5), "5\r\nhello\r\n"),
            // Added up, these two do not fit 63 bits.
            ("InvalidRequest", Self.fields(5), "1\r\nh\r\n7FFFFFFFFFFFFFFF\r\nello\r\n0\r\n\r\n"),
            ("MissingContentLength", [("x-amz-trailer", "x-amz-checksum-crc32")], "0\r\n\r\n"),
        ] {
            let response = try await store.send(
                "PUT",
                "/private/c",
                fields,
                body: Array(text.utf8),
                payload: Self.unsigned
            )
            #expect(response.element("Code") == code, "\(text)")
        }
        #expect(try await store.keys("private") == ["a", "b"])
    }

    @Test("STREAMING-AWS4-HMAC-SHA256-PAYLOAD: each chunk's signature is checked")
    func signedChunks() async throws {
        let store = try await StoreFixture()
        for (change, code) in [("", nil), ("data", "SignatureDoesNotMatch"), ("missing", "SignatureDoesNotMatch")] {
            let time = ObjectStorage.now() / 1000
            var fields = [("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", "70000")]
            let chunks = [TestBytes.pattern(65_536), TestBytes.pattern(70_000 - 65_536, seed: 9), []]
            let signatureBytes = change == "missing" ? 0 : ";chunk-signature=".utf8.count + 64
            let length = chunks.reduce(0) {
                $0 + String($1.count, radix: 16).utf8.count + signatureBytes + 4 + $1.count
            }
            fields.append(("x-test", change))
            let head = store.head(
                "PUT",
                "/private/a",
                fields,
                payload: .streamingSigned,
                contentLength: length,
                at: time
            )
            var previous = String(head.components(between: "Signature=", and: "\r\n")[0])
            var body: [UInt8] = []
            for (index, chunk) in chunks.enumerated() {
                previous = Self.chunkSignature(previous, chunk, at: time)
                let signature = change == "missing" ? "" : ";chunk-signature=\(previous)"
                body += Array("\(String(chunk.count, radix: 16))\(signature)\r\n".utf8) + chunk + [13, 10]
                if change == "data", index == 1 { body[body.count - 10] ^= 1 }
            }
            let client = try await RawClient.connect(to: store.address)
            try await client.send(Array(head.utf8) + body)
            let response = try await client.response(to: .put)
            #expect(response.element("Code") == code, "\(change)")
            if code == nil {
                #expect(response.status == 200)
                #expect(try await store.send("GET", "/private/a").body == chunks[0] + chunks[1])
                try await store.send("DELETE", "/private/a")
            }
        }
        #expect(try await store.keys("private").isEmpty)
    }

    /// Written here a second time, after the S3 reference.
    static func chunkSignature(_ previous: String, _ chunk: [UInt8], at time: Int64) -> String {
        let date = AmzDate.basic(time)
        let day = String(date.prefix(8))
        var key = Array("AWS4wonderland".utf8)
        for part in [day, "us-east-1", "s3", "aws4_request"] { key = Digest.hmacSHA256(key: key, part) }
        let text = [
            "AWS4-HMAC-SHA256-PAYLOAD", date, "\(day)/us-east-1/s3/aws4_request", previous, PayloadHash.empty.text,
            Hex.encode(Digest.sha256(chunk)),
        ].joined(separator: "\n")
        return Hex.encode(Digest.hmacSHA256(key: key, text))
    }
}
