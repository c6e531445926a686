import NIOCore

extension Exchange {
    var isWritable: Bool {
        guard case .running(let connection) = state else { return false }
        return connection.isWritable
    }

    func writeBody(_ buffer: ByteBuffer) {
        guard case .running(let connection) = state else { return }
        connection.writeBody(buffer)
    }

    func finishBody() {
        guard case .running(let connection) = state else { return }
        connection.finishBody()
    }

    /// Starts the task that reads a `stream` body and waits for the connection after each piece.
    func startPump(_ source: BodySource) {
        let sink = UploadSink(
            exchange: NIOLoopBound(self, eventLoop: client.eventLoop),
            eventLoop: client.eventLoop,
            attempt: attempt
        )
        pump = Task {
            do {
                try await source.pump { try await sink.write($0) }
                sink.finish(nil)
            } catch {
                sink.finish(error)
            }
        }
    }

    func stopPump() {
        pump?.cancel()
        pump = nil
        pumpWaiter?.resume(throwing: CancellationError())
        pumpWaiter = nil
    }

    fileprivate func pumped(_ buffer: ByteBuffer, _ attempt: Int, _ continuation: CheckedContinuation<Void, any Error>)
    {
        // A pump of an earlier attempt, or of an exchange that is over, stops here.
        guard attempt == self.attempt, pump != nil, case .running(let connection) = state else {
            return continuation.resume(throwing: CancellationError())
        }
        connection.writeBody(buffer)
        guard case .running = state else { return continuation.resume(throwing: CancellationError()) }
        if connection.isWritable { return continuation.resume() }
        pumpWaiter?.resume(throwing: CancellationError())
        pumpWaiter = continuation
    }

    fileprivate func pumpEnded(_ attempt: Int, _ error: (any Error)?) {
        guard attempt == self.attempt, pump != nil else { return }
        guard let error else { return finishBody() }
        fail(ClientError(.uploadFailed, "the source of the request's body failed: \(error)"))
    }
}

/// The pump's way to the event loop. A value.
private struct UploadSink: Sendable {
    let exchange: NIOLoopBound<Exchange>
    let eventLoop: any EventLoop
    let attempt: Int

    func write(_ buffer: ByteBuffer) async throws {
        try await withCheckedThrowingContinuation { continuation in
            eventLoop.execute { exchange.value.pumped(buffer, attempt, continuation) }
        }
    }

    func finish(_ error: (any Error)?) {
        eventLoop.execute { exchange.value.pumpEnded(attempt, error) }
    }
}
