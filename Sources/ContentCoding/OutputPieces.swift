internal import NIOCore

/// Collects output in pieces that double in size up to 1 MiB, so that nothing is copied into ever larger buffers.
/// A value.
struct OutputPieces {
    private var full: [ByteBuffer] = []
    private var current = ByteBuffer()
    private var nextCapacity = ContentCodingLimits.firstPieceBytes
    /// Bytes that were ever written, taken or not.
    private(set) var totalBytes = 0

    /// Lets `body` write into the current piece; it returns how many bytes it wrote.
    ///
    /// The pointer is valid during the call only, points to at least one byte and at most 1 MiB, and what is behind it is
    /// not initialised.
    mutating func write(_ body: (UnsafeMutableRawBufferPointer) -> Int) {
        if current.writableBytes == 0 {
            if current.readableBytes > 0 { full.append(current) }
            current = ByteBufferAllocator().buffer(capacity: nextCapacity)
            nextCapacity = min(nextCapacity * 2, ContentCodingLimits.pieceBytes)
        }
        totalBytes += current.writeWithUnsafeMutableBytes(minimumWritableBytes: 1, body)
    }

    /// Takes what there is.
    mutating func take() -> [ByteBuffer] {
        if current.readableBytes > 0 { full.append(current) }
        current = ByteBuffer()
        defer { full = [] }
        return full
    }
}
