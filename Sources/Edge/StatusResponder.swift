import HTTPServer
import HTTPWire
import NIOCore
import Telemetry

/// The status port: `/healthz` (the process lives), `/readyz` (it should get traffic), `/metrics`. Loop-confined.
final class StatusResponder: RequestResponder {
    private let readiness: @Sendable () -> (isReady: Bool, why: String)
    private let metrics: Metrics

    /// - Parameter readiness: called per request to `/readyz`; `why` is what a person reads there.
    init(metrics: Metrics, readiness: @escaping @Sendable () -> (isReady: Bool, why: String)) {
        self.metrics = metrics
        self.readiness = readiness
    }

    /// Answers GET and HEAD.
    func respond(to head: borrowing RequestHead, on exchange: any ServerExchange) {
        guard head.method == .get || head.method == .head else {
            return send(405, "only GET and HEAD\n", to: exchange, isHead: false)
        }
        let isHead = head.method == .head
        let path = head.targetString.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)[0]
        switch path {
        case "/healthz":
            send(200, "ok\n", to: exchange, isHead: isHead)
        case "/readyz":
            let (ready, why) = readiness()
            send(ready ? 200 : 503, why + "\n", to: exchange, isHead: isHead)
        case "/metrics":
            send(200, metrics.renderPrometheus(), type: Metrics.contentType, to: exchange, isHead: isHead)
        default:
            send(404, "here are /healthz, /readyz and /metrics\n", to: exchange, isHead: isHead)
        }
    }

    private func send(
        _ status: Int,
        _ text: String,
        type: String = "text/plain; charset=utf-8",
        to exchange: any ServerExchange,
        isHead: Bool
    ) {
        let body = ByteBuffer(string: text)
        var fields = FieldList()
        fields.append(.contentType, type)
        fields.append(.contentLength, String(body.readableBytes))
        fields.append(.cacheControl, "no-store")
        var head: [UInt8] = []
        HeadWriter.statusLine(status, into: &head)
        HeadWriter.fields(fields, into: &head)
        exchange.respond(head: ByteBuffer(bytes: head), extra: ByteBuffer(), body: [body], sendBody: !isHead)
    }
}
