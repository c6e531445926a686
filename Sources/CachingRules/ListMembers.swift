import HTTPWire

/// Goes through the members of a comma-separated list (RFC 9110, section 5.6.1), without the blanks around them; empty
/// members are skipped. A value on the stack, given the bytes at each step.
struct ListMembers {
    private var index: Int
    private let end: Int

    init(_ range: Range<Int>) {
        index = range.lowerBound
        end = range.upperBound
    }

    /// The next member; nil: there are no more. Commas in quoted strings are not told apart: for lists of tokens.
    mutating func next(_ bytes: Span<UInt8>) -> Range<Int>? {
        while index < end {
            let start = index
            while index < end, bytes[index] != ASCII.comma { index += 1 }
            let member = bytes.trimmingBlanks(start..<index)
            index += 1
            if !member.isEmpty { return member }
        }
        return nil
    }
}
