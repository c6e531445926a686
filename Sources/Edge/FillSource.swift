import CachingRules

/// Where a fill's answer came from; decides what Cache-Status says. A value.
enum FillSource: Sendable {
    /// Found on disk and fresh: the origin was not asked.
    case disk
    /// The origin answered with this status; why it is not stored, nil: it is.
    case origin(ForwardReason, status: Int, NotStored?)
    /// The origin failed, with this status or without one, and the stale entry may be used.
    case staleIfError(status: Int?)
}

/// Why a fill has no answer. A value.
struct FillFailure: Error, Sendable {
    /// What the client gets.
    let status: Int
    /// One word for Cache-Status, logs and metrics.
    let detail: String
    /// One sentence for the person who sees it. What the log says goes further.
    let text: String
    /// Why the origin was asked.
    let reason: ForwardReason
    /// What the origin said; nil: nothing.
    var forwardStatus: Int?
    /// Of a 416: bytes of the whole, of which the client wants a part that is not there.
    var completeLength: UInt64?

    /// A client that holds others back and takes nothing.
    static let clientStalled = "client-stalled"
    /// The connection held bytes of an entry that the store has let go of, when there was too much of that.
    static let pinned = "memory-pinned"

    /// Every ``detail`` that is the edge's own.
    static let details = [
        "only-if-cached", "not-found", "forbidden", "origin-error", "origin-304", "origin-truncated", "range",
        clientStalled,
        pinned,
    ]

    /// The client forbids to ask the origin (RFC 9111, section 5.2.1.7).
    static let onlyIfCached = FillFailure(
        status: Refusal.onlyIfCached.status,
        detail: Refusal.onlyIfCached.detail,
        text: Refusal.onlyIfCached.text,
        reason: .request
    )

    /// A bucket has answered with an error, whose XML is not for browsers.
    static func bucket(_ status: Int, _ reason: ForwardReason) -> FillFailure {
        switch status {
        case 404, 410:
            FillFailure(
                status: status,
                detail: "not-found",
                text: "There is nothing here.",
                reason: reason,
                forwardStatus: status
            )
        case 403:
            FillFailure(
                status: 403,
                detail: "forbidden",
                text: "This object may not be read.",
                reason: reason,
                forwardStatus: status
            )
        default:
            FillFailure(
                status: status == 503 ? 503 : 502,
                detail: "origin-error",
                text: "The origin answered with an error.",
                reason: reason,
                forwardStatus: status
            )
        }
    }
}
