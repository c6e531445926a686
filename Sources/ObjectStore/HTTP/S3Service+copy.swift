internal import HTTPWire
internal import NIOCore
internal import SignatureV4

extension S3Service {
    /// `CopyObject`: the bytes are read and written again, so that no two objects share a file.
    func copyObject(_ call: S3Call) async throws -> S3Answer {
        let bucket = try call.request.requiredBucket()
        let key = try call.request.requiredKey()
        try UnsupportedFields.check(call.fields)
        let source = try await openSource(call)
        let directive = call.fields["x-amz-metadata-directive"]?.uppercased() ?? "COPY"
        guard directive == "COPY" || directive == "REPLACE" else {
            throw S3Error.invalidArgument("x-amz-metadata-directive", directive, "Unknown metadata directive.")
        }
        if directive == "COPY", source.bucket == bucket, source.key == key {
            throw S3Error(
                .invalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the "
                    + "object's metadata, storage class, website redirect location or encryption attributes."
            )
        }
        let record = source.object.record
        let attributes = directive == "COPY" ? record.attributes : try UploadFields.attributes(call.fields)
        let condition = try UploadFields.condition(call.fields)
        guard record.size <= ObjectStoreLimits.uploadBytes else {
            throw S3Error(
                .invalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy source: "
                    + "\(ObjectStoreLimits.uploadBytes)"
            )
        }
        let target = try await storage.prepareUpload(bucket: bucket, bytes: record.size)
        try await storage.check(condition, target, key)
        let algorithm = try Self.algorithm(call) ?? record.checksum?.algorithm
        let (blob, checksum) = try await copyBytes(source.object, 0..<record.size, algorithm)
        let copy = try await storage.put(
            bucket: bucket,
            key,
            blob,
            attributes: attributes,
            checksum: checksum,
            condition: condition
        )
        return .xml(copyResult("CopyObjectResult", etag: copy.etag, modified: copy.modified, checksum))
    }

    /// `UploadPartCopy`: a part made from a range of an object.
    func uploadPartCopy(_ call: S3Call) async throws -> S3Answer {
        let target = try PartTarget(call)
        let upload = try await storage.upload(bucket: target.bucket, target.key, token: target.token)
        let source = try await openSource(call)
        let range = try Self.sourceRange(call, size: source.object.record.size)
        _ = try await storage.prepareUpload(bucket: target.bucket, bytes: Int64(range.count))
        let (blob, checksum) = try await copyBytes(source.object, range, upload.checksum?.algorithm)
        try await storage.putPart(
            bucket: target.bucket,
            target.key,
            token: target.token,
            number: target.number,
            blob,
            checksum: checksum
        )
        let etag = Hex.encode(blob.digests.md5)
        return .xml(copyResult("CopyPartResult", etag: etag, modified: ObjectStorage.now(), checksum))
    }

    private func copyResult(_ name: String, etag: String, modified: Int64, _ checksum: ObjectChecksum?) -> ByteBuffer {
        XMLWriter.document(name) { xml in
            xml.element("LastModified", AmzDate.extended(unixMilliseconds: modified))
            xml.element("ETag", "\"\(etag)\"")
            if let checksum {
                xml.element(checksum.algorithm.elementName, checksum.value)
                xml.element("ChecksumType", checksum.scope.rawValue)
            }
        }
    }

    static func algorithm(_ call: S3Call) throws(S3Error) -> ObjectChecksum.Algorithm? {
        guard let name = call.fields["x-amz-checksum-algorithm"] else { return nil }
        guard let algorithm = ObjectChecksum.Algorithm(rawValue: name.uppercased()) else {
            throw S3Error(
                .invalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                    + ObjectChecksum.Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        return algorithm
    }

    private struct Source {
        let bucket: String
        let key: ObjectKey
        let object: OpenObject
    }

    /// `x-amz-copy-source: [/]bucket/key`, percent-encoded, and its conditions.
    private func openSource(_ call: S3Call) async throws -> Source {
        var text = Substring(call.fields["x-amz-copy-source"] ?? "")
        if let question = text.lastIndex(of: "?") {
            let version = text[question...].dropFirst()
            guard version == "versionId=null" else { throw S3Error.notImplemented("Copying a version") }
            text = text[..<question]
        }
        let path = RequestTarget.percentDecode(text.utf8)?.drop { $0 == UInt8(ascii: "/") } ?? []
        let name = path.prefix { $0 != UInt8(ascii: "/") }
        guard !name.isEmpty, let key = ObjectKey(Array(path.dropFirst(name.count + 1))) else {
            throw S3Error.invalidArgument(
                "x-amz-copy-source",
                String(text.prefix(200)),
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey"
            )
        }
        let bucket = String(decoding: name, as: UTF8.self)
        let object = try await storage.open(bucket: bucket, key)
        let conditions = ReadConditions(call.fields, prefix: "x-amz-copy-source-")
        switch conditions.evaluate(etag: object.record.etag, modifiedSeconds: object.record.modifiedSeconds) {
        case .proceed: break
        case .notModified: throw S3Error.preconditionFailed("x-amz-copy-source-If-None-Match")
        case .failed(let name): throw S3Error.preconditionFailed("x-amz-copy-source-\(name)")
        }
        return Source(bucket: bucket, key: key, object: object)
    }

    /// `bytes=first-last`, both given and within the object.
    private static func sourceRange(_ call: S3Call, size: Int64) throws(S3Error) -> Range<Int64> {
        guard let text = call.fields["x-amz-copy-source-range"] else { return 0..<size }
        let numbers =
            text.hasPrefix("bytes=") ? text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false) : []
        guard numbers.count == 2, let first = Offset.parse(numbers[0]), let last = Offset.parse(numbers[1]),
            first <= last
        else {
            throw .invalidArgument(
                "x-amz-copy-source-range",
                text,
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
                    + "zero-based offsets of the first and last bytes to copy"
            )
        }
        guard last < size else {
            throw S3Error(
                .invalidRange,
                "The requested range is not satisfiable",
                details: [
                    .init(name: "RangeRequested", value: text), .init(name: "ActualObjectSize", value: String(size)),
                ]
            )
        }
        return first..<last + 1
    }

    /// Writes a range of an object into a new blob, piece by piece.
    private func copyBytes(
        _ object: OpenObject,
        _ range: Range<Int64>,
        _ algorithm: ObjectChecksum.Algorithm?
    ) async throws -> (StagedBlob, ObjectChecksum?) {
        let copier = try await storage.blocking { [blobs = storage.blobs] in
            try BlobCopier(ObjectReader(object, range: range), blobs, algorithm)
        }
        while try await storage.blocking({ try copier.copyPiece() }) {}
        let blob = try await storage.blocking { try copier.finish() }
        let checksum = algorithm.flatMap { algorithm in
            blob.digests.bytes(algorithm).map { ObjectChecksum(algorithm, bytes: $0) }
        }
        return (blob, checksum)
    }
}

/// Digits only, and no more than an object's size has. A namespace.
private enum Offset {
    static func parse(_ text: Substring) -> Int64? {
        guard !text.isEmpty, text.utf8.count <= 13, text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
        return Int64(text)
    }
}

/// Reads an object into a new blob.
///
/// `@unchecked Sendable`: used by one task, which asks for the next piece only after the storage thread has returned
/// from the last one.
final class BlobCopier: @unchecked Sendable {
    private var reader: ObjectReader
    private var writer: BlobWriter?

    init(_ reader: ObjectReader, _ blobs: BlobStore, _ algorithm: ObjectChecksum.Algorithm?) throws {
        self.reader = reader
        writer = try BlobWriter(blobs, digests: BodyDigests(sha256: false, checksum: algorithm))
    }

    /// False at the end.
    func copyPiece() throws -> Bool {
        guard let piece = try reader.next() else { return false }
        try writer?.write(piece.readableBytesSpan)
        return true
    }

    func finish() throws -> StagedBlob {
        guard let writer = writer.take() else { throw CancellationError() }
        return try writer.finish()
    }
}
