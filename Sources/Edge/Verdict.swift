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
