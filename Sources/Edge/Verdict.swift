import CachingRules

/// What may be done with a stored response now. A value.
enum Verdict: Equatable {
    /// Serve it.
    case fresh
    /// Serve it although it is stale, for that reason.
    case stale(StaleUse)
    /// Ask the origin whether it still holds, for that reason; serve it if the origin fails and the rules allow that.
    case validate(ForwardReason)
    /// Ask the origin; never serve it unless the origin confirms.
    case unconfirmed
    /// A purge has killed it: it may not even be a condition (rule N3).
    case dead
}

/// Why a stale response is served; the words appear in Cache-Status, logs and metrics. A value.
enum StaleUse: String, Sendable, CaseIterable {
    /// The client has said that it takes it (RFC 9111, section 5.2.1.2).
    case maxStale = "max-stale"
    /// It is being revalidated in the background (RFC 5861, section 3).
    case whileRevalidating = "stale-while-revalidate"
    /// A soft purge covers it, and it is being revalidated in the background.
    case softPurge = "soft-purge"
    /// The origin fails (RFC 5861, section 4).
    case ifError = "stale-if-error"

    /// The next request should find it fresh.
    var revalidates: Bool {
        switch self {
        case .whileRevalidating, .softPurge: true
        case .maxStale, .ifError: false
        }
    }
}
