/// A file of settings on its way to a role's type: text, document, groups, checks. A value without state.
enum SettingsFile {
    /// Reads and checks a file.
    /// - Throws: Everything that is wrong with it.
    static func load<Settings>(
        _ path: String,
        role: SettingsRole,
        environment: SettingsEnvironment,
        check: (SettingsGroup, inout SettingsChecks) -> Void,
        build: (SettingsGroup) throws(SettingsError) -> Settings
    ) throws(SettingsError) -> Settings {
        let bytes: [UInt8]
        do throws(FileReader.Failure) {
            bytes = try FileReader.read(path)
        } catch {
            let expected = "the settings of \(role == .edge ? "an" : "a") \(role.rawValue)"
            throw SettingsError([SettingsProblem(file: path, at: nil, found: error.reason, expected: expected)])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let found = "bytes that are not UTF-8"
            throw SettingsError([SettingsProblem(file: path, at: nil, found: found, expected: "a text file in UTF-8")])
        }
        return try parse(
            text,
            source: Source(file: path, folder: FileReader.folder(of: path), role: role, environment: environment),
            check: check,
            build: build
        )
    }

    /// Where a text comes from. A value.
    struct Source {
        let file: String
        let folder: String
        let role: SettingsRole
        let environment: SettingsEnvironment
    }

    /// Reads and checks a text.
    static func parse<Settings>(
        _ text: String,
        source: Source,
        check: (SettingsGroup, inout SettingsChecks) -> Void,
        build: (SettingsGroup) throws(SettingsError) -> Settings
    ) throws(SettingsError) -> Settings {
        var problems: [SettingsProblem] = []
        let withoutMark = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        let document = YAMLDocument.parse(withoutMark, file: source.file, problems: &problems)
        guard let document else {
            if problems.isEmpty {
                let expected = "settings, as lines of `key: value`"
                problems = [SettingsProblem(file: source.file, at: nil, found: "nothing", expected: expected)]
            }
            throw SettingsError(problems)
        }
        var reader = SettingsReader(
            role: source.role,
            file: source.file,
            folder: source.folder,
            environment: source.environment
        )
        let group = reader.readGroup(document, at: "")
        var checks = SettingsChecks(file: source.file)
        check(group, &checks)
        problems += reader.problems + checks.problems
        guard problems.isEmpty else { throw SettingsError(inOrder(problems)) }
        return try build(group)
    }

    /// By place, and not more than a screenful or two.
    private static func inOrder(_ problems: [SettingsProblem]) -> [SettingsProblem] {
        let sorted = problems.enumerated().sorted { left, right in
            let leftKey = (left.element.line ?? 0, left.element.column ?? 0, left.offset)
            return leftKey < (right.element.line ?? 0, right.element.column ?? 0, right.offset)
        }
        return sorted.prefix(SettingsLimits.problems).map(\.element)
    }
}
