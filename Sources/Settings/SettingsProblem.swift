/// One thing that is wrong with a file of settings, and where. A value; it holds no secret.
public struct SettingsProblem: Sendable, Equatable {
    /// The file as it was named.
    public let file: String
    /// From 1; nil when the file as a whole is meant.
    public let line: Int?
    /// From 1, counted in Unicode scalars; nil when the file as a whole is meant.
    public let column: Int?
    /// What is there.
    public let found: String
    /// What should be there.
    public let expected: String
    /// What the writer may have meant.
    public let hint: String?

    init(file: String, at position: YAMLPosition?, found: String, expected: String, hint: String? = nil) {
        self.file = file
        line = position?.line
        column = position?.column
        self.found = found
        self.expected = expected
        self.hint = hint
    }
}

extension SettingsProblem: CustomStringConvertible {
    /// `file:line:column: found …, expected … (…)`
    public var description: String {
        let place = [file, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
        return "\(place): found \(found), expected \(expected)\(hint.map { " (\($0))" } ?? "")"
    }
}
