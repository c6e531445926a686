/// Why a stale response is served; the words appear in Cache-Status details, logs and metrics. A value.
public enum StaleUse: String, Sendable, CaseIterable {
    /// The client has said that it takes it (RFC 9111, section 5.2.1.2).
    case maxStale = "max-stale"
    /// It is being revalidated in the background (RFC 5861, section 3).
    case whileRevalidating = "stale-while-revalidate"
    /// A soft purge covers it, and it is being revalidated in the background.
    case softPurge = "soft-purge"
    /// The origin fails (RFC 5861, section 4).
    case ifError = "stale-if-error"

    /// Does serving it oblige to revalidate it, so that the next request finds it fresh?
    public var revalidates: Bool {
        switch self {
        case .whileRevalidating, .softPurge: true
        case .maxStale, .ifError: false
        }
    }
}
