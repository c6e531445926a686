internal import NIOCore
internal import SignatureV4

/// Compares bytes read back with the CRC-32 taken when they were written. *Value*.
struct BlobCheck: Sendable {
    private let expected: UInt32
    private var crc = CRC(.crc32)

    init(expected: UInt32) { self.expected = expected }

    mutating func update(_ bytes: ByteBuffer) { crc.update(bytes.readableBytesSpan) }

    var isRight: Bool { UInt32(truncatingIfNeeded: crc.value) == expected }
}
