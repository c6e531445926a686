import NIOCore
import SignatureV4

/// Compares a body with what its answer has said of it, while it passes. Loop-confined; a piece is at most 256 KiB, which
/// any of the algorithms takes well below a millisecond.
final class BodyCheck {
    private let expected: BodyDigest
    // One of the two.
    private var sum: CRC?
    private var digest: IncrementalDigest?

    /// nil: this machine's libcrypto does not offer the algorithm (MD5 in FIPS mode).
    init?(_ expected: BodyDigest) {
        self.expected = expected
        switch expected.algorithm {
        case .crc32: sum = CRC(.crc32)
        case .crc32c: sum = CRC(.crc32c)
        case .crc64nvme: sum = CRC(.crc64nvme)
        case .sha1: digest = IncrementalDigest(.sha1)
        case .sha256: digest = IncrementalDigest(.sha256)
        case .md5:
            guard Digest.isAvailable(.md5) else { return nil }
            digest = IncrementalDigest(.md5)
        }
    }

    func update(_ buffer: ByteBuffer) {
        let bytes = buffer.readableBytesSpan
        sum?.update(bytes)
        digest?.update(bytes)
    }

    /// What is wrong, in words; nil: nothing is. Once.
    func finish() -> String? {
        let found = sum?.bytes ?? digest.take()?.finish() ?? []
        if found == expected.bytes { return nil }
        return "\(expected.algorithm.rawValue): \(Hex.encode(expected.bytes)) expected, \(Hex.encode(found)) found"
    }
}
