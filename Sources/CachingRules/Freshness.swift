public import HTTPWire

/// How long a stored response is fresh and how old it is (RFC 9111, sections 4.2.1 to 4.2.3). A value.
///
/// All times are whole Unix seconds.
public struct Freshness: Sendable, Equatable {
    /// Seconds for which the response is fresh, counted from its age 0.
    public var lifetime: Int64
    /// Its age when it arrived.
    public var correctedInitialAge: Int64
    /// When it arrived.
    public var responseTime: Int64

    /// A freshness from its parts, as a store keeps them.
    public init(lifetime: Int64, correctedInitialAge: Int64, responseTime: Int64) {
        self.lifetime = lifetime
        self.correctedInitialAge = correctedInitialAge
        self.responseTime = responseTime
    }

    /// The freshness of a response.
    ///
    /// - Parameters:
    ///   - control: its directives (``CacheControl/ofResponse(_:)``), by a caller that has read them.
    ///   - requestTime: when the request was sent.
    ///   - responseTime: when the response's head arrived.
    ///   - policy: what the site says about lifetimes.
    public static func of(
        _ response: ResponseHead,
        control: CacheControl? = nil,
        requestTime: Int64,
        responseTime: Int64,
        policy: FreshnessPolicy
    ) -> Freshness {
        let control = control ?? .ofResponse(response.fields)
        let fields = response.fields
        let date = date(fields, .date) ?? responseTime
        let lifetime =
            policy.forcedLifetime(response.status)
            ?? explicitLifetime(fields, control, date: date)
            ?? policy.assignedLifetime(response.status, control)
            ?? heuristicLifetime(response, control, date: date, policy)
        // Section 4.2.3.
        let apparentAge = max(0, saturating(responseTime, date))
        let responseDelay = max(0, saturating(responseTime, requestTime))
        let correctedAge = ageValue(fields) + min(responseDelay, CacheControl.secondsMax)
        return Freshness(
            lifetime: lifetime,
            correctedInitialAge: min(max(apparentAge, correctedAge), CacheControl.secondsMax),
            responseTime: responseTime
        )
    }

    /// Section 4.2.3: the age at a moment, never negative. A clock that was set back adds nothing.
    public func age(now: Int64) -> Int64 {
        let limit = CacheControl.secondsMax
        let resident = min(max(0, Self.saturating(now, responseTime)), limit)
        return min(min(max(0, correctedInitialAge), limit) + resident, limit)
    }

    /// Section 4.2: fresh as long as the lifetime exceeds the age.
    public func isFresh(now: Int64) -> Bool { ttl(now: now) > 0 }

    /// Seconds for which it stays fresh; negative: for how long it has been stale. As in Cache-Status (RFC 9211, 2.4).
    public func ttl(now: Int64) -> Int64 { min(max(0, lifetime), CacheControl.secondsMax) - age(now: now) }

    /// The Age field (section 5.1): the first member of the first line, 0 if that is no number. Saturates at 2^31.
    static func ageValue(_ fields: FieldList) -> Int64 {
        guard let range = fields.range(of: .age) else { return 0 }
        let bytes = fields.bytes.span
        var end = range.lowerBound
        while end < range.upperBound, bytes[end] != ASCII.comma { end += 1 }
        return CacheControl.seconds(bytes, bytes.trimmingBlanks(range.lowerBound..<end)) ?? 0
    }

    /// A date field; nil if there is none or it is malformed.
    static func date(_ fields: FieldList, _ name: FieldName) -> Int64? {
        guard let range = fields.range(of: name) else { return nil }
        return HTTPDate.parse(fields.bytes.span, range)
    }

    /// one - other, without overflow.
    static func saturating(_ one: Int64, _ other: Int64) -> Int64 {
        let (difference, overflow) = one.subtractingReportingOverflow(other)
        guard overflow else { return difference }
        return one < other ? .min : .max
    }
}
