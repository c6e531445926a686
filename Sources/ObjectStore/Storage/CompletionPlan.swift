internal import SignatureV4

/// What completing an upload makes of its parts, decided without the database. *Value*.
struct CompletionPlan {
    /// In the object's order.
    let parts: [UploadPart]
    /// Blobs of parts that the client did not name.
    let unused: [BlobID]
    let size: Int64
    /// The MD5 of the parts' MD5s, `-`, and their number.
    let etag: String
    let checksum: ObjectChecksum?

    /// S3's rules: parts in ascending order, each uploaded with that ETag, all but the last of at least 5 MiB.
    init(listed: [CompletedPart], uploaded: [UploadPart], checksum plan: UploadRecord.ChecksumPlan?) throws(S3Error) {
        guard !listed.isEmpty else {
            throw S3Error(.malformedXML, "The list of parts is empty; an upload is completed with at least one part.")
        }
        let byNumber = Dictionary(uploaded.map { ($0.number, $0) }) { first, _ in first }
        var parts: [UploadPart] = []
        for item in listed {
            guard item.number > (parts.last?.number ?? 0) else {
                throw S3Error(.invalidPartOrder, "The list of parts was not in ascending order of their numbers.")
            }
            guard let part = byNumber[item.number], item.etag.lowercased() == Hex.encode(part.md5) else {
                throw Self.invalidPart(item)
            }
            if let given = item.checksum {
                guard part.checksum == nil || part.checksum == given else { throw Self.invalidPart(item) }
            }
            parts.append(part)
        }
        for part in parts.dropLast() where part.size < ObjectStoreLimits.minimumPartBytes {
            throw S3Error(
                .entityTooSmall,
                "Your proposed upload is smaller than the minimum allowed size: part \(part.number) has \(part.size) bytes, "
                    + "and only the last may have fewer than \(ObjectStoreLimits.minimumPartBytes)."
            )
        }
        let size = parts.reduce(Int64(0)) { $0 + $1.size }
        guard size <= ObjectStoreLimits.objectBytes else {
            throw S3Error(.entityTooLarge, "An object has at most \(ObjectStoreLimits.objectBytes) bytes.")
        }
        let used = Set(parts.map(\.number))
        self.parts = parts
        self.unused = uploaded.filter { !used.contains($0.number) }.map(\.blob)
        self.size = size
        self.etag = "\(Hex.encode(Digest.md5(parts.flatMap(\.md5))))-\(parts.count)"
        self.checksum = plan.flatMap { Self.checksum($0, parts) }
    }

    private static func invalidPart(_ part: CompletedPart) -> S3Error {
        S3Error(
            .invalidPart,
            "One or more of the specified parts could not be found. The part may not have been uploaded, "
                + "or the specified entity tag may not match the part's entity tag.",
            details: [
                .init(name: "PartNumber", value: String(part.number)), .init(name: "ETag", value: part.etag),
            ]
        )
    }

    /// nil when a part came without its checksum.
    private static func checksum(_ plan: UploadRecord.ChecksumPlan, _ parts: [UploadPart]) -> ObjectChecksum? {
        var values: [[UInt8]] = []
        for part in parts {
            guard let checksum = part.checksum, checksum.algorithm == plan.algorithm, let bytes = checksum.bytes else {
                return nil
            }
            values.append(bytes)
        }
        switch plan.scope {
        case .composite:
            let all = values.flatMap { $0 }
            let bytes: [UInt8]
            if let crc = plan.algorithm.crc {
                bytes = CRC.bytes(CRC.checksum(crc, all.span.bytes), crc)
            } else {
                bytes = Digest.hash(plan.algorithm == .sha1 ? .sha1 : .sha256, all.span.bytes)
            }
            return ObjectChecksum(plan.algorithm, value: "\(Base64.encode(bytes))-\(parts.count)", scope: .composite)
        case .fullObject:
            guard let crc = plan.algorithm.crc else { return nil }
            var whole = CRC(crc).value
            for (part, value) in zip(parts, values) {
                let number = value.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                whole = CRC.combine(crc, whole, number, secondLength: UInt64(part.size))
            }
            return ObjectChecksum(plan.algorithm, bytes: CRC.bytes(whole, crc))
        }
    }
}
