public import HTTPWire
public import NIOCore

/// Where an ``AsyncRequestHandler`` puts its answer. Shared; every call hops to the connection's loop and back.
///
/// Either one `send`, or `begin`, any number of `write`s and `finish`. All throw ``ExchangeError``.
public struct AsyncResponseWriter: Sendable {
    let exchange: NIOLoopBound<AsyncExchange>

    /// The whole answer. A missing `body` is an empty one; in an answer to HEAD, a Content-Length in `head` stays.
    public func send(_ head: ResponseHead, body: ByteBuffer? = nil) async throws {
        try await onLoop { $0.send(head, body: body, done: $1) }
    }

    /// Begins a streamed answer; `bodyLength` nil sends it in chunks. An interim head (1xx) may come any number of
    /// times before.
    public func begin(_ head: ResponseHead, bodyLength: UInt64? = nil) async throws {
        try await onLoop { $0.begin(head, bodyLength: bodyLength, done: $1) }
    }

    /// A piece of the body. Returns when the client has taken enough for the next one.
    public func write(_ bytes: ByteBuffer) async throws {
        try await onLoop { $0.write(bytes, done: $1) }
    }

    /// The answer is complete.
    public func finish() async throws {
        try await onLoop { $0.finish(done: $1) }
    }

    private func onLoop(
        _ body: @escaping @Sendable (AsyncExchange, CheckedContinuation<Void, any Error>) -> Void
    ) async throws {
        try await withCheckedThrowingContinuation { continuation in
            exchange.eventLoop.execute { body(exchange.value, continuation) }
        }
    }
}
