import HTTPClient
import HTTPWire
import NIOCore

/// One origin request with its second try. Loop-confined.
///
/// A second try is made after a failure to connect and after a 500, 502, 503 or 504, once, after a short pause of random
/// length, and only while nothing of the first answer has been passed on.
final class OriginAttempt: OriginExchange, ClientResponseDelegate {
    private let origin: OriginClient
    private let request: OriginRequest
    private let eventLoop: any EventLoop
    private var delegate: (any OriginDelegate)?
    private var exchange: (any ClientExchange)?
    private var tries = 0
    private var hidesBody = false
    private var isDropped = false

    init(
        _ origin: OriginClient,
        _ request: OriginRequest,
        on eventLoop: any EventLoop,
        delegate: any OriginDelegate
    ) {
        self.origin = origin
        self.request = request
        self.eventLoop = eventLoop
        self.delegate = delegate
    }

    func start() {
        tries += 1
        isDropped = false
        exchange = origin.client.execute(origin.wireRequest(request), on: eventLoop, delegate: self)
    }

    // MARK: OriginExchange

    func cancel() {
        delegate = nil
        exchange?.cancel()
        exchange = nil
    }

    func pauseReading() { exchange?.pauseReading() }

    func resumeReading() { exchange?.resumeReading() }

    // MARK: ClientResponseDelegate

    func clientReceivedHead(_ head: ResponseHead) {
        if Self.isPassing(head.status), tries < Limits.tries {
            isDropped = true
            exchange?.cancel()
            return tryAgain(after: head.fields[.retryAfter])
        }
        let answer = origin.answer(head)
        hidesBody = answer.hidesBody
        delegate?.originAnswered(answer)
    }

    func clientReceivedBody(_ buffer: ByteBuffer) {
        if !hidesBody, !isDropped { delegate?.originSent(buffer) }
    }

    func clientReceivedEnd() {
        guard !isDropped else { return }
        take()?.originFinished()
    }

    func clientFailed(_ error: ClientError) {
        guard !isDropped else { return }
        if error.mayRetry == .always, tries < Limits.tries, delegate != nil {
            return tryAgain(after: nil)
        }
        take()?.originFailed(OriginFailure(error))
    }

    // MARK: Private

    private func take() -> (any OriginDelegate)? {
        defer {
            delegate = nil
            exchange = nil
        }
        return delegate
    }

    private static func isPassing(_ status: Int) -> Bool {
        status == 500 || status == 502 || status == 503 || status == 504
    }

    /// An origin that asks for more patience than a client has is asked again at once all the same: the answer to that
    /// is passed on whatever it is.
    private func tryAgain(after retryAfter: String?) {
        exchange = nil
        let pause = TimeAmount.milliseconds(.random(in: Limits.pauseMilliseconds))
        // Both the closure and this object belong to this loop.
        eventLoop.assumeIsolated().scheduleTask(in: pause) {
            if self.delegate != nil { self.start() }
        }
    }
}

extension OriginFailure {
    init(_ error: ClientError) {
        switch error.kind {
        case .connectTimeout, .queueTimeout, .headTimeout, .bodyTimeout, .totalTimeout:
            self.init(status: 504, detail: "origin-timeout", message: error.message)
        case .connectFailed:
            self.init(status: 502, detail: "origin-unreachable", message: error.message)
        case .tls:
            self.init(status: 502, detail: "origin-tls", message: error.message)
        case .queueFull:
            self.init(status: 503, detail: "origin-queue-full", message: error.message)
        default:
            self.init(status: 502, detail: "origin-broken", message: error.message)
        }
    }
}

/// Bounds of origin requests. A namespace.
enum Limits {
    /// Requests for one answer.
    static let tries = 2
    /// The pause before the second.
    static let pauseMilliseconds: ClosedRange<Int64> = 20...120
    /// Tags of one answer.
    static let tags = 100
    /// Bytes of one tag.
    static let tagBytes = 256
}
