import CacheStore
import CachingRules
import HTTPWire
import NIOCore

/// An origin's answer on its way into the cache: its head is known, its body is still coming. A value.
struct PendingEntry: Sendable {
    var head: ResponseHead
    var freshness: Freshness
    /// Bytes of the body; nil when the origin did not say.
    var length: UInt64?
    var tags: [String]
    /// The request's values of the fields that select it.
    var variant: [UInt8]

    /// Everything that the client that asked gets; nil: no more than the others.
    private(set) var ownFields: FieldList?

    /// Whether the edge may make coded forms of it. A length that is not known yet counts as long enough.
    private(set) var mayHaveForms = false

    init(head: ResponseHead, freshness: Freshness, length: UInt64?, tags: [String], variant: [UInt8] = []) {
        self.head = head
        self.freshness = freshness
        self.length = length
        self.tags = tags
        self.variant = variant
    }

    /// What only the client that asked may get goes (RFC 9111, sections 5.2.2.4 and 5.2.2.7).
    mutating func restrict() {
        let control = CacheControl.ofResponse(head.fields)
        guard StoredFields.hasRestricted(head.fields, control) else { return }
        ownFields = head.fields
        StoredFields.removeRestricted(&head.fields, control)
    }

    /// Where coded forms of it may be made, caches behind this one must ask for theirs (RFC 9110, 12.5.5).
    mutating func prepareForms(at site: Site) {
        mayHaveForms =
            head.status == 200
            && site.mayCompress(head.fields, length: length ?? Limits.formBytes)
        guard mayHaveForms, !head.fields.hasToken(.vary, "accept-encoding") else { return }
        head.fields.append(.vary, "Accept-Encoding")
    }

    var etag: EntityTag? {
        head.fields.range(of: .etag).flatMap { EntityTag(head.fields.bytes.span, $0) }
    }

    func storedHead(bodyLength: UInt64) -> StoredHead {
        StoredHead(status: head.status, fields: head.fields, freshness: freshness, bodyLength: bodyLength, tags: tags)
    }

    func fillHead(_ source: FillSource, isRetained: Bool) -> FillHead {
        let stored = storedHead(bodyLength: length ?? 0)
        return FillHead(
            stored: stored,
            http1: length == nil ? serialised(head.fields) : stored.http1,
            ownHTTP1: ownFields.map(serialised),
            length: length,
            variant: variant,
            mayHaveForms: mayHaveForms,
            source: source,
            isRetained: isRetained
        )
    }

    /// Without the length, which is added where it is known.
    private func serialised(_ given: FieldList) -> ByteBuffer {
        var fields = given
        fields.remove(.contentLength)
        fields.remove(.age)
        var bytes: [UInt8] = []
        HeadWriter.statusLine(head.status, into: &bytes)
        HeadWriter.fields(fields, into: &bytes)
        return ByteBuffer(bytes: bytes)
    }
}

/// What the readers of a fill know when its head has come. Immutable snapshot.
struct FillHead: Sendable {
    /// For conditions and the 304.
    let stored: StoredHead
    /// Status line and fields as they are sent; with Content-Length if the length is known.
    let http1: ByteBuffer
    /// The same for the client that asked, if it gets more than the others.
    let ownHTTP1: ByteBuffer?
    /// Bytes of the body; nil when the origin did not say.
    let length: UInt64?
    /// The values of the request fields that select it; empty: every request does.
    let variant: [UInt8]
    /// Whether the edge will make coded forms of it when somebody asks for them.
    let mayHaveForms: Bool
    let source: FillSource
    /// The whole body will be an entry in memory; otherwise it passes through a window.
    let isRetained: Bool
}
