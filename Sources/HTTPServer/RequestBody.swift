public import NIOCore

/// A request's body. Shared; an asynchronous sequence of its bytes that one task may read, once.
///
/// The first read sends 100 Continue if the client waits for it. What is not asked for stays with the client: at most
/// a few hundred KiB are read ahead.
public struct RequestBody: AsyncSequence, Sendable {
    /// Bytes in order, in pieces of any size.
    public typealias Element = ByteBuffer
    /// ``ExchangeError`` or `CancellationError`.
    public typealias Failure = any Error

    let buffer: BodyBuffer

    /// Reads the body. Used by one task.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let buffer: BodyBuffer

        /// The next piece; nil at the end. Throws ``ExchangeError`` when the client leaves.
        public mutating func next() async throws -> ByteBuffer? { try await buffer.next() }
    }

    /// One iterator reads it all; a second would only get what the first left.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(buffer: buffer) }

    /// The whole body in one buffer.
    ///
    /// Throws ``ExchangeError/bodyTooLarge(limit:)`` as soon as more than `limit` bytes have come.
    public func collect(upTo limit: Int) async throws -> ByteBuffer {
        var whole = ByteBuffer()
        for try await piece in self {
            guard whole.readableBytes + piece.readableBytes <= limit else {
                throw ExchangeError.bodyTooLarge(limit: limit)
            }
            if whole.readableBytes == 0 { whole = piece } else { whole.writeImmutableBuffer(piece) }
        }
        return whole
    }
}
