import CacheStore
import CachingRules
import ControlPlane
import HTTPWire

/// Whether a stored response may be used: purges, lease, freshness and both sides' directives.
extension EdgeContext {
    /// - Parameters:
    ///   - resource: the variant that the request selects.
    ///   - policy: what the site says about lifetimes.
    ///   - request: the request's directives, where the site honours them; nil: none.
    func verdict(
        on resource: Resource,
        policy: FreshnessPolicy = FreshnessPolicy(),
        for request: CacheControl?,
        now: Int64
    ) -> Verdict {
        let state = store.epochs.state(of: resource.identity, key: resource.key)
        if state == .dead { return .dead }
        // Without a lease there may have been hard purges that this edge has not heard of.
        guard state != .unconfirmed, lease.mayServeWithoutRevalidation else { return .unconfirmed }
        let head = resource.identity.head
        let decision = ReuseRule.decide(
            stored: head.cacheControl,
            freshness: head.freshness,
            request: request,
            policy: policy,
            isSoftPurged: state == .softPurged,
            now: now
        )
        switch decision {
        case .fresh: return .fresh
        case .stale(let use): return .stale(use)
        case .validate(let reason): return .validate(reason)
        }
    }

    /// Whether a stale response may be served if the origin fails; never one that the origin has to confirm.
    ///
    /// - Parameter isDisconnected: there is no answer at all. Then no directive has to permit it (RFC 9111, section 4.2.4).
    func mayServeStaleOnError(
        _ resource: Resource,
        at site: Site,
        for request: CacheControl?,
        isDisconnected: Bool = false,
        now: Int64
    ) -> Bool {
        switch verdict(on: resource, for: nil, now: now) {
        case .unconfirmed, .dead: return false
        case .fresh, .stale, .validate: break
        }
        let head = resource.identity.head
        // An origin that sets a limit means it.
        var policy = site.freshness
        if isDisconnected, head.cacheControl.staleIfError == nil {
            policy.staleIfError = max(policy.staleIfError ?? 0, Limits.disconnectedStale)
        }
        return StaleRule.mayServeStaleOnError(
            stored: head.cacheControl,
            request: request,
            freshness: head.freshness,
            policy: policy,
            now: now
        )
    }

    /// The request's directives, as far as the site honours them; nil: none, the usual case.
    ///
    /// They are advisory (RFC 9111, section 5.2.1). `only-if-cached` is always obeyed.
    func directives(of head: borrowing RequestHead, at site: Site) -> CacheControl? {
        guard head.fields.contains(.cacheControl) || head.fields.contains(.pragma) else { return nil }
        let given = CacheControl.ofRequest(head.fields)
        if site.honoursRequestDirectives { return given }
        guard given.onlyIfCached else { return nil }
        var kept = CacheControl()
        kept.onlyIfCached = true
        return kept
    }
}
