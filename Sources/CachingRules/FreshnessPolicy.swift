/// What a site says about lifetimes, beside what its responses say themselves. A value; all times are seconds.
public struct FreshnessPolicy: Sendable, Equatable {
    /// The lifetime of a 2xx or 3xx that says nothing itself, where a heuristic would be allowed (RFC 9111, section
    /// 4.2.2). nil: none.
    public var defaultTTL: Int64?
    /// The lifetime of every 2xx and 3xx, whatever it says about lifetimes itself. It changes nothing about what may
    /// be stored or shared, nor about `no-cache`. nil: responses decide.
    public var forcedTTL: Int64?
    /// The lifetime of a 403, 404 or 410 that says nothing itself. nil: none.
    public var negativeTTL: Int64?
    /// May a lifetime be guessed from Last-Modified (RFC 9111, section 4.2.2)?
    public var heuristics: Bool
    /// `stale-while-revalidate` (RFC 5861, section 3) for responses that say nothing of it. nil: none.
    public var staleWhileRevalidate: Int64?
    /// For how long beyond its lifetime a response may be used while the origin fails (RFC 5861, section 4), whatever
    /// less it says of it itself. nil: responses decide.
    public var staleIfError: Int64?

    /// Without arguments: responses alone decide.
    public init(
        defaultTTL: Int64? = nil,
        forcedTTL: Int64? = nil,
        negativeTTL: Int64? = nil,
        heuristics: Bool = true,
        staleWhileRevalidate: Int64? = nil,
        staleIfError: Int64? = nil
    ) {
        self.defaultTTL = defaultTTL
        self.forcedTTL = forcedTTL
        self.negativeTTL = negativeTTL
        self.heuristics = heuristics
        self.staleWhileRevalidate = staleWhileRevalidate
        self.staleIfError = staleIfError
    }

    /// The lifetime that it forces on a response with this status; nil: none.
    func forcedLifetime(_ status: Int) -> Int64? {
        guard (200..<400).contains(status) else { return nil }
        return forcedTTL.map(Self.clamped)
    }

    /// The lifetime that it gives to a response with this status that has none itself; nil: none.
    func assignedLifetime(_ status: Int, _ control: CacheControl) -> Int64? {
        switch status {
        case 403, 404, 410: negativeTTL.map(Self.clamped)
        case 200..<400 where control.isPublic || ResponseStatus.isHeuristicallyCacheable(status):
            defaultTTL.map(Self.clamped)
        default: nil
        }
    }

    private static func clamped(_ seconds: Int64) -> Int64 { min(max(0, seconds), CacheControl.secondsMax) }
}
