import CacheStore
import HTTPWire
import NIOCore

/// A 206: its head, and which parts of the stored body make up its own (RFC 9110, section 15.3.7). A value.
struct RangeAnswer: Sendable {
    /// Status line and fields, each with its CRLF, without the empty line: those of the stored answer, with Content-Range
    /// and Content-Length of its own. Age, Via and Cache-Status are the request's and not among them.
    let head: ByteBuffer
    /// What to send, in this order.
    let parts: [BodyPart]
    /// Bytes of all parts, which is what Content-Length says.
    let length: UInt64

    /// One range, not empty, of a body of `total` bytes.
    init(_ range: Range<UInt64>, of stored: StoredHead, total: UInt64) {
        length = range.upperBound - range.lowerBound
        parts = [.slice(range)]
        var bytes = Self.fields(of: stored, without: nil)
        HeadWriter.field(.contentRange, ContentRange(range: range, completeLength: total).text, into: &bytes)
        HeadWriter.field(.contentLength, String(length), into: &bytes)
        head = ByteBuffer(bytes: bytes)
    }

    /// Several ranges of a body of `total` bytes, as ``RangePlan/multiple(_:)`` gives them.
    init(_ ranges: [Range<UInt64>], of stored: StoredHead, total: UInt64) {
        let boundary = MultipartRanges.boundary()
        parts = MultipartRanges(ranges, head: stored, length: total).parts(boundary)
        length = parts.reduce(0) { $0 + $1.length }
        var bytes = Self.fields(of: stored, without: .contentType)
        HeadWriter.field(
            .contentType,
            "multipart/byteranges; boundary=" + String(decoding: boundary, as: UTF8.self),
            into: &bytes
        )
        HeadWriter.field(.contentLength, String(length), into: &bytes)
        head = ByteBuffer(bytes: bytes)
    }

    /// A 416 (RFC 9110, section 15.5.17): status line and fields without the empty line. It has no body; its validators
    /// tell a client that resumes whether what it has is still of use.
    static func unsatisfiable(_ stored: StoredHead, total: UInt64) -> ByteBuffer {
        var bytes: [UInt8] = []
        HeadWriter.statusLine(416, into: &bytes)
        HeadWriter.field(.contentRange, ContentRange(range: nil, completeLength: total).text, into: &bytes)
        HeadWriter.field(.contentLength, "0", into: &bytes)
        var kept = stored.fields
        kept.removeAll { field, _ in
            switch field.name {
            case .date, .etag, .vary: false
            default: true
            }
        }
        HeadWriter.fields(kept, into: &bytes)
        return ByteBuffer(bytes: bytes)
    }

    private static func fields(of stored: StoredHead, without name: FieldName?) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(stored.fields.bytes.count + 192)
        HeadWriter.statusLine(206, into: &bytes)
        var kept = stored.fields
        kept.removeAll { field, _ in
            switch field.name {
            // Digests of the content are those of the whole (RFC 9530, section 2; Repr-Digest holds for any part).
            case .contentLength, .contentRange, .age, .acceptRanges, .contentMD5: true
            case .other: stored.fields.bytes.span.matches(field.nameRange, lowercase: "content-digest")
            default: field.name == name
            }
        }
        HeadWriter.fields(kept, into: &bytes)
        return bytes
    }
}
