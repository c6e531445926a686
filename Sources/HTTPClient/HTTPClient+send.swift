public import NIOCore

extension HTTPClient {
    /// Sends a request and returns when the response's head is there. Throws ``ClientError``; cancellation closes the
    /// connection.
    ///
    /// - Parameter eventLoop: where the exchange runs; nil: any.
    public func send(_ request: ClientRequest, on eventLoop: (any EventLoop)? = nil) async throws -> ClientResponse {
        let eventLoop = eventLoop ?? nextEventLoop
        let place = NIOLoopBoundBox.makeEmptyBox(valueType: AsyncReceiver.self, eventLoop: eventLoop)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                eventLoop.execute {
                    let receiver = AsyncReceiver(continuation, on: eventLoop)
                    if place.value != nil { return receiver.clientFailed(.cancelledCall) }
                    place.value = receiver
                    receiver.exchange = self.execute(request, on: eventLoop, delegate: receiver)
                }
            }
        } onCancel: {
            eventLoop.execute {
                // Cancelled before it was begun: a receiver without an exchange holds the place.
                guard let receiver = place.value else { return place.value = AsyncReceiver(nil, on: eventLoop) }
                receiver.callCancelled()
            }
        }
    }
}

extension ClientError {
    static let cancelledCall = ClientError(.cancelled, "the request was cancelled")
}
