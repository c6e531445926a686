/// One row of the table of settings. A value; parser, `apus config explain` and documentation all read it.
public struct Setting: Sendable {
    /// Whether it must be there, and what holds if it is not.
    public enum Presence: Sendable {
        /// It must be there.
        case required
        /// Left out, this text is read in its place.
        case preset(String)
        /// Left out, what this sentence part says holds.
        case otherwise(String)
    }

    /// Where it stands: `sites[].origin.bucket`; `[]` is each entry of a list.
    public let path: String
    /// What kind of value it has.
    public let type: SettingType
    /// Whether it must be there.
    public let presence: Presence
    /// The word of the ``SettingType/variant(_:)`` beside it that it belongs to; nil: it belongs to all.
    public let variant: String?
    /// One sentence for a person.
    public let summary: String

    init(_ path: String, _ type: SettingType, _ presence: Presence, only variant: String? = nil, _ summary: String) {
        self.path = path
        self.type = type
        self.presence = presence
        self.variant = variant
        self.summary = summary
    }

    /// The last part of the path: the key itself.
    var key: String {
        let last = path.split(separator: ".").last.map(String.init) ?? path
        return last.hasSuffix("[]") ? String(last.dropLast(2)) : last
    }

    /// The path of the group it stands in; "" at the top.
    var parent: String {
        path.lastIndex(of: ".").map { String(path[..<$0]) } ?? ""
    }
}
