import HTTPServer
import HTTPWire
import NIOCore
import Settings

/// Writes a site's fields into answers. Loop-confined: its buffers keep their memory from answer to answer.
final class FieldDresser {
    private var head = ByteBuffer()
    private var extra = ByteBuffer()
    /// Where in the head the lines lie that are left out.
    private var dropped: [Range<Int>] = []
    /// An exchange that has been answered, to be used again when nobody else has it.
    private var spare: DressedExchange?

    /// What is known of an answer beside its fields. A value.
    struct Answer {
        var isSecure: Bool
        /// Its path has the suffix of one.
        var isFont: Bool
    }

    /// An exchange whose answers get and lose `fields`.
    func dress(_ exchange: any ServerExchange, _ fields: SiteFields, isFont: Bool) -> any ServerExchange {
        if spare != nil, isKnownUniquelyReferenced(&spare), let spare {
            spare.begin(exchange, fields, isFont: isFont)
            return spare
        }
        let new = DressedExchange(self, on: exchange.eventLoop)
        new.begin(exchange, fields, isFont: isFont)
        return new
    }

    func giveBack(_ exchange: DressedExchange) { spare = exchange }

    /// The head and the extra fields of an answer with the site's changes. Both are good until the next answer.
    func dressed(
        _ given: ByteBuffer,
        _ givenExtra: ByteBuffer,
        _ fields: SiteFields,
        _ answer: Answer
    ) -> (head: ByteBuffer, extra: ByteBuffer) {
        var isFont = answer.isFont
        let (kind, skip) = scan(given.readableBytesUInt8Span, fields, &isFont)
        extra.clear()
        extra.writeImmutableBuffer(givenExtra)
        fields.write(kind, isSecure: answer.isSecure, skipping: skip, into: &extra)
        if fields.cors == .all || (fields.cors == .fonts && isFont), !skip.contains(.allowOrigin) {
            extra.writeStaticString("Access-Control-Allow-Origin: *\r\n")
        }
        return (dropped.isEmpty ? given : withoutDropped(given), extra)
    }

    /// Notes which lines are left out, and returns what is not added.
    private func scan(
        _ bytes: Span<UInt8>,
        _ fields: SiteFields,
        _ isFont: inout Bool
    ) -> (SiteFields.Kind, SiteFields.Skip) {
        dropped.removeAll(keepingCapacity: true)
        var skip: SiteFields.Skip = []
        let kind = SiteFields.Kind(status: Self.status(bytes))
        var start = 0
        var colon = -1
        var isStatusLine = true
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == UInt8(ascii: ":"), colon < 0 { colon = index }
            guard byte == UInt8(ascii: "\n") else { continue }
            if !isStatusLine, colon > start, let action = fields.action(bytes, start..<colon) {
                let value = colon + 1..<index
                if Self.drops(action, kind, bytes, value, &skip, &isFont) { dropped.append(start..<index + 1) }
            }
            isStatusLine = false
            start = index + 1
            colon = -1
        }
        return (kind, skip)
    }

    /// Whether a field is left out. `skip` learns what need not be added, `isFont` what the answer is.
    static func drops(
        _ action: SiteFields.Action,
        _ kind: SiteFields.Kind,
        _ bytes: Span<UInt8>,
        _ value: Range<Int>,
        _ skip: inout SiteFields.Skip,
        _ isFont: inout Bool
    ) -> Bool {
        switch action {
        case .remove: return true
        case .replace(let onErrors): return onErrors || kind != .error
        case .replaceCacheControl:
            guard kind != .error else { return false }
            let isOneClients = contains(bytes, value, "private") || contains(bytes, value, "no-store")
            if isOneClients { skip.insert(.cacheControl) }
            return !isOneClients
        case .keep(let bit):
            skip.insert(bit)
            return false
        case .contentType:
            isFont = isFont || FontType.matches(bytes, value)
            return false
        }
    }

    private static func contains(_ bytes: Span<UInt8>, _ range: Range<Int>, _ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard range.count >= length else { return false }
        for start in range.lowerBound...range.upperBound - length
        where bytes.matches(start..<start + length, lowercase: word) {
            return true
        }
        return false
    }

    private static func status(_ bytes: Span<UInt8>) -> Int {
        guard bytes.count >= 12 else { return 500 }
        var status = 0
        for index in 9..<12 { status = status * 10 + Int(bytes[index] &- UInt8(ascii: "0")) }
        return status
    }

    private func withoutDropped(_ given: ByteBuffer) -> ByteBuffer {
        head.clear()
        var start = 0
        for range in dropped {
            write(given, start..<range.lowerBound)
            start = range.upperBound
        }
        write(given, start..<given.readableBytes)
        return head
    }

    private func write(_ given: ByteBuffer, _ range: Range<Int>) {
        guard let part = given.getSlice(at: given.readerIndex + range.lowerBound, length: range.count) else { return }
        head.writeImmutableBuffer(part)
    }
}
