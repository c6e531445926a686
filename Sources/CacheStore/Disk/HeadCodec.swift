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

    /// nil when the bytes are not what ``encode(_:)`` writes.
    static func decode(_ bytes: [UInt8], _ range: Range<Int>) -> StoredHead? {
        var reader = ByteReader(bytes, range)
        guard let status = reader.number(UInt16.self), let lifetime = reader.number(Int64.self),
            let initialAge = reader.number(Int64.self), let responseTime = reader.number(Int64.self),
            let bodyLength = reader.number(UInt64.self), let fieldCount = reader.number(UInt16.self)
        else { return nil }
        var fields = FieldList()
        for _ in 0..<fieldCount {
            guard let nameLength = reader.number(UInt16.self), let name = reader.slice(Int(nameLength)),
                let valueLength = reader.number(UInt32.self), let value = reader.slice(Int(valueLength)),
                fields.append(nameBytes: name, value)
            else { return nil }
        }
        guard let tagCount = reader.number(UInt16.self) else { return nil }
        var tags: [String] = []
        for _ in 0..<tagCount {
            guard let length = reader.number(UInt16.self), let tag = reader.slice(Int(length)) else { return nil }
            tags.append(String(decoding: tag, as: UTF8.self))
        }
        guard reader.isAtEnd else { return nil }
        return StoredHead(
            status: Int(status),
            fields: fields,
            freshness: Freshness(lifetime: lifetime, correctedInitialAge: initialAge, responseTime: responseTime),
            bodyLength: bodyLength,
            tags: tags
        )
    }
}
