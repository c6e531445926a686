import HTTPClient
import HTTPWire
import NIOCore

/// One origin request with its second try. Loop-confined.
///
/// A second try is made once, after a short pause of random length: after a refused connection, and at a bucket after a
/// 500, 502, 503 or 504, while nothing of the first answer has been passed on. A server's errors are its answers, and
/// are never asked for again; nor is what might not be idempotent, or has a body. Time that ran out is not spent twice.
final class OriginAttempt: OriginExchange {
    private let origin: OriginClient
    private let request: OriginRequest
    private let eventLoop: any EventLoop
    private var delegate: (any OriginDelegate)?
    private var current: OriginTry?
    private var tries = 0
    private var isPaused = false
    private var hidesBody = false
    /// Compares the body with what its answer says of it; nil: it says nothing.
    private var check: BodyCheck?
    /// Bytes of a checked body that are still to come, if its length is known.
    private var missing: UInt64?
    /// The last piece of such a body: a client that has it has a whole answer, so that it waits for the verdict.
    private var held: ByteBuffer?

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
        guard let wire = origin.wireRequest(request) else {
            // Not from within the call that asked.
            return eventLoop.assumeIsolated().execute { self.answerMissing() }
        }
        tries += 1
        let next = OriginTry(self)
        current = next
        next.start(wire, client: origin.client, on: eventLoop)
        if isPaused { next.pauseReading() }
    }

    // MARK: OriginExchange

    func cancel() {
        delegate = nil
        current?.leave()
        current = nil
    }

    func pauseReading() {
        isPaused = true
        current?.pauseReading()
    }

    func resumeReading() {
        isPaused = false
        current?.resumeReading()
    }

    var isWritable: Bool { current?.isWritable ?? false }

    func writeBody(_ buffer: ByteBuffer) { current?.writeBody(buffer) }

    func finishBody() { current?.finishBody() }

    // MARK: What a try hears

    func mayWrite() { delegate?.originMayWrite() }

    func informed(_ head: ResponseHead) {
        if head.status == 100 {
            delegate?.originSaidContinue()
        } else if !origin.isBucket {
            var head = head
            head.fields.removeHopByHop()
            delegate?.originSentInterim(head)
        }
    }

    func answered(_ head: ResponseHead) {
        if origin.isBucket, Self.mayPass(head.status), tries < Limits.tries {
            current?.leave()
            return tryAgain()
        }
        var answer = origin.answer(head)
        hidesBody = answer.hidesBody
        check = origin.bodyDigest(of: head, to: request).flatMap { BodyCheck($0) }
        missing = answer.length
        answer.mayBeCut = check == nil && origin.mayBeCut(head)
        // There is no piece to hold back then: with the head, a client has all of it.
        if missing == 0, !isWhole() { return }
        delegate?.originAnswered(answer)
    }

    func received(_ buffer: ByteBuffer) {
        if hidesBody { return }
        guard let check else {
            delegate?.originSent(buffer)
            return
        }
        check.update(buffer)
        if let missing {
            let left = missing - min(missing, UInt64(buffer.readableBytes))
            self.missing = left
            if left == 0 {
                held = buffer
                return
            }
        }
        delegate?.originSent(buffer)
    }

    func ended() {
        guard isWhole() else { return }
        if let last = held {
            held = nil
            delegate?.originSent(last)
        }
        take()?.originFinished()
    }

    /// False, and the delegate has heard of it: the body is not what its answer said.
    private func isWhole() -> Bool {
        guard let problem = check?.finish() else {
            check = nil
            return true
        }
        check = nil
        held = nil
        take()?.originFailed(OriginFailure(status: 502, detail: OriginFailure.checksum, message: problem))
        return false
    }

    func failed(_ error: ClientError) {
        let isUnsent = error.kind == .connectFailed || error.kind == .queueFull
        if isUnsent, request.method.isIdempotent, request.body == .none, tries < Limits.tries {
            return tryAgain()
        }
        take()?.originFailed(OriginFailure(error))
    }

    // MARK: Private

    private func take() -> (any OriginDelegate)? {
        defer {
            delegate = nil
            current = nil
        }
        return delegate
    }

    private static func mayPass(_ status: Int) -> Bool {
        status == 500 || status == 502 || status == 503 || status == 504
    }

    /// An origin that asks for more patience (Retry-After) than a client has is asked again at once all the same: the
    /// answer to that is passed on whatever it is.
    private func tryAgain() {
        current = nil
        let pause = TimeAmount.milliseconds(.random(in: Limits.pauseMilliseconds))
        eventLoop.assumeIsolated().scheduleTask(in: pause) {
            if self.delegate != nil { self.start() }
        }
    }

    private func answerMissing() {
        delegate?.originAnswered(OriginAnswer(head: ResponseHead(status: 404), length: 0, tags: [], hidesBody: true))
        take()?.originFinished()
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
