import CacheStore
import CachingRules
import HTTPServer
import HTTPWire
import Logging
import NIOCore
import Origins
import Synchronization
import Telemetry

/// One request that goes to an HTTP origin as it is, and its answer, which is not stored. Loop-confined.
///
/// Both bodies stream, each at the pace of who takes it: what lies between is what two sockets hold. Nothing is sent to
/// the origin twice. The origin may answer before it has the whole body; the rest goes on being passed to it until its
/// answer has ended, and what then is left the server drains, or it closes the connection.
///
/// `Expect: 100-continue` goes to the origin, and the client's body is asked for when the origin says 100 (RFC 9110,
/// section 10.1.1), so that its refusal saves the upload. An origin that does not know the field never will: after a
/// second the body is asked for all the same, as section 10.1.1 has clients do.
final class Relay: ServerExchangeDelegate, OriginDelegate {
    let site: Site
    let key: CacheKey
    let head: RequestHead

    private let responder: EdgeResponder
    private let reason: ForwardReason
    private var exchange: (any ServerExchange)?
    private var origin: (any OriginExchange)?
    private var continueTimer: Scheduled<Void>?
    private var upload = Upload.none
    private var hasAnswered = false
    private var hasBody = false

    /// The request's body. Pieces go on as they come.
    private enum Upload {
        /// There is none, or it is complete.
        case none
        /// The origin has to be ready first.
        case waiting
        case running
        /// The origin takes no more at present.
        case held
    }

    init(responder: EdgeResponder, exchange: any ServerExchange, site: Site, key: CacheKey, head: RequestHead) {
        self.responder = responder
        self.exchange = exchange
        self.site = site
        self.key = key
        self.head = head
        reason = head.method == .get || head.method == .head ? .bypass : .method
    }

    func start(target: [UInt8], peer: OriginRequest.Peer) {
        guard let exchange else { return }
        let body: OriginRequest.Body =
            switch head.framing {
            case .none, .untilClose, .length(0): .none
            case .length(let length): .pushed(length: length)
            case .chunked: .pushed(length: nil)
            }
        if body != .none {
            upload = .waiting
            hasBody = true
            responder.uploads[ObjectIdentifier(site), default: 0] += 1
        }
        exchange.delegate = self
        let context = responder.context
        context.fillsUnderWay.add(1, ordering: .relaxed)
        context.counters.add(.originRequests)
        context.reasons.note(reason, key, at: site)
        origin = site.origin.fetch(
            OriginRequest(
                method: head.method,
                target: target,
                client: head,
                purpose: .relay,
                peer: peer,
                body: body
            ),
            on: exchange.eventLoop,
            delegate: self
        )
    }

    // MARK: The request's body

    func originMayWrite() {
        switch upload {
        case .none, .running: break
        case .held:
            upload = .running
            exchange?.resumeReading()
        case .waiting:
            guard head.expectsContinue else { return startUpload() }
            guard continueTimer == nil, let loop = exchange?.eventLoop else { return }
            continueTimer = loop.assumeIsolated().scheduleTask(in: Limits.continueWait) { self.startUpload() }
        }
    }

    func originSaidContinue() { startUpload() }

    private func startUpload() {
        guard case .waiting = upload, !hasAnswered else { return }
        stopTimer()
        upload = .running
        exchange?.readBody()
    }

    func exchangeReceivedBody(_ buffer: ByteBuffer) {
        origin?.writeBody(buffer)
        // The write may have found the connection broken, and ended all this.
        guard let origin, case .running = upload, !origin.isWritable else { return }
        upload = .held
        exchange?.pauseReading()
    }

    func exchangeReceivedBodyEnd() {
        upload = .none
        origin?.finishBody()
    }

    // MARK: The answer

    func originSentInterim(_ head: ResponseHead) {
        exchange?.sendInterim(head)
    }

    func originAnswered(_ answer: OriginAnswer) {
        guard let exchange else { return }
        hasAnswered = true
        stopTimer()
        let status = answer.head.status
        if status >= 500 { responder.context.counters.add(.originErrors) }
        if InvalidationRule.invalidates(method: head.method, status: status) {
            responder.invalidate(after: self, answer.head)
        }
        responder.counters.add(.requestsBypass)
        responder.count(status: status)
        var fields = answer.head.fields
        if status == 204 { fields.remove(.contentLength) }
        var bytes: [UInt8] = []
        HeadWriter.statusLine(status, into: &bytes)
        HeadWriter.fields(fields, into: &bytes)
        responder.fields.writeForward(reason, status: status, stored: false, collapsed: false)
        exchange.sendHead(
            head: ByteBuffer(bytes: bytes),
            extra: responder.fields.buffer,
            bodyLength: head.method == .head ? nil : answer.length
        )
    }

    func originSent(_ body: ByteBuffer) {
        guard let exchange else { return }
        responder.context.counters.add(.originBytes, UInt64(body.readableBytes))
        responder.count(sent: body.readableBytes)
        exchange.sendBody(body)
        if !exchange.isWritable { origin?.pauseReading() }
    }

    func exchangeBecameWritable() {
        origin?.resumeReading()
    }

    // MARK: Ends

    func originFinished() {
        origin = nil
        end()?.finish()
    }

    func originFailed(_ failure: OriginFailure) {
        origin = nil
        guard let exchange = end() else { return }
        responder.context.counters.add(.originErrors)
        responder.context.logger.warning(
            "origin failed",
            metadata: [
                "site": "\(site.name)", "method": "\(head.methodText)",
                "path": "\(key.pathText)",
                "detail": "\(failure.detail)", "message": "\(failure.message)",
            ]
        )
        guard !hasAnswered else { return exchange.abort() }
        responder.refuse(exchange, relayed: failure, reason, isHead: head.method == .head)
    }

    func exchangeClosed() {
        _ = end()
        origin?.cancel()
        origin = nil
    }

    /// The exchange, for its last act. Once.
    private func end() -> (any ServerExchange)? {
        guard let exchange else { return nil }
        self.exchange = nil
        stopTimer()
        upload = .none
        if hasBody { responder.uploads[ObjectIdentifier(site), default: 1] -= 1 }
        responder.context.fillsUnderWay.subtract(1, ordering: .relaxed)
        return exchange
    }

    private func stopTimer() {
        continueTimer?.cancel()
        continueTimer = nil
    }
}
