/// Takes the tags out of a comma-separated list one by one, without copying. A value on the stack, given the bytes at
/// each step.
struct EntityTagReader {
    /// Where a tag's opaque part lies, and whether it was marked as weak. A value.
    struct Member {
        var isWeak: Bool
        var opaque: Range<Int>
    }

    private var index: Int
    private let end: Int
    private let acceptBare: Bool
    /// A member was no tag; the rest is not looked at, since quotes may be out of step.
    private(set) var isMalformed = false

    init(_ range: Range<Int>, acceptBare: Bool) {
        index = range.lowerBound
        end = range.upperBound
        self.acceptBare = acceptBare
    }

    var isAtEnd: Bool { index == end }

    /// The next tag; nil at the end or at a malformed member.
    mutating func next(_ bytes: Span<UInt8>) -> Member? {
        while index < end, ASCII.isBlank(bytes[index]) || bytes[index] == ASCII.comma { index += 1 }
        guard index < end, !isMalformed else { return nil }
        let start = index
        var isWeak = false
        if end - index >= 3, bytes[index] == 0x57, bytes[index + 1] == ASCII.slash, bytes[index + 2] == ASCII.quote {
            isWeak = true
            index += 2
        }
        guard bytes[index] == ASCII.quote else { return bare(bytes, start) }
        index += 1
        let opaqueStart = index
        while index < end, Self.isTagCharacter(bytes[index]) { index += 1 }
        guard index < end, bytes[index] == ASCII.quote else { return malformed(start) }
        let opaque = opaqueStart..<index
        index += 1
        guard endsMember(bytes) else { return malformed(start) }
        return Member(isWeak: isWeak, opaque: opaque)
    }

    private mutating func bare(_ bytes: Span<UInt8>, _ start: Int) -> Member? {
        guard acceptBare else { return malformed(start) }
        while index < end, bytes[index] != ASCII.comma, Self.isTagCharacter(bytes[index]) { index += 1 }
        let opaque = start..<index
        guard !opaque.isEmpty, endsMember(bytes) else { return malformed(start) }
        return Member(isWeak: false, opaque: opaque)
    }

    private mutating func malformed(_ start: Int) -> Member? {
        isMalformed = true
        index = start
        return nil
    }

    private mutating func endsMember(_ bytes: Span<UInt8>) -> Bool {
        var place = index
        while place < end, ASCII.isBlank(bytes[place]) { place += 1 }
        return place == end || bytes[place] == ASCII.comma
    }

    /// etagc (RFC 9110, section 8.8.3).
    private static func isTagCharacter(_ byte: UInt8) -> Bool {
        byte == 0x21 || (byte >= 0x23 && byte != 0x7F)
    }
}

extension Span where Element == UInt8 {
    /// Is it `*`, but for blanks?
    func isAsterisk(_ range: Range<Int>) -> Bool {
        let value = trimmingBlanks(range)
        return value.count == 1 && self[value.lowerBound] == 0x2A
    }

    /// The bytes of `range`, read as Latin-1.
    package func latin1(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        for index in range { text.append(Unicode.Scalar(self[index])) }
        return String(text)
    }
}
