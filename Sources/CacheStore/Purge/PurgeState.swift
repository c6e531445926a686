/// What the purges applied so far say about an entry. A value.
public enum PurgeState: Sendable, Equatable {
    /// No purge that covers it is newer than the entry.
    case live
    /// A soft purge covers it: stale, but may be used where stale answers are allowed.
    case softPurged
    /// It comes from another log than the one followed now: the origin must confirm it before it is used (rule N8).
    case unconfirmed
    /// A hard purge or an invalidation covers it: it is never used again, not even as the base of a conditional request.
    case dead
}
