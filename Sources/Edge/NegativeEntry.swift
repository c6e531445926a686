import CacheStore
import CachingRules
import HTTPWire
import NIOCore

/// A bucket's "there is nothing" as an entry of the cache: the edge's own words under the object's key, for a few seconds.
/// A namespace.
///
/// It is an entry like any other, with the mark of its fill, so that a purge of the URL, of a prefix, of the site or of
/// everything reaches it, and an upload that was missed for a moment is there at once after its purge.
enum NegativeEntry {
    /// What whoever is behind the edge is told: a purge does not reach there, so that the lifetime is for here alone. And
    /// "there is nothing" is not to be said for longer than its lifetime because the bucket does not answer.
    static let cacheControl = "max-age=0, must-revalidate"

    /// Seconds for which the answer is kept; nil: not at all.
    ///
    /// A 403 may come from the edge's own keys or clock, or from a policy that is being changed, and would hide what is
    /// there: it is kept just long enough to spare the bucket a crowd.
    static func lifetime(of status: Int, negativeTTL: Int64?) -> Int64? {
        guard let negativeTTL, negativeTTL > 0 else { return nil }
        switch status {
        case 404, 410: return negativeTTL
        case 403: return min(1, negativeTTL)
        default: return nil
        }
    }

    /// - Parameters:
    ///   - date: the bucket's own Date field, where it has one.
    ///   - generation: that of the fill, as is `mark`.
    static func representation(
        of failure: FillFailure,
        date: String?,
        freshness: Freshness,
        generation: UInt64,
        mark: PurgeMark
    ) -> Representation {
        let body = ByteBuffer(string: failure.text + "\n")
        var fields = FieldList()
        fields.append(.contentType, "text/plain; charset=utf-8")
        fields.append(.cacheControl, cacheControl)
        fields.append(.date, date ?? HTTPDate.format(freshness.responseTime))
        let head = StoredHead(
            status: failure.status,
            fields: fields,
            freshness: freshness,
            bodyLength: UInt64(body.readableBytes)
        )
        return Representation(generation: generation, mark: mark, head: head, body: StoredBody(pieces: [body]))
    }
}
