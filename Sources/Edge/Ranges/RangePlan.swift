import CacheStore
import CachingRules
import HTTPWire

/// What a request's Range and If-Range fields ask of an answer that could be sent whole (RFC 9110, section 14.2). A value.
enum RangePlan: Sendable, Equatable {
    /// No range, or none that is to be honoured: the 200.
    case whole
    /// One part of the body: a 206 with Content-Range. Never empty.
    case single(Range<UInt64>)
    /// Two to ``Limits/ranges`` parts, none of which overlaps or touches another: a 206 in `multipart/byteranges`.
    case multiple([Range<UInt64>])
    /// None of the ranges lies within the body: 416.
    case unsatisfiable

    /// Reads the request for an answer with this head, whose body has `length` bytes.
    ///
    /// The conditions that come before Range (RFC 9110, section 13.2.2) have been evaluated by the caller, who also asks
    /// first whether there is a Range at all: then this costs nothing to a request without one. Another unit, a malformed
    /// field, and more ranges than ``Limits/ranges`` are ignored; so are ranges of a body that is shorter than what
    /// the parts with their heads would be, and of one that is empty: no range of it could be written in a
    /// Content-Range, and clients that always ask for `bytes=0-` take a 416 for a failure.
    static func of(_ request: FieldList, method: Method, head: StoredHead, length: UInt64) -> RangePlan {
        guard method == .get, head.status == 200, length > 0,
            let asked = ByteRangeSet.parse(request, limit: Limits.ranges),
            mayApply(request, to: head)
        else { return .whole }
        let ranges = asked.resolve(length: length)
        guard let first = ranges.first else { return .unsatisfiable }
        guard ranges.count > 1 else { return .single(first) }
        // Coded bytes in several parts: nothing says whether the coding would be that of the parts or of the multipart.
        guard !head.fields.contains(.contentEncoding) else { return .whole }
        return MultipartRanges(ranges, head: head, length: length).bytes < length ? .multiple(ranges) : .whole
    }

    /// RFC 9110, section 13.1.5: without If-Range, or if it names this very form by a strong validator.
    static func mayApply(_ request: FieldList, to head: StoredHead) -> Bool {
        guard request.contains(.ifRange) else { return true }
        // It is no list: of several, none can be relied on.
        var count = 0
        for field in request.fields where field.name == .ifRange { count += 1 }
        return count == 1
            && ConditionalRequest.rangeApplies(
                request: request,
                etag: head.etag,
                lastModified: head.lastModified,
                date: head.fields.range(of: .date).flatMap { HTTPDate.parse(head.fields.bytes.span, $0) }
            )
    }
}
