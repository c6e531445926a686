import HTTPWire

extension Freshness {
    /// Section 4.2.1: s-maxage, then max-age, then Expires minus Date. nil: the response says nothing.
    ///
    /// Expires does not count beside `CDN-Cache-Control` (RFC 9213, section 2.2). An Expires that is no date means the past (section 5.3).
    static func explicitLifetime(_ fields: FieldList, _ control: CacheControl, date: Int64) -> Int64? {
        if let seconds = control.sMaxAge ?? control.maxAge { return seconds }
        guard !control.isTargeted, fields.contains(.expires) else { return nil }
        guard let expires = Self.date(fields, .expires) else { return 0 }
        return min(max(0, saturating(expires, date)), CacheControl.secondsMax)
    }

    /// A tenth of the time since it was last modified, at most a day (section 4.2.2). Only where the status is defined
    /// as heuristically cacheable, or `public` says so; else 0.
    static func heuristicLifetime(
        _ response: ResponseHead,
        _ control: CacheControl,
        date: Int64,
        _ policy: FreshnessPolicy
    ) -> Int64 {
        guard policy.heuristics, control.isPublic || ResponseStatus.isHeuristicallyCacheable(response.status),
            let modified = Self.date(response.fields, .lastModified)
        else { return 0 }
        return min(max(0, saturating(date, modified)) / 10, heuristicLifetimeMax)
    }

    /// A day, in seconds.
    static let heuristicLifetimeMax: Int64 = 86_400
}
