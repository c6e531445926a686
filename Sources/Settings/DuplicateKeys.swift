/// Makes repeated keys different so that Yams, which refuses them and stops, reads on. A value.
///
/// The first character of the first of two equal keys is replaced by a private-use character, one for each repetition, so
/// that no place in the text moves. ``original(_:)`` undoes it.
struct DuplicateKeys {
    private static let privateUse: ClosedRange<UInt32> = 0xE000...0xF8FF
    private static let maximum = SettingsLimits.problems

    /// What Yams is to read.
    private(set) var text: String
    /// What each private-use character stands for.
    private var replaced: [Unicode.Scalar] = []
    private let isUsable: Bool

    init(_ text: String) {
        self.text = text
        isUsable = !text.unicodeScalars.contains { Self.privateUse.contains($0.value) }
    }

    /// - Returns: false when the key does not stand there as it is read (an alias, an escape): then nothing has changed.
    mutating func mark(_ name: String, at position: YAMLPosition) -> Bool {
        guard isUsable, replaced.count < Self.maximum,
            let first = name.unicodeScalars.first,
            let marker = Unicode.Scalar(Self.privateUse.lowerBound + UInt32(replaced.count)),
            var index = YAMLText.index(of: position, in: text)
        else { return false }
        if text.unicodeScalars[index] == "\"" || text.unicodeScalars[index] == "'" {
            index = text.unicodeScalars.index(after: index)
        }
        guard index < text.unicodeScalars.endIndex, text.unicodeScalars[index] == first else { return false }
        text.unicodeScalars.replaceSubrange(index...index, with: [marker])
        replaced.append(first)
        return true
    }

    /// The key as it was written.
    func original(_ key: String) -> String {
        guard isUsable, let first = key.unicodeScalars.first, Self.privateUse.contains(first.value) else { return key }
        let index = Int(first.value - Self.privateUse.lowerBound)
        guard index < replaced.count else { return key }
        return String(String.UnicodeScalarView([replaced[index]] + key.unicodeScalars.dropFirst()))
    }
}

/// Places in a text as libYAML counts them. A value without state.
enum YAMLText {
    /// The line breaks of YAML 1.1; `\r\n` is one.
    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    /// The index of a place, nil if there is none or no scalar at it.
    static func index(of position: YAMLPosition, in text: String) -> String.Index? {
        let scalars = text.unicodeScalars
        var current = YAMLPosition(line: 1, column: 1)
        var index = scalars.startIndex
        while index < scalars.endIndex {
            if current == position { return index }
            current = next(current, after: index, in: scalars)
            index = scalars.index(after: index)
        }
        return nil
    }

    /// The place of a character that is counted from 0.
    static func position(ofCharacter offset: Int, in text: String) -> YAMLPosition {
        let end = text.index(text.startIndex, offsetBy: offset, limitedBy: text.endIndex) ?? text.endIndex
        var current = YAMLPosition(line: 1, column: 1)
        var index = text.unicodeScalars.startIndex
        while index < end {
            current = next(current, after: index, in: text.unicodeScalars)
            index = text.unicodeScalars.index(after: index)
        }
        return current
    }

    private static func next(
        _ position: YAMLPosition,
        after index: String.Index,
        in scalars: String.UnicodeScalarView
    ) -> YAMLPosition {
        let scalar = scalars[index]
        let following = scalars.index(after: index)
        let isFirstOfTwo = scalar == "\r" && following < scalars.endIndex && scalars[following] == "\n"
        if isBreak(scalar), !isFirstOfTwo { return YAMLPosition(line: position.line + 1, column: 1) }
        return YAMLPosition(line: position.line, column: position.column + (isFirstOfTwo ? 0 : 1))
    }
}
