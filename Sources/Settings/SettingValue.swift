/// A value that was read and has the type its row wants. A value.
enum SettingValue: Sendable {
    case text(String)
    case integer(Int)
    case flag(Bool)
    case size(ByteSize)
    case span(TimeSpan)
    case address(SocketAddressSpec)
    case url(HTTPURL)
    case host(HostPattern)
    case scope(TokenScope)
    case secret(Secret)
    case list([SettingEntry])
    case map([SettingMapEntry])
    case group(SettingsGroup)
    case groups([SettingsGroup])

    var asText: String? { if case .text(let value) = self { value } else { nil } }
    var asInteger: Int? { if case .integer(let value) = self { value } else { nil } }
    var asFlag: Bool? { if case .flag(let value) = self { value } else { nil } }
    var asSize: ByteSize? { if case .size(let value) = self { value } else { nil } }
    var asSpan: TimeSpan? { if case .span(let value) = self { value } else { nil } }
    var asAddress: SocketAddressSpec? { if case .address(let value) = self { value } else { nil } }
    var asURL: HTTPURL? { if case .url(let value) = self { value } else { nil } }
    var asHost: HostPattern? { if case .host(let value) = self { value } else { nil } }
    var asScope: TokenScope? { if case .scope(let value) = self { value } else { nil } }
    var asSecret: Secret? { if case .secret(let value) = self { value } else { nil } }
    var asList: [SettingEntry]? { if case .list(let value) = self { value } else { nil } }
    var asMap: [SettingMapEntry]? { if case .map(let value) = self { value } else { nil } }
    var asGroup: SettingsGroup? { if case .group(let value) = self { value } else { nil } }
    var asGroups: [SettingsGroup]? { if case .groups(let value) = self { value } else { nil } }
}

/// A value and where it stands. A value.
struct SettingEntry: Sendable {
    let position: YAMLPosition
    let value: SettingValue
}

/// One entry of a mapping whose keys the writer chose. A value.
struct SettingMapEntry: Sendable {
    let key: String
    let keyPosition: YAMLPosition
    let position: YAMLPosition
    let value: SettingValue
}

/// The values of one mapping; what was missing or wrong is not among them, and was reported. A value.
struct SettingsGroup: Sendable {
    let file: String
    let position: YAMLPosition
    var entries: [String: SettingEntry] = [:]
    /// The keys that are there, also those whose values were wrong.
    var mentioned: Set<String> = []

    subscript(key: String) -> SettingValue? { entries[key]?.value }

    /// Where a key's value stands; where the group begins, when it has none.
    func position(of key: String) -> YAMLPosition { entries[key]?.position ?? position }

    /// A value that the reader has made sure of. That it can be missing at all is for the type checker only: settings are
    /// built when nothing was reported.
    func require<Value>(_ key: String, _ path: KeyPath<SettingValue, Value?>) throws(SettingsError) -> Value {
        if let value = self[key]?[keyPath: path] { return value }
        throw SettingsError([SettingsProblem(file: file, at: position, found: "no `\(key)`", expected: "one")])
    }
}
