import HTTPWire

extension Freshness {
    /// Section 4.2.1: s-maxage, then max-age, then Expires minus Date. nil: the response says nothing.
    ///
    /// An Expires that is no date means the past (section 5.3).
    static func explicitLifetime(_ fields: FieldList, _ control: CacheControl, date: Int64) -> Int64? {
        if let seconds = control.sMaxAge ?? control.maxAge { return seconds }
        guard fields.contains(.expires) else { return nil }
        guard let expires = Self.date(fields, .expires) else { return 0 }
        return min(max(0, saturating(expires, date)), CacheControl.secondsMax)
    }

    /// What a response without explicit lifetime gets: the site's default, or a tenth of the time since it was last
    /// modified, at most a day (section 4.2.2). Only where the status is defined as heuristically cacheable, or
    /// `public` says so; else 0. An error that is merely `public` does not get the site's default.
    static func assignedLifetime(
        _ response: ResponseHead,
        _ control: CacheControl,
        date: Int64,
        responseTime: Int64,
        defaultTTL: Int64?,
        heuristics: Bool
    ) -> Int64 {
        guard control.isPublic || ResponseStatus.isHeuristicallyCacheable(response.status) else { return 0 }
        if let defaultTTL {
            guard StorageRule.mayHaveDefaultTTL(response.status, control) else { return 0 }
            return min(max(0, defaultTTL), CacheControl.secondsMax)
        }
        guard heuristics, let modified = Self.date(response.fields, .lastModified) else { return 0 }
        return min(max(0, saturating(date, modified)) / 10, heuristicLifetimeMax)
    }

    /// A day, in seconds.
    static let heuristicLifetimeMax: Int64 = 86_400
}
