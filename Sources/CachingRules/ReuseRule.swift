/// May a stored response answer a request (RFC 9111, section 4)? A namespace.
public enum ReuseRule {
    /// What to do with a stored response whose key and variant fit. A value.
    public enum Decision: Sendable, Equatable {
        /// Use it.
        case fresh
        /// Use it although it is stale; the client allows that (`max-stale`, section 5.2.1.2).
        case staleAllowed
        /// Use it although it is stale, and validate it in the background (RFC 5861, section 3).
        case staleWhileRevalidate
        /// Validate it with the origin first (section 4.3), for that reason.
        case validate(ForwardReason)
    }

    /// Decides by the response's and the request's directives (sections 4.2 and 5.2).
    public static func decide(
        stored: CacheControl,
        freshness: Freshness,
        request: CacheControl,
        now: Int64
    ) -> Decision {
        if stored.noCache { return .validate(.stale) }
        if request.noCache { return .validate(.request) }
        if let maxAge = request.maxAge, freshness.age(now: now) > maxAge { return .validate(.request) }
        let ttl = freshness.ttl(now: now)
        if ttl > 0 {
            guard let minFresh = request.minFresh, ttl < minFresh else { return .fresh }
            return .validate(.request)
        }
        if stored.forbidsStale || request.minFresh != nil { return .validate(.stale) }
        if let maxStale = request.maxStale, -ttl <= maxStale { return .staleAllowed }
        if let window = stored.staleWhileRevalidate, -ttl < window { return .staleWhileRevalidate }
        return .validate(.stale)
    }
}
