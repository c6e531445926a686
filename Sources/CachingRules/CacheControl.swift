public import HTTPWire

/// The directives of a request or response (RFC 9111, section 5.2; RFC 5861; RFC 8246; RFC 9213). A value.
///
/// A response's are those of ``ofResponse(_:)``, a request's those of ``ofRequest(_:)``.
/// Names are compared in any case, arguments may be tokens or quoted, unknown directives are ignored, and of several
/// the first counts (RFC 9111, section 4.2.1). Seconds saturate at 2^31 (section 1.2.2). A `max-age` or `s-maxage`
/// without a valid number counts as 0, that is, as stale (section 4.2.1); other directives without one are ignored.
public struct CacheControl: Sendable, Equatable {
    /// Section 5.2.2.5 and 5.2.1.5.
    public var noStore = false
    /// Sections 5.2.2.4 and 5.2.1.4: the whole response may be used only after validation.
    public var noCache = false
    /// Section 5.2.2.7: the whole response is for one user.
    public var isPrivate = false
    /// Section 5.2.2.9.
    public var isPublic = false
    /// Section 5.2.2.2.
    public var mustRevalidate = false
    /// Section 5.2.2.8.
    public var proxyRevalidate = false
    /// Section 5.2.2.3.
    public var mustUnderstand = false
    /// Sections 5.2.2.6 and 5.2.1.6.
    public var noTransform = false
    /// RFC 8246.
    public var immutable = false
    /// Section 5.2.1.7; requests only.
    public var onlyIfCached = false
    /// Seconds; sections 5.2.2.1 and 5.2.1.1.
    public var maxAge: Int64?
    /// Seconds; section 5.2.2.10.
    public var sMaxAge: Int64?
    /// Seconds; RFC 5861, section 3.
    public var staleWhileRevalidate: Int64?
    /// Seconds; RFC 5861, section 4.
    public var staleIfError: Int64?
    /// Seconds; section 5.2.1.2; without an argument any staleness, here 2^31. Requests only.
    public var maxStale: Int64?
    /// Seconds; section 5.2.1.3; requests only.
    public var minFresh: Int64?
    /// The fields that `no-cache="…"` names, in lower case: these alone may not be used without validation.
    public var noCacheFields: [String] = []
    /// The fields that `private="…"` names, in lower case: these alone are for one user.
    public var privateFields: [String] = []
    /// Did `CDN-Cache-Control` say it? Then Expires does not count either (RFC 9213, section 2.2).
    public var isTargeted = false

    /// The most seconds that count (RFC 9111, section 1.2.2).
    public static let secondsMax: Int64 = 1 << 31

    /// No directives.
    public init() {}

    /// The directives of all Cache-Control lines of a request or response. Allocates nothing unless fields are named.
    public init(_ fields: FieldList) {
        guard fields.contains(.cacheControl) else { return }
        let bytes = fields.bytes.span
        for field in fields.fields where field.name == .cacheControl { read(bytes, field.valueRange) }
    }

    /// A response's directives: those of `CDN-Cache-Control` where it is valid, else those of Cache-Control (RFC 9213,
    /// section 2.2). Pragma says nothing in a response (RFC 9111, section 5.4).
    public static func ofResponse(_ fields: FieldList) -> CacheControl {
        CacheControl(targeted: fields) ?? CacheControl(fields)
    }

    /// A request's directives. `Pragma: no-cache` counts when there is no Cache-Control (RFC 9111, section 5.4).
    public static func ofRequest(_ fields: FieldList) -> CacheControl {
        var control = CacheControl(fields)
        if fields.contains(.pragma), !fields.contains(.cacheControl), fields.hasToken(.pragma, "no-cache") {
            control.noCache = true
        }
        return control
    }

    /// Must a stale response not be served without validation (RFC 9111, section 4.2.4)?
    ///
    /// `s-maxage` includes the meaning of `proxy-revalidate` (section 5.2.2.10).
    public var forbidsStale: Bool { noCache || mustRevalidate || proxyRevalidate || sMaxAge != nil }

    /// Is there an explicit lifetime in these directives?
    public var hasLifetime: Bool { maxAge != nil || sMaxAge != nil }
}
