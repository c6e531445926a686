import HTTPWire

/// A pattern of paths, as keys have them. Immutable.
///
/// `*` stands for characters within a folder, `**` for any, `/**/` also for a single slash, and `?` for one character. A
/// pattern without `/` is matched against the path's last segment.
struct PathGlob: Sendable {
    private enum Token: Sendable, Equatable {
        case literal(UInt8)
        case one
        case many
        case anything
        /// Nothing, or whole folders with the slash behind them.
        case folders
    }

    private let tokens: [Token]
    private let matchesName: Bool

    /// - Parameter isBucket: paths are those of a bucket's keys, decoded; otherwise they are URLs' normal forms.
    init(_ pattern: String, isBucket: Bool) {
        var tokens: [Token] = []
        let text = Self.asInKeys(pattern, isBucket: isBucket)
        var index = 0
        while index < text.count {
            var token = Token.literal(text[index])
            var width = 1
            switch text[index] {
            case UInt8(ascii: "?"): token = .one
            case UInt8(ascii: "*"):
                while index + width < text.count, text[index + width] == UInt8(ascii: "*") { width += 1 }
                token = width > 1 ? .anything : .many
                if width > 1, tokens.last == .literal(Self.slash), index + width < text.count,
                    text[index + width] == Self.slash
                {
                    token = .folders
                    width += 1
                }
            default: break
            }
            tokens.append(token)
            index += width
        }
        self.tokens = tokens
        matchesName = !text.contains(Self.slash)
    }

    /// The pattern's own characters in the spelling of keys, so that `/über *` finds what it names.
    private static func asInKeys(_ pattern: String, isBucket: Bool) -> [UInt8] {
        var bytes = Array(pattern.utf8)
        if isBucket {
            ObjectPath.canonicalise(&bytes)
            return bytes
        }
        var spelt: [UInt8] = []
        for (number, part) in bytes.split(separator: UInt8(ascii: "?"), omittingEmptySubsequences: false).enumerated() {
            if number > 0 { spelt.append(UInt8(ascii: "?")) }
            spelt += asInURLs(part)
        }
        return spelt
    }

    private static func asInURLs(_ part: ArraySlice<UInt8>) -> [UInt8] {
        var path: [UInt8] = []
        var query: [UInt8] = []
        var hasQuery = false
        // As a query: there a slash is a slash, and dots are no segments.
        let target = Array("/?".utf8) + part.flatMap { $0 == UInt8(ascii: " ") ? Array("%20".utf8) : [$0] }
        let isNormal = RequestTarget.normalise(target.span, path: &path, query: &query, hasQuery: &hasQuery)
        return isNormal ? query : Array(part)
    }

    private static let slash = UInt8(ascii: "/")

    /// Whether a key's path matches. Allocates nothing but for patterns that have to be tried in very many ways.
    func matches(_ path: Span<UInt8>) -> Bool {
        var start = 0
        if matchesName {
            start = path.count
            while start > 0, path[start - 1] != Self.slash { start -= 1 }
        }
        // A few times the length is enough for all but the worst; those are left to the way whose cost is known.
        var steps = 16 * (path.count + tokens.count)
        return matchesByTrying(path, from: start, steps: &steps) ?? matchesByTable(path, from: start)
    }

    /// Where to go on when what followed a wildcard does not match. A value.
    private struct Retry {
        /// The wildcard; -1: none.
        var token = -1
        /// How far it reaches so far.
        var end = 0
    }

    /// nil: given up.
    private func matchesByTrying(_ path: Span<UInt8>, from start: Int, steps: inout Int) -> Bool? {
        var token = 0
        var index = start
        var name = Retry()
        var deep = Retry()
        while true {
            steps -= 1
            if steps < 0 { return nil }
            if token < tokens.count {
                switch tokens[token] {
                case .many:
                    name = Retry(token: token, end: index)
                    token += 1
                    continue
                case .anything, .folders:
                    deep = Retry(token: token, end: index)
                    name.token = -1
                    token += 1
                    continue
                case .literal(let byte) where index < path.count && path[index] == byte:
                    token += 1
                    index += 1
                    continue
                case .one where index < path.count && path[index] != Self.slash:
                    token += 1
                    index = Self.after(index, path)
                    continue
                case .literal, .one:
                    break
                }
            } else if index == path.count {
                return true
            }
            if name.token >= 0, name.end < path.count, path[name.end] != Self.slash {
                name.end += 1
                (token, index) = (name.token + 1, name.end)
            } else if deep.token >= 0, let end = extended(deep, path) {
                deep.end = end
                name.token = -1
                (token, index) = (deep.token + 1, end)
            } else {
                return false
            }
        }
    }

    /// The next place to which a wildcard across folders can reach.
    private func extended(_ deep: Retry, _ path: Span<UInt8>) -> Int? {
        var end = deep.end
        guard end < path.count else { return nil }
        if tokens[deep.token] == .folders {
            while end < path.count, path[end] != Self.slash { end += 1 }
            guard end < path.count else { return nil }
        }
        return end + 1
    }

    /// The end of the character at `index`: a byte, an encoded one, or all bytes of a character in UTF-8.
    private static func after(_ index: Int, _ path: Span<UInt8>) -> Int {
        if path[index] == UInt8(ascii: "%"), index + 2 < path.count { return index + 3 }
        var end = index + 1
        guard path[index] >= 0xC0 else { return end }
        while end < path.count, path[end] & 0xC0 == 0x80 { end += 1 }
        return end
    }

    /// Takes time in proportion to pattern × path, whatever they are.
    private func matchesByTable(_ path: Span<UInt8>, from start: Int) -> Bool {
        // reachable[n]: the tokens so far can match the first n bytes.
        var reachable = [Bool](repeating: false, count: path.count + 1)
        reachable[start] = true
        for token in tokens {
            var next = [Bool](repeating: false, count: path.count + 1)
            var isOpen = false
            for position in start...path.count {
                switch token {
                case .many, .anything:
                    if position > start, token == .many, path[position - 1] == Self.slash { isOpen = false }
                    isOpen = isOpen || reachable[position]
                    next[position] = isOpen
                case .folders:
                    next[position] = reachable[position] || (isOpen && path[position - 1] == Self.slash)
                    isOpen = isOpen || reachable[position]
                case .literal(let byte):
                    if reachable[position], position < path.count, path[position] == byte { next[position + 1] = true }
                case .one:
                    if reachable[position], position < path.count, path[position] != Self.slash {
                        next[Self.after(position, path)] = true
                    }
                }
            }
            reachable = next
        }
        return reachable[path.count]
    }

    /// For tests: the slow way alone.
    func matchesByTable(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        let start = matchesName ? (bytes.lastIndex(of: Self.slash) ?? -1) + 1 : 0
        return matchesByTable(bytes.span, from: start)
    }
}
