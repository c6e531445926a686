import HTTPWire
import Logging
import NIOCore

/// One exchange that a task answers. Loop-confined; the task reaches it through `NIOLoopBound`.
final class AsyncExchange: ServerExchangeDelegate {
    private enum Phase {
        case pending
        case streaming
        /// The answer is complete or broken: the exchange is not touched any more.
        case ended
        case closed
    }

    private let exchange: any ServerExchange
    private let head: RequestHead
    private let logger: Logger
    private var body: BodyBuffer?
    private var phase = Phase.pending
    private var task: Task<Void, Never>?
    private var waitingToWrite: CheckedContinuation<Void, any Error>?

    init(_ exchange: any ServerExchange, head: RequestHead, logger: Logger) {
        self.exchange = exchange
        self.head = head
        self.logger = logger
    }

    /// Starts the handler.
    func run(_ handler: any AsyncRequestHandler) {
        exchange.delegate = self
        let eventLoop = exchange.eventLoop
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let body = BodyBuffer { demand in
            eventLoop.execute { bound.value.bodyDemanded(demand) }
        }
        if head.framing == .none { body.end() }
        self.body = body
        let request = AsyncRequest(
            head: head,
            body: RequestBody(buffer: body),
            remoteAddress: exchange.remoteAddress,
            isSecure: exchange.isSecure
        )
        let writer = AsyncResponseWriter(exchange: bound)
        task = Task {
            do {
                try await handler.handle(request, writer)
                eventLoop.execute { bound.value.handlerReturned(nil) }
            } catch {
                eventLoop.execute { bound.value.handlerReturned(error) }
            }
        }
    }

    private func bodyDemanded(_ demand: BodyBuffer.Demand) {
        guard phase == .pending || phase == .streaming else { return }
        switch demand {
        case .start: exchange.readBody()
        case .resume: exchange.resumeReading()
        }
    }

    private func handlerReturned(_ error: (any Error)?) {
        task = nil
        switch phase {
        case .ended, .closed: return
        case .pending:
            logFailure(error, "no answer was sent")
            end()
            let text = ByteBuffer(string: "internal error\n")
            var failure = ResponseHead(status: 500)
            failure.fields.append(.contentType, "text/plain; charset=utf-8")
            exchange.sendHead(failure, bodyLength: UInt64(text.readableBytes))
            exchange.sendBody(text)
            exchange.finish()
        case .streaming:
            logFailure(error, "the answer was not finished")
            end()
            exchange.abort()
        }
    }

    private func logFailure(_ error: (any Error)?, _ otherwise: String) {
        logger.error(
            "request handler failed",
            metadata: [
                "error": "\(error.map { "\($0)" } ?? otherwise)", "method": "\(head.methodText)",
                "target": "\(head.targetString)",
            ]
        )
    }

    private func end() {
        phase = .ended
        body?.fail(ExchangeError.bodyUnavailable)
        body = nil
    }
}

// MARK: - What the writer asks for

extension AsyncExchange {
    typealias Done = CheckedContinuation<Void, any Error>

    func send(_ head: ResponseHead, body: ByteBuffer?, done: Done) {
        guard allow(.pending, "the answer was begun before", done) else { return }
        // Without a body, the Content-Length of an answer to HEAD is the handler's to give.
        let length = body == nil && self.head.method == .head ? nil : UInt64(body?.readableBytes ?? 0)
        end()
        exchange.sendHead(head, bodyLength: length)
        if let body { exchange.sendBody(body) }
        exchange.finish()
        done.resume()
    }

    func begin(_ head: ResponseHead, bodyLength: UInt64?, done: Done) {
        guard allow(.pending, "the answer was begun before", done) else { return }
        if !head.isInterim { phase = .streaming }
        exchange.sendHead(head, bodyLength: bodyLength)
        done.resume()
    }

    func write(_ bytes: ByteBuffer, done: Done) {
        guard allow(.streaming, "a body needs a head before it and no end", done) else { return }
        guard waitingToWrite == nil else {
            return done.resume(throwing: ExchangeError.wrongOrder("two tasks write to one answer"))
        }
        exchange.sendBody(bytes)
        if exchange.isWritable { done.resume() } else { waitingToWrite = done }
    }

    func finish(done: Done) {
        guard allow(.streaming, "only an answer that was begun can be finished, once", done) else { return }
        end()
        exchange.finish()
        done.resume()
    }

    private func allow(_ needed: Phase, _ otherwise: String, _ done: Done) -> Bool {
        if phase == needed { return true }
        done.resume(throwing: phase == .closed ? ExchangeError.clientGone : ExchangeError.wrongOrder(otherwise))
        return false
    }
}

// MARK: - What the client does

extension AsyncExchange {
    func exchangeReceivedBody(_ buffer: ByteBuffer) {
        if let body, body.append(buffer) { exchange.pauseReading() }
    }

    func exchangeReceivedBodyEnd() { body?.end() }

    func exchangeBecameWritable() {
        guard exchange.isWritable, let waiting = waitingToWrite else { return }
        waitingToWrite = nil
        waiting.resume()
    }

    func exchangeClosed() {
        phase = .closed
        // The task must find itself cancelled when it wakes up.
        let reader = body?.setFailure(ExchangeError.clientGone)
        body = nil
        task?.cancel()
        task = nil
        reader?.resume(throwing: ExchangeError.clientGone)
        let waiting = waitingToWrite
        waitingToWrite = nil
        waiting?.resume(throwing: ExchangeError.clientGone)
    }
}
