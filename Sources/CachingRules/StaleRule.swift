/// May a stale response be served because the origin fails (RFC 9111, section 4.2.4; RFC 5861, section 4)? A namespace.
public enum StaleRule {
    /// May it be served instead of an error?
    ///
    /// Never when a directive forbids stale answers. Else within the response's `stale-if-error`, the request's
    /// (section 4 of RFC 5861 allows it there), or the site's own seconds, whichever is longest.
    ///
    /// - Parameters:
    ///   - stored: the stored response's directives.
    ///   - request: the request's directives; nil: none that count.
    ///   - freshness: the response's lifetime and age.
    ///   - policy: what the site says about lifetimes.
    ///   - now: Unix seconds.
    public static func mayServeStaleOnError(
        stored: CacheControl,
        request: CacheControl? = nil,
        freshness: Freshness,
        policy: FreshnessPolicy,
        now: Int64
    ) -> Bool {
        if stored.noCache { return false }
        let ttl = freshness.ttl(now: now)
        if ttl > 0 { return true }
        if stored.forbidsStale { return false }
        let window = max(stored.staleIfError ?? -1, request?.staleIfError ?? -1, policy.staleIfError ?? -1)
        return -ttl < window
    }
}
