import HTTPWire
import Testing

@testable import SignatureV4

/// The S3 API reference's examples of uploads in signed chunks: 65,536 and 1,024 times the letter a.
struct ChunkVerifierTests {
    static func verified(_ payload: PayloadHash, trailer: Bool) throws -> VerifiedRequest {
        var pairs = [
            ("Host", "s3.amazonaws.com"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("Content-Encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", "66560"), ("x-amz-date", "20130524T000000Z"),
            ("x-amz-content-sha256", payload.text),
        ]
        // The published example with a trailer signs no Content-Length, the one without does.
        if trailer {
            pairs.append(("x-amz-trailer", "x-amz-checksum-crc32c"))
        } else {
            pairs.append(("Content-Length", "66824"))
        }
        let names = pairs.map { $0.0.lowercased() }.sorted().joined(separator: ";")
        let signature =
            trailer
            ? "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
            : "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
        pairs.append(
            (
                "Authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                    + "SignedHeaders=\(names),Signature=\(signature)"
            )
        )
        let verifier = SignatureVerifier(credentials: [RequestSignerTests.s3.credentials], region: "us-east-1")
        return try verifier.verify(
            method: "PUT",
            path: "/examplebucket/chunkObject.txt",
            query: "",
            fields: RequestSignerTests.fields(pairs),
            now: RequestSignerTests.s3Time
        )
    }

    static func hash(_ count: Int) -> [UInt8] { Digest.sha256([UInt8](repeating: UInt8(ascii: "a"), count: count)) }

    static func verify(_ chunks: inout ChunkVerifier, _ count: Int, _ signature: String) -> Bool {
        chunks.verify(chunkHash: hash(count), signature: signature)
    }

    @Test("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    func signed() throws {
        let request = try Self.verified(.streamingSigned, trailer: false)
        var chunks = try #require(request.chunkVerifier)
        var other = chunks
        #expect(Self.verify(&chunks, 65_536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"))
        #expect(Self.verify(&chunks, 1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"))
        #expect(Self.verify(&chunks, 0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"))
        // A chunk left out breaks the chain, and so does one that was changed.
        #expect(!Self.verify(&other, 1_024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"))
        #expect(!Self.verify(&other, 65_535, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"))
        #expect(!Self.verify(&other, 65_536, "ad80"))
    }

    @Test("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
    func signedTrailer() throws {
        let request = try Self.verified(.streamingSignedTrailer, trailer: true)
        var chunks = try #require(request.chunkVerifier)
        #expect(Self.verify(&chunks, 65_536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"))
        #expect(Self.verify(&chunks, 1_024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"))
        #expect(Self.verify(&chunks, 0, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"))
        let isTrailerRight = chunks.verify(
            trailer: Array("x-amz-checksum-crc32c:sOO8/Q==\n".utf8),
            signature: "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"
        )
        #expect(isTrailerRight)
    }

    @Test("Payloads whose chunks are not signed come without a verifier")
    func others() throws {
        var request = SignatureVerifierTests.Request()
        request.sign(payload: .streamingUnsignedTrailer)
        #expect(try request.verify().chunkVerifier == nil)
    }
}
