public import HTTPWire
public import NIOCore

/// A response whose body may still be on its way. A value; the body can be read once.
public struct ClientResponse: Sendable {
    /// The head.
    public let head: ResponseHead
    /// The body, read no faster than it is asked for.
    public let body: ResponseBody

    /// The status code.
    public var status: Int { head.status }

    /// The whole body. Throws `bodyTooLarge` (and closes the connection) when it is longer than `limit` bytes.
    public func collectBody(upTo limit: Int) async throws -> ByteBuffer {
        if case .length(let length) = head.framing, length > UInt64(clamping: limit) { throw Self.tooLarge(limit) }
        var whole = ByteBuffer()
        for try await var piece in body {
            guard whole.readableBytes + piece.readableBytes <= limit else { throw Self.tooLarge(limit) }
            if whole.readableBytes == 0 { whole = piece } else { whole.writeBuffer(&piece) }
        }
        return whole
    }

    private static func tooLarge(_ limit: Int) -> ClientError {
        ClientError(.bodyTooLarge, "the response is longer than the \(limit) bytes that were expected at most")
    }
}

/// The pieces of a response's body. A value, for one iteration; breaking off closes the connection.
public struct ResponseBody: AsyncSequence, Sendable {
    typealias Producer = NIOThrowingAsyncSequenceProducer<
        ByteBuffer, any Error, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, AsyncReceiver.Consumer
    >

    let producer: Producer

    /// Steps through the pieces; throws ``ClientError`` when the body does not come to its end.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var iterator: Producer.AsyncIterator

        /// The next piece; nil after the last.
        public mutating func next() async throws -> ByteBuffer? {
            try await iterator.next()
        }
    }

    /// The one iterator.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(iterator: producer.makeAsyncIterator())
    }
}
