import HTTPServer
import HTTPWire
import NIOCore

/// An answer that the edge makes itself because it has no other. A value.
struct Refusal: Sendable {
    let status: Int
    /// One word for Cache-Status, logs and metrics.
    let detail: String
    /// One sentence for the person who sees it.
    let text: String
    var allow: String?
    var retryAfter: Int?
    /// Of a 416 (RFC 9110, section 15.5.17), in bytes.
    var completeLength: UInt64?

    /// Every ``detail``.
    static let details = [
        "method", "bad-host", "unknown-host", "bad-target", "only-if-cached", "busy", "connect", "trace", "loop",
        "precondition", "block-missing", "object-changes",
    ]

    static let methodNotAllowed = Refusal(
        status: 405,
        detail: "method",
        text: "This site is read-only: only GET and HEAD are possible.",
        allow: "GET, HEAD"
    )
    /// Those that are relayed to an HTTP origin; what it thinks of them is for it to say.
    static let relayedMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE"
    static let connect = Refusal(status: 501, detail: "connect", text: "This is no proxy: there are no tunnels here.")
    static func trace(allow: String) -> Refusal {
        Refusal(status: 405, detail: "trace", text: "The request is not shown to who has sent it.", allow: allow)
    }
    static let loop = Refusal(
        status: 508,
        detail: "loop",
        text: "This request has come through this edge before: the origin of its site leads back here."
    )
    static let badHost = Refusal(status: 400, detail: "bad-host", text: "The Host field does not name a host.")
    static let unknownHost = Refusal(
        status: 421,
        detail: "unknown-host",
        text: "No site is configured here for this host."
    )
    static let badTarget = Refusal(status: 400, detail: "bad-target", text: "The request target is malformed.")
    static let onlyIfCached = Refusal(
        status: 504,
        detail: "only-if-cached",
        text: "Nothing that is stored here answers the request, and it forbids to ask the origin."
    )
    static let preconditionFailed = Refusal(
        status: 412,
        detail: "precondition",
        text: "What is here is not what the request's condition names."
    )
    static let tooBusy = Refusal(
        status: 503,
        detail: "busy",
        text: "Too many requests are waiting for the origin.",
        retryAfter: 1
    )

    static let blockMissing = Refusal(
        status: 502,
        detail: "block-missing",
        text: "The origin did not send the part that is asked for."
    )
    static let objectChanges = Refusal(
        status: 502,
        detail: "object-changes",
        text: "The origin sends a different version of this object each time.",
        retryAfter: 1
    )

    /// Status line and fields without the empty line, and the body.
    func serialised() -> (head: ByteBuffer, body: ByteBuffer) {
        let body = ByteBuffer(string: text + "\n")
        var fields = FieldList()
        fields.append(.contentType, "text/plain; charset=utf-8")
        fields.append(.contentLength, String(body.readableBytes))
        fields.append(.cacheControl, "no-store")
        if let allow { fields.append(.allow, allow) }
        if let retryAfter { fields.append(.retryAfter, String(retryAfter)) }
        if let completeLength {
            fields.append(.contentRange, ContentRange(range: nil, completeLength: completeLength).text)
        }
        var bytes: [UInt8] = []
        HeadWriter.statusLine(status, into: &bytes)
        HeadWriter.fields(fields, into: &bytes)
        return (ByteBuffer(bytes: bytes), body)
    }
}
