internal import NIOCore
internal import SignatureV4

/// One upload's way from the socket to the disk: coding taken off, signatures of chunks checked, digests computed,
/// bytes written.
///
/// `@unchecked Sendable`: it is used by one task, which hands in the next piece only after the storage thread has
/// returned from the last one; that hand-over orders all access.
final class UploadPipeline: @unchecked Sendable {
    private let fields: UploadFields
    private var writer: BlobWriter?
    private var decoder: AWSChunkedDecoder?
    private var chunkVerifier: ChunkVerifier?
    private var chunkHash: IncrementalDigest?
    private var chunkSignature: String?
    private var received: Int64 = 0

    /// Opens the temporary file; blocks.
    init(_ fields: UploadFields, verifier: ChunkVerifier?, blobs: BlobStore) throws {
        self.fields = fields
        chunkVerifier = verifier
        decoder = fields.payload.isStreaming ? AWSChunkedDecoder() : nil
        let needsSHA256 = if case .sha256 = fields.payload { true } else { false }
        writer = try BlobWriter(blobs, digests: BodyDigests(sha256: needsSHA256, checksum: fields.algorithm))
    }

    /// Takes the next bytes of the body; blocks.
    func feed(_ pieces: [ByteBuffer]) throws {
        for piece in pieces {
            if decoder == nil {
                try write(piece.readableBytesSpan)
            } else {
                try decode(piece.readableBytesUInt8Span)
            }
        }
    }

    private func write(_ bytes: RawSpan) throws {
        received += Int64(bytes.byteCount)
        guard received <= fields.length ?? ObjectStoreLimits.uploadBytes else {
            throw fields.length == nil
                ? S3Error(.entityTooLarge, "Your proposed upload exceeds the maximum allowed size")
                : S3Error(.incompleteBody, "The request body has more bytes than were announced.")
        }
        try writer?.write(bytes)
    }

    private func decode(_ input: Span<UInt8>) throws {
        var position = 0
        while true {
            guard let step = try decoder?.next(input, &position) else { return }
            switch step {
            case .needMore: return
            case .data(let range):
                let bytes = input.extracting(range).bytes
                chunkHash?.update(bytes)
                try write(bytes)
            case .chunk(let size, let signature):
                guard received + size <= fields.length ?? .max else {
                    throw S3Error(
                        .incompleteBody,
                        "The request body has more bytes than x-amz-decoded-content-length says."
                    )
                }
                guard chunkVerifier != nil else { continue }
                chunkSignature = signature
                chunkHash = IncrementalDigest(.sha256)
                if size == 0 { try verifyChunk() }
            case .chunkEnd:
                if chunkVerifier != nil { try verifyChunk() }
            }
        }
    }

    private func verifyChunk() throws {
        let hash = chunkHash.take()?.finish() ?? []
        guard let chunkSignature, chunkVerifier?.verify(chunkHash: hash, signature: chunkSignature) == true else {
            throw Self.wrongSignature("chunk")
        }
    }

    private static func wrongSignature(_ what: String) -> S3Error {
        S3Error(.signatureDoesNotMatch, "The signature of a \(what) does not match. Check your key and signing method.")
    }

    /// Checks everything that was promised of the bytes, and only then makes them durable. Blocks.
    ///
    /// Returns the blob and the checksum to keep.
    func finish() throws -> (StagedBlob, ObjectChecksum?) {
        guard let writer = writer.take() else { throw CancellationError() }
        var kept = fields.checksum
        if let decoder {
            guard decoder.isComplete else { throw Self.incomplete }
            if let announced = fields.trailer { kept = try trailerChecksum(announced, decoder) }
            try verifyTrailer(decoder)
        }
        guard received == fields.length ?? received else { throw Self.incomplete }
        let (fields, expected) = (fields, kept)
        let blob = try writer.finish { results in try fields.check(results, expected) }
        return (blob, kept)
    }

    private static let incomplete = S3Error(
        .incompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header"
    )

    private func trailerChecksum(
        _ algorithm: ObjectChecksum.Algorithm,
        _ decoder: AWSChunkedDecoder
    ) throws -> ObjectChecksum {
        guard let value = decoder.trailer.first(where: { $0.name == algorithm.fieldName })?.value else {
            throw S3Error(.invalidRequest, "The trailer has no \(algorithm.fieldName), which x-amz-trailer announced.")
        }
        let checksum = ObjectChecksum(algorithm, value: value)
        guard checksum.bytes != nil else {
            throw S3Error(.invalidRequest, "Value for \(algorithm.fieldName) trailing header is invalid.")
        }
        return checksum
    }

    private func verifyTrailer(_ decoder: AWSChunkedDecoder) throws {
        guard fields.payload == .streamingSignedTrailer else { return }
        let name = "x-amz-trailer-signature"
        let signature = decoder.trailer.first { $0.name == name }?.value ?? ""
        let lines = decoder.trailer.filter { $0.name != name }.map { "\($0.name):\($0.value)\n" }.joined()
        guard chunkVerifier?.verify(trailer: Array(lines.utf8), signature: signature) == true else {
            throw Self.wrongSignature("trailer")
        }
    }
}

extension UploadFields {
    /// Compares what was computed with what was promised.
    func check(_ results: BodyDigests.Results, _ checksum: ObjectChecksum?) throws(S3Error) {
        if let md5, md5 != results.md5 {
            throw S3Error(
                .badDigest,
                "The Content-MD5 you specified did not match what we received.",
                details: [
                    .init(name: "ExpectedDigest", value: Base64.encode(md5)),
                    .init(name: "CalculatedDigest", value: Base64.encode(results.md5)),
                ]
            )
        }
        if case .sha256(let hex) = payload, let computed = results.sha256, Hex.decode(hex) != computed {
            throw S3Error(
                .xAmzContentSHA256Mismatch,
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
                details: [
                    .init(name: "ClientComputedContentSHA256", value: hex),
                    .init(name: "S3ComputedContentSHA256", value: Hex.encode(computed)),
                ]
            )
        }
        if let checksum, let expected = checksum.bytes, results.bytes(checksum.algorithm) != expected {
            throw S3Error(
                .badDigest,
                "The \(checksum.algorithm.rawValue) you specified did not match the calculated checksum."
            )
        }
    }
}
