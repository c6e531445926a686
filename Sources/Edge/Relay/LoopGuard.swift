import HTTPWire

/// Recognises a request that this edge has passed on before, because its origin leads back here. An immutable snapshot.
struct LoopGuard: Sendable {
    /// In lower case.
    private let name: [UInt8]

    /// - Parameter node: the edge's name as a token, as it writes it into Via and CDN-Loop.
    init(node: String) {
        name = Array(node.lowercased().utf8)
    }

    /// Does a CDN-Loop (RFC 8586, section 2) or a Via (RFC 9110, section 7.6.3) name this edge? Allocates nothing.
    ///
    /// Requests without such fields, nearly all, cost two looks at one word.
    func hasPassed(_ fields: borrowing FieldList) -> Bool {
        guard fields.contains(.cdnLoop) || fields.contains(.via) else { return false }
        let bytes = fields.bytes.span
        for field in fields.fields {
            switch field.name {
            case .cdnLoop where names(bytes, field.valueRange, skipsProtocol: false): return true
            case .via where names(bytes, field.valueRange, skipsProtocol: true): return true
            default: continue
            }
        }
        return false
    }

    /// Goes through the members of a list. A comma in a comment or a quoted string begins a member that is none; such a
    /// request can at most be taken for a loop that it is not, and only who has written it suffers.
    private func names(_ bytes: Span<UInt8>, _ value: Range<Int>, skipsProtocol: Bool) -> Bool {
        var index = value.lowerBound
        while index < value.upperBound {
            skipBlanks(bytes, &index, value.upperBound)
            if skipsProtocol {
                _ = word(bytes, &index, value.upperBound)
                skipBlanks(bytes, &index, value.upperBound)
            }
            if isName(bytes, word(bytes, &index, value.upperBound)) { return true }
            while index < value.upperBound, bytes[index] != UInt8(ascii: ",") { index += 1 }
            index += 1
        }
        return false
    }

    private func skipBlanks(_ bytes: Span<UInt8>, _ index: inout Int, _ end: Int) {
        while index < end, bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") { index += 1 }
    }

    /// Up to a blank, a comma, a parameter or a comment.
    private func word(_ bytes: Span<UInt8>, _ index: inout Int, _ end: Int) -> Range<Int> {
        let start = index
        scan: while index < end {
            switch bytes[index] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "("):
                break scan
            default: index += 1
            }
        }
        return start..<index
    }

    private func isName(_ bytes: Span<UInt8>, _ word: Range<Int>) -> Bool {
        guard word.count == name.count else { return false }
        for offset in 0..<word.count {
            let byte = bytes[word.lowerBound + offset]
            let lower = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
            guard lower == name[offset] else { return false }
        }
        return true
    }
}
