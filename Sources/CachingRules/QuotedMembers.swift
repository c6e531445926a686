import HTTPWire

/// Goes through the members of a comma-separated list whose members may hold quoted strings, empty ones included, without
/// the blanks around them. A value on the stack, given the bytes at each step.
///
/// A quote that is never closed is an ordinary character, so that it cannot hide the members after it; so are the quotes
/// after it, so that going through a list of n bytes takes some n steps.
struct QuotedMembers {
    private var index: Int
    private let end: Int
    private var hasOpenQuote = false

    init(_ range: Range<Int>) {
        index = range.lowerBound
        end = range.upperBound
    }

    /// The next member; nil: there are no more. An empty list has one empty member.
    mutating func next(_ bytes: Span<UInt8>) -> Range<Int>? {
        guard index <= end else { return nil }
        let start = index
        while index < end, bytes[index] != ASCII.comma {
            if bytes[index] == ASCII.quote, !hasOpenQuote {
                if let close = closingQuote(bytes) { index = close } else { hasOpenQuote = true }
            }
            index += 1
        }
        let member = bytes.trimmingBlanks(start..<index)
        index += 1
        return member
    }

    private func closingQuote(_ bytes: Span<UInt8>) -> Int? {
        var place = index + 1
        while place < end {
            if bytes[place] == ASCII.quote { return place }
            place += bytes[place] == ASCII.backslash ? 2 : 1
        }
        return nil
    }
}
