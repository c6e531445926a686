import CachingRules
import HTTPWire

/// A ``StoredHead`` as bytes in a record. A namespace.
///
/// status u16 | lifetime, initial age, response time i64 | body length u64 | fields u16, each: name u16 + bytes, value u32
/// + bytes | tags u16, each: u16 + bytes. What is derived from the fields is not written, but made again.
enum HeadCodec {
    /// nil when something is too large for its length, or the whole above the limit.
    static func encode(_ head: StoredHead) -> [UInt8]? {
        guard let fieldCount = UInt16(exactly: head.fields.count), let tagCount = UInt16(exactly: head.tags.count)
        else {
            return nil
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(head.fields.bytes.count + 8 * head.fields.count + 64)
        bytes.appendNumber(UInt16(truncatingIfNeeded: head.status))
        bytes.appendNumber(head.freshness.lifetime)
        bytes.appendNumber(head.freshness.correctedInitialAge)
        bytes.appendNumber(head.freshness.responseTime)
        bytes.appendNumber(head.bodyLength)
        bytes.appendNumber(fieldCount)
        for field in head.fields.fields {
            guard let nameLength = UInt16(exactly: field.nameRange.count) else { return nil }
            bytes.appendNumber(nameLength)
            bytes.append(contentsOf: head.fields.bytes[field.nameRange])
            bytes.appendNumber(UInt32(truncatingIfNeeded: field.valueRange.count))
            bytes.append(contentsOf: head.fields.bytes[field.valueRange])
        }
        bytes.appendNumber(tagCount)
        for tag in head.tags {
            guard let length = UInt16(exactly: tag.utf8.count) else { return nil }
            bytes.appendNumber(length)
            bytes.append(contentsOf: tag.utf8)
        }
        return bytes.count <= StoreLimits.headBytes ? bytes : nil
    }

    /// nil when the bytes of `range` are not what ``encode(_:)`` writes. Copies them once: the fields lie where they stood.
    static func decode(_ all: Span<UInt8>, _ range: Range<Int>) -> StoredHead? {
        guard range.upperBound <= all.count, range.count >= fixedBytes else { return nil }
        let raw = all.bytes.extracting(range)
        let end = range.count
        var fields = FieldList(over: Array(copying: raw), count: Int(raw.number(at: fixedBytes - 2, UInt16.self)))
        var offset = fixedBytes
        for _ in 0..<raw.number(at: fixedBytes - 2, UInt16.self) {
            guard offset + 2 <= end else { return nil }
            let nameStart = offset + 2
            let nameEnd = nameStart + Int(raw.number(at: offset, UInt16.self))
            guard nameEnd + 4 <= end else { return nil }
            let valueStart = nameEnd + 4
            let valueEnd = valueStart + Int(raw.number(at: nameEnd, UInt32.self))
            guard valueEnd <= end, fields.noteStored(name: nameStart..<nameEnd, value: valueStart..<valueEnd) else {
                return nil
            }
            offset = valueEnd
        }
        guard let tags = tags(raw, at: offset) else { return nil }
        return StoredHead(
            status: Int(raw.number(at: 0, UInt16.self)),
            fields: fields,
            freshness: Freshness(
                lifetime: raw.number(at: 2),
                correctedInitialAge: raw.number(at: 10),
                responseTime: raw.number(at: 18)
            ),
            bodyLength: raw.number(at: 26),
            tags: tags
        )
    }

    /// What stands before the fields.
    private static let fixedBytes = 36

    /// The tags, which take all of the rest.
    private static func tags(_ raw: RawSpan, at start: Int) -> [String]? {
        guard start + 2 <= raw.byteCount else { return nil }
        var tags: [String] = []
        var offset = start + 2
        for _ in 0..<raw.number(at: start, UInt16.self) {
            guard offset + 2 <= raw.byteCount else { return nil }
            let end = offset + 2 + Int(raw.number(at: offset, UInt16.self))
            guard end <= raw.byteCount else { return nil }
            tags.append(String(decoding: Array(copying: raw.extracting((offset + 2)..<end)), as: UTF8.self))
            offset = end
        }
        return offset == raw.byteCount ? tags : nil
    }
}
