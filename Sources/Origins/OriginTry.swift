import HTTPClient
import HTTPWire
import NIOCore

/// One request of an ``OriginAttempt``. Loop-confined.
///
/// Each has an object of its own, so that what an abandoned one still hears cannot be taken for the next one's.
final class OriginTry: ClientResponseDelegate {
    private var attempt: OriginAttempt?
    private var exchange: (any ClientExchange)?
    private var framing: BodyFraming?
    private var drained: UInt64 = 0
    private var drainEnd: Scheduled<Void>?
    private var eventLoop: (any EventLoop)?

    init(_ attempt: OriginAttempt) {
        self.attempt = attempt
    }

    func start(_ request: ClientRequest, client: HTTPClient, on eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        exchange = client.execute(request, on: eventLoop, delegate: self)
    }

    func pauseReading() { exchange?.pauseReading() }

    func resumeReading() { exchange?.resumeReading() }

    var isWritable: Bool { exchange?.isWritable ?? false }

    func writeBody(_ buffer: ByteBuffer) { exchange?.writeBody(buffer) }

    func finishBody() { exchange?.finishBody() }

    /// Nobody listens any more. A short rest is read and dropped: a connection is worth more than 64 KiB, and every 304
    /// and every bucket's error ends this way.
    func leave() {
        attempt = nil
        guard mayDrain else { return giveUp() }
        exchange?.resumeReading()
        // What has no body ends with this call; a body may be one that never ends.
        if framing == BodyFraming.none { return }
        drainEnd = eventLoop?.assumeIsolated().scheduleTask(in: Limits.drainTime) { self.giveUp() }
    }

    private var mayDrain: Bool {
        switch framing {
        case .some(.none), .chunked: true
        case .length(let length): length <= Limits.drainBytes
        case .untilClose, nil: false
        }
    }

    private func giveUp() {
        stopTimer()
        exchange?.cancel()
        exchange = nil
    }

    private func stopTimer() {
        drainEnd?.cancel()
        drainEnd = nil
    }

    // MARK: ClientResponseDelegate

    func clientReceivedInformational(_ head: ResponseHead) { attempt?.informed(head) }

    func clientMayWrite() { attempt?.mayWrite() }

    func clientReceivedHead(_ head: ResponseHead) {
        framing = head.framing
        attempt?.answered(head)
    }

    func clientReceivedBody(_ buffer: ByteBuffer) {
        if let attempt { return attempt.received(buffer) }
        drained += UInt64(buffer.readableBytes)
        if drained > Limits.drainBytes { giveUp() }
    }

    func clientReceivedEnd() {
        stopTimer()
        exchange = nil
        attempt?.ended()
        attempt = nil
    }

    func clientFailed(_ error: ClientError) {
        stopTimer()
        exchange = nil
        attempt?.failed(error)
        attempt = nil
    }
}
