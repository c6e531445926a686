import HTTPWire
import NIOCore

/// Turns the calls of a delegate into a response with an asynchronous body. Loop-confined.
final class AsyncReceiver: ClientResponseDelegate {
    typealias Continuation = CheckedContinuation<ClientResponse, any Error>

    /// Hears from the body's reader, on any thread. A value.
    struct Consumer: NIOAsyncSequenceProducerDelegate {
        let receiver: NIOLoopBound<AsyncReceiver>
        let eventLoop: any EventLoop

        func produceMore() {
            eventLoop.execute { receiver.value.exchange?.resumeReading() }
        }

        func didTerminate() {
            eventLoop.execute { receiver.value.readerLeft() }
        }
    }

    var exchange: (any ClientExchange)?
    private var continuation: Continuation?
    private var source: ResponseBody.Producer.Source?
    private let eventLoop: any EventLoop

    init(_ continuation: Continuation?, on eventLoop: any EventLoop) {
        self.continuation = continuation
        self.eventLoop = eventLoop
    }

    /// The task that waits for the head was cancelled. Once it has the head, its reading is what counts.
    func callCancelled() {
        if continuation != nil { exchange?.cancel() }
    }

    private func readerLeft() {
        exchange?.cancel()
        exchange = nil
    }

    func clientReceivedHead(_ head: ResponseHead) {
        let limits = ClientLimits.bufferedPieces
        let sequence = ResponseBody.Producer.makeSequence(
            backPressureStrategy: .init(lowWatermark: limits.low, highWatermark: limits.high),
            finishOnDeinit: true,
            delegate: Consumer(receiver: NIOLoopBound(self, eventLoop: eventLoop), eventLoop: eventLoop)
        )
        source = sequence.source
        continuation?.resume(returning: ClientResponse(head: head, body: ResponseBody(producer: sequence.sequence)))
        continuation = nil
    }

    func clientReceivedBody(_ buffer: ByteBuffer) {
        switch source?.yield(buffer) {
        case .stopProducing: exchange?.pauseReading()
        case .dropped: exchange?.cancel()
        case .produceMore, nil: break
        }
    }

    func clientReceivedEnd() {
        exchange = nil
        source?.finish()
        source = nil
    }

    func clientFailed(_ error: ClientError) {
        exchange = nil
        continuation?.resume(throwing: error)
        continuation = nil
        source?.finish(error)
        source = nil
    }
}
