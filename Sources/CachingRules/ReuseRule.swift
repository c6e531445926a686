/// May a stored response answer a request (RFC 9111, section 4)? A namespace.
public enum ReuseRule {
    /// What to do with a stored response whose key and variant fit. A value.
    public enum Decision: Sendable, Equatable {
        /// Use it.
        case fresh
        /// Use it although it is stale, for that reason.
        case stale(StaleUse)
        /// Validate it with the origin first (section 4.3), for that reason.
        case validate(ForwardReason)
    }

    /// Decides by the response's and the request's directives (sections 4.2 and 5.2). Allocates nothing.
    ///
    /// `stale-while-revalidate` is the response's own, or else the site's.
    ///
    /// - Parameters:
    ///   - stored: the stored response's directives.
    ///   - freshness: its lifetime and age.
    ///   - request: the request's directives; nil: it has none, or the site does not honour them. They are advisory
    ///     (section 5.2.1).
    ///   - policy: what the site says about lifetimes.
    ///   - isSoftPurged: does a soft purge cover it? Then it is stale within its lifetime, too, and may be used.
    ///   - now: Unix seconds.
    public static func decide(
        stored: CacheControl,
        freshness: Freshness,
        request: CacheControl?,
        policy: FreshnessPolicy,
        isSoftPurged: Bool = false,
        now: Int64
    ) -> Decision {
        // Section 5.2.2.4.
        if stored.noCache { return .validate(.stale) }
        let ttl = freshness.ttl(now: now)
        if let request, let reason = refuses(request, stored, ttl: ttl, age: freshness.age(now: now)) {
            return .validate(reason)
        }
        if ttl > 0, !isSoftPurged { return .fresh }
        // Section 4.2.4.
        if stored.forbidsStale { return .validate(.stale) }
        if ttl > 0 { return .stale(.softPurge) }
        // RFC 5861, section 3.
        if let window = stored.staleWhileRevalidate ?? policy.staleWhileRevalidate, -ttl < window {
            return .stale(.whileRevalidating)
        }
        // Section 5.2.1.2.
        if let limit = request?.maxStale, -ttl <= limit { return .stale(.maxStale) }
        return .validate(.stale)
    }

    /// Why the client does not take what is stored (section 5.2.1); nil: it does.
    ///
    /// `max-age` does not make an immutable response be validated while it is fresh: it is what browsers send on a
    /// reload, which RFC 8246 (section 2) is about. `no-cache` does: that is how a user insists.
    private static func refuses(
        _ request: CacheControl,
        _ stored: CacheControl,
        ttl: Int64,
        age: Int64
    ) -> ForwardReason? {
        // Section 5.2.1.4.
        if request.noCache { return .request }
        // Section 5.2.1.1.
        if let maxAge = request.maxAge, age > maxAge, !(stored.immutable && ttl > 0) { return .request }
        // Section 5.2.1.3.
        if let minFresh = request.minFresh, ttl < minFresh { return ttl > 0 ? .request : .stale }
        // Section 5.2.1.1 again: who limits the age takes nothing stale, unless max-stale says so.
        if ttl <= 0, request.maxAge != nil, request.maxStale == nil { return .stale }
        return nil
    }
}
