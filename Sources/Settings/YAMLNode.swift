/// A place in a file: line and column from 1, the column in Unicode scalars. A value.
struct YAMLPosition: Sendable, Hashable, Comparable {
    let line: Int
    let column: Int

    static func < (left: YAMLPosition, right: YAMLPosition) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// A YAML document with the place of everything in it, aliases resolved. A value.
struct YAMLNode: Sendable {
    /// `key: value`.
    struct Entry: Sendable {
        let key: String
        let keyPosition: YAMLPosition
        let value: YAMLNode
    }

    enum Content: Sendable {
        /// `plain`: without quotes, so that an empty text or `~` means nothing.
        case scalar(String, plain: Bool)
        case mapping([Entry])
        case sequence([YAMLNode])
    }

    let position: YAMLPosition
    let content: Content

    /// An absent value: `key:`, `key: ~`, `key: null`.
    var isNothing: Bool {
        guard case .scalar(let text, plain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What is there, for a message: `"64k"`, "a list", "nothing".
    var found: String {
        if isNothing { return "nothing" }
        switch content {
        case .scalar(let text, _): return Quoted.text(text)
        case .mapping(let entries): return entries.isEmpty ? "an empty mapping" : "a mapping"
        case .sequence(let nodes): return nodes.isEmpty ? "an empty list" : "a list"
        }
    }
}

/// Texts of others in messages. A value without state.
enum Quoted {
    private static let longest = 60

    /// In double quotes, control characters as `\u{…}`, cut after 60 characters.
    static func text(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars.prefix(longest) {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format:
                quoted += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + (text.unicodeScalars.count > longest ? "…\"" : "\"")
    }
}
