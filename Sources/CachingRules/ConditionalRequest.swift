public import HTTPWire

/// Evaluates preconditions against a representation (RFC 9110, section 13.2.2; RFC 9111, section 4.3.2). A namespace.
public enum ConditionalRequest {
    /// What the preconditions lead to. A value.
    public enum Outcome: Sendable, Equatable {
        /// Answer as if there were no preconditions.
        case proceed
        /// Answer 304.
        case notModified
        /// Answer 412.
        case preconditionFailed
    }

    /// Evaluates the preconditions of a request; allocates nothing.
    ///
    /// Only for a request that would otherwise get a 2xx answer (RFC 9110, section 13.2.1).
    ///
    /// - Parameters:
    ///   - etag: the representation's tag.
    ///   - lastModified: Unix seconds of Last-Modified, or else of Date, or else of the response's arrival
    ///     (RFC 9111, section 4.3.2); nil: If-Modified-Since is not evaluated.
    ///   - asOrigin: also evaluate If-Match and If-Unmodified-Since, which are not for a cache to judge
    ///     (RFC 9111, section 4.3.2).
    public static func evaluate(
        request: FieldList,
        method: Method,
        etag: EntityTag?,
        lastModified: Int64?,
        asOrigin: Bool = false
    ) -> Outcome {
        if asOrigin {
            if request.contains(.ifMatch) {
                guard matches(request, .ifMatch, etag, strong: true) else { return .preconditionFailed }
            } else if let since = singleDate(request, .ifUnmodifiedSince), let lastModified, lastModified > since {
                return .preconditionFailed
            }
        }
        let isRead = method == .get || method == .head
        if request.contains(.ifNoneMatch) {
            guard matches(request, .ifNoneMatch, etag, strong: false) else { return .proceed }
            return isRead ? .notModified : .preconditionFailed
        }
        if isRead, let since = singleDate(request, .ifModifiedSince), let lastModified, lastModified <= since {
            return .notModified
        }
        return .proceed
    }

    /// May a Range field be applied, judged by If-Range (RFC 9110, section 13.1.5)? True without If-Range.
    ///
    /// A tag must match strongly. A date must be the very one, and strong: a second or more before the response's
    /// Date (section 8.8.2.2).
    public static func rangeApplies(
        request: FieldList,
        etag: EntityTag?,
        lastModified: Int64?,
        date: Int64?
    ) -> Bool {
        guard let range = request.range(of: .ifRange) else { return true }
        let bytes = request.bytes.span
        if let tag = EntityTag(bytes, range) {
            guard let etag else { return false }
            return EntityTag.strongEqual(tag, etag)
        }
        guard let asked = HTTPDate.parse(bytes, range), let lastModified, let date else { return false }
        return asked == lastModified && date > lastModified
    }

    /// Is the tag, or with `*` any representation, named in one of the lines? Unquoted tags are understood.
    private static func matches(_ request: FieldList, _ name: FieldName, _ etag: EntityTag?, strong: Bool) -> Bool {
        let bytes = request.bytes.span
        let tag = etag ?? EntityTag(opaque: "", isWeak: true)
        for field in request.fields where field.name == name {
            let isStar = bytes.matches(bytes.trimmingBlanks(field.valueRange), lowercase: "*")
            if isStar { return true }
            if etag != nil, tag.isMember(of: bytes, field.valueRange, strong: strong, acceptBare: true) { return true }
        }
        return false
    }

    /// The date of a field that must be alone (RFC 9110, sections 13.1.3 and 13.1.4); nil: ignore it.
    private static func singleDate(_ request: FieldList, _ name: FieldName) -> Int64? {
        guard let range = request.range(of: name) else { return nil }
        var count = 0
        for field in request.fields where field.name == name { count += 1 }
        return count == 1 ? HTTPDate.parse(request.bytes.span, range) : nil
    }
}
