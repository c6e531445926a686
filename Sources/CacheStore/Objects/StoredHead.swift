public import CachingRules
public import HTTPWire
public import NIOCore

/// Everything about a stored answer but its body. An immutable snapshot.
///
/// What a hit sends is serialised here, once.
public struct StoredHead: Sendable {
    /// The status code.
    public let status: Int
    /// The fields to send, as the origin sent them, hop-by-hop fields removed by the caller. `Content-Length`, `Age` and
    /// `Accept-Ranges` are left out of what is serialised: the first is written from ``bodyLength``, the second per
    /// request, the third is the cache's own.
    public let fields: FieldList
    /// Lifetime and age (RFC 9111, section 4.2).
    public let freshness: Freshness
    /// The length of the body in bytes, which is what `Content-Length` says.
    public let bodyLength: UInt64
    /// Tags (surrogate keys) by which it can be purged.
    public let tags: [String]

    /// This form's own validator.
    public let etag: EntityTag?
    /// Last-Modified in Unix seconds.
    public let lastModified: Int64?
    /// What If-Modified-Since is compared with: Last-Modified, or else Date, or else when the response came (RFC 9111,
    /// section 4.3.2). Unix seconds.
    public let comparisonDate: Int64
    /// The response's directives.
    public let cacheControl: CacheControl
    /// There may be coded forms of it: Accept-Encoding selects among them (RFC 9110, section 12.5.5).
    public let variesByEncoding: Bool

    /// Status line, fields and Content-Length, each with its CRLF, without the empty line that ends the head.
    public let http1: ByteBuffer
    /// The 304 for the same: status line and the fields that RFC 9110, section 15.4.5 asks for.
    public let http1NotModified: ByteBuffer

    /// Serialises a head. `tags` are what the origin's answer says, already split.
    public init(status: Int, fields: FieldList, freshness: Freshness, bodyLength: UInt64, tags: [String] = []) {
        self.status = status
        self.fields = fields
        self.freshness = freshness
        self.bodyLength = bodyLength
        self.tags = tags
        let bytes = fields.bytes
        etag = fields.range(of: .etag).flatMap { EntityTag(bytes.span, $0) }
        let modified = fields.range(of: .lastModified).flatMap { HTTPDate.parse(bytes.span, $0) }
        let date = fields.range(of: .date).flatMap { HTTPDate.parse(bytes.span, $0) }
        lastModified = modified
        comparisonDate = modified ?? date ?? freshness.responseTime
        cacheControl = .ofResponse(fields)
        variesByEncoding = fields.hasToken(.vary, "accept-encoding")
        // Both in one allocation: they live and die together.
        var heads: [UInt8] = []
        heads.reserveCapacity(2 * (fields.bytes.count + 4 * fields.count) + 128)
        Self.serialise(status, fields, bodyLength: bodyLength, into: &heads)
        let length = heads.count
        HeadWriter.statusLine(304, into: &heads)
        HeadWriter.fields(fields, into: &heads, where: Self.isKeptIn304)
        let both = BodyPieces.copy(of: heads)
        http1 = both.getSlice(at: both.readerIndex, length: length) ?? both
        http1NotModified = both.getSlice(at: both.readerIndex + length, length: heads.count - length) ?? both
    }

    /// RFC 9110, section 15.4.5: what a 200 would have carried of these; Last-Modified helps when there is no ETag.
    private static func isKeptIn304(_ name: FieldName) -> Bool {
        switch name {
        case .cacheControl, .contentLocation, .date, .etag, .expires, .lastModified, .vary, .cdnCacheControl: true
        default: false
        }
    }

    private static func serialise(
        _ status: Int,
        _ fields: FieldList,
        bodyLength: UInt64,
        into bytes: inout [UInt8]
    ) {
        HeadWriter.statusLine(status, into: &bytes)
        HeadWriter.fields(fields, into: &bytes) { $0 != .contentLength && $0 != .age && $0 != .acceptRanges }
        // A 200 whose length is known can be cut, whatever its origin can do (RFC 9110, section 14.3).
        if status == 200 { bytes.append(contentsOf: "Accept-Ranges: bytes\r\n".utf8) }
        bytes.append(contentsOf: "Content-Length: ".utf8)
        HeadWriter.decimal(bodyLength, into: &bytes)
        HeadWriter.lineEnd(into: &bytes)
    }

    /// Bytes of memory it takes, about.
    var memoryBytes: Int {
        fields.bytes.capacity + fields.fields.capacity * MemoryLayout<FieldList.Field>.stride
            + BodyPieces.allocatedBytes(http1)
            + tags.reduce(64) { $0 + 48 + $1.utf8.count } + (etag?.opaque.utf8.count ?? 0) + 96
    }
}
