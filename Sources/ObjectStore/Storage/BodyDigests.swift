internal import SignatureV4

/// Everything that is computed over an upload's bytes while they pass. *Moved* along with its writer.
///
/// MD5 becomes the ETag; CRC-32 is kept with every blob, to recognise damage when it is read.
struct BodyDigests: ~Copyable {
    private var md5 = IncrementalDigest(.md5)
    private var crc32 = CRC(.crc32)
    private var sha256: IncrementalDigest?
    private var sha1: IncrementalDigest?
    private var otherCRC: CRC?

    struct Results: Sendable {
        let md5: [UInt8]
        let crc32: UInt32
        /// nil unless it was asked for.
        let sha256: [UInt8]?
        let sha1: [UInt8]?
        let otherCRC: [UInt8]?

        /// nil when this checksum was not asked for.
        func bytes(_ algorithm: ObjectChecksum.Algorithm) -> [UInt8]? {
            switch algorithm {
            case .crc32: CRC.bytes(UInt64(crc32), .crc32)
            case .crc32c, .crc64nvme: otherCRC
            case .sha1: sha1
            case .sha256: sha256
            }
        }
    }

    /// One checksum of bytes that are all there.
    static func bytes(_ algorithm: ObjectChecksum.Algorithm, of bytes: [UInt8]) -> [UInt8] {
        switch algorithm {
        case .sha1: Digest.hash(.sha1, bytes.span.bytes)
        case .sha256: Digest.sha256(bytes)
        case .crc32: CRC.bytes(CRC.checksum(.crc32, bytes.span.bytes), .crc32)
        case .crc32c: CRC.bytes(CRC.checksum(.crc32c, bytes.span.bytes), .crc32c)
        case .crc64nvme: CRC.bytes(CRC.checksum(.crc64nvme, bytes.span.bytes), .crc64nvme)
        }
    }

    init(sha256 needsSHA256: Bool, checksum: ObjectChecksum.Algorithm?) {
        sha256 = needsSHA256 || checksum == .sha256 ? IncrementalDigest(.sha256) : nil
        sha1 = checksum == .sha1 ? IncrementalDigest(.sha1) : nil
        otherCRC = checksum.flatMap { $0 == .crc32 ? nil : $0.crc.map { CRC($0) } }
    }

    mutating func update(_ bytes: RawSpan) {
        md5.update(bytes)
        crc32.update(bytes)
        sha256?.update(bytes)
        sha1?.update(bytes)
        otherCRC?.update(bytes)
    }

    consuming func finish() -> Results {
        Results(
            md5: md5.finish(),
            crc32: UInt32(truncatingIfNeeded: crc32.value),
            sha256: sha256.take()?.finish(),
            sha1: sha1.take()?.finish(),
            otherCRC: otherCRC?.bytes
        )
    }
}
