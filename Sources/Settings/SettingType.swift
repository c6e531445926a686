/// What kind of value a setting has. A value.
public indirect enum SettingType: Sendable {
    /// A text with a form of its own.
    case text(TextRule)
    /// A whole number.
    case integer(ClosedRange<Int>)
    /// `true` or `false`.
    case flag
    /// A ``ByteSize``.
    case size(ClosedRange<ByteSize>)
    /// A ``TimeSpan``.
    case span(ClosedRange<TimeSpan>)
    /// A ``SocketAddressSpec``.
    case address
    /// An ``HTTPURL``.
    case url
    /// A ``HostPattern``.
    case host
    /// A ``TokenScope``.
    case scope
    /// A ``Secret``; `token`: it travels in an Authorization header.
    case secret(token: Bool)
    /// A path, relative to the folder of the file of settings.
    case path(mustExist: Bool)
    /// One of a few words.
    case choice([String])
    /// One of a few words that decides which other keys stand beside it.
    case variant([String])
    /// A list of scalars.
    case list(SettingType)
    /// One of a few words, or a list of scalars.
    case wordsOrList([String], SettingType)
    /// A mapping whose keys the writer chooses.
    case map(keys: TextRule, values: SettingType)
    /// A mapping with keys of its own.
    case group
    /// A list of mappings.
    case groups
    /// A mapping with keys of its own, or a list of such mappings.
    case groupOrGroups

    /// A noun phrase with an example or the bounds, for messages and for `explain`.
    public var phrase: String {
        switch self {
        case .text(let rule): rule.phrase
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .flag: "true or false"
        case .size(let range): "a size from \(range.lowerBound) to \(range.upperBound), such as 512MiB"
        case .span(let range): "a time from \(range.lowerBound) to \(range.upperBound), such as 30s, 5m, 1h or 7d"
        case .address: "an address such as 127.0.0.1:8080, [::1]:8080, :8080 or unix:/run/apus.sock"
        case .url: "a URL such as http://127.0.0.1:9000"
        case .host: "a host such as www.example.com, *.example.com or *"
        case .scope: "admin, read, purge or purge:HOST"
        case .secret(token: true): "a token, or env:NAME or file:PATH to read it from"
        case .secret(token: false): "a secret, or env:NAME or file:PATH to read it from"
        case .path(mustExist: true): "the path of a file"
        case .path(mustExist: false): "a path"
        case .choice(let words), .variant(let words): Self.words(words)
        case .list(let element): "a list, each entry \(element.phrase)"
        case .wordsOrList(let words, let element):
            "\(words.joined(separator: ", ")), or a list, each entry \(element.phrase)"
        case .map(let keys, let values): "a mapping, each key \(keys.phrase), each value \(values.phrase)"
        case .group: "a mapping: keys below it, indented"
        case .groups: "a list of mappings, each beginning with a dash"
        case .groupOrGroups: "a mapping, or a list of mappings, each beginning with a dash"
        }
    }

    private static func words(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
