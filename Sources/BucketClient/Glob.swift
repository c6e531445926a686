/// A file pattern: `*` stands for characters within a folder, `**` across folders, `?` for one character. A value.
///
/// A pattern without `/` is matched against the file's name, one with `/` against the whole key below the upload's root.
public struct Glob: Sendable, Equatable {
    /// As it was written.
    public let pattern: String
    private let tokens: [Token]
    private let matchesName: Bool

    private enum Token: Sendable, Equatable {
        case literal(UInt8)
        case one
        case many
        case manyFolders
    }

    /// Takes the pattern as it is; every text is a pattern.
    public init(_ pattern: String) {
        self.pattern = pattern
        matchesName = !pattern.contains("/")
        var tokens: [Token] = []
        for byte in pattern.utf8 {
            switch byte {
            case UInt8(ascii: "*"):
                if tokens.last == .many {
                    tokens[tokens.count - 1] = .manyFolders
                } else if tokens.last != .manyFolders {
                    tokens.append(.many)
                }
            case UInt8(ascii: "?"): tokens.append(.one)
            default: tokens.append(.literal(byte))
            }
        }
        self.tokens = tokens
    }

    /// Whether a key such as `assets/app.css` matches. Takes time in proportion to pattern × key, whatever the pattern.
    public func matches(_ key: String) -> Bool {
        let whole = Array(key.utf8)
        let slash = UInt8(ascii: "/")
        let text = matchesName ? Array(whole[((whole.lastIndex(of: slash) ?? -1) + 1)...]) : whole
        // reachable[n]: the tokens so far can match the first n bytes.
        var reachable = [Bool](repeating: false, count: text.count + 1)
        reachable[0] = true
        for token in tokens {
            var next = [Bool](repeating: false, count: text.count + 1)
            switch token {
            case .many, .manyFolders:
                var isOpen = false
                for position in 0...text.count {
                    if position > 0, token == .many, text[position - 1] == slash { isOpen = false }
                    isOpen = isOpen || reachable[position]
                    next[position] = isOpen
                }
            case .one:
                for position in text.indices where reachable[position] && text[position] != slash {
                    next[position + 1] = true
                }
            case .literal(let byte):
                for position in text.indices where reachable[position] && text[position] == byte {
                    next[position + 1] = true
                }
            }
            reachable = next
        }
        return reachable[text.count]
    }
}
