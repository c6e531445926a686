/// A file of settings that cannot be used: everything that is wrong with it, in the order of the file. A value.
public struct SettingsError: Error, Sendable, Equatable {
    /// At least one.
    public let problems: [SettingsProblem]

    /// How a program should exit that was given such a file (`EX_CONFIG` of sysexits.h).
    public static let exitCode: Int32 = 78

    init(_ problems: [SettingsProblem]) {
        self.problems = problems
    }
}

extension SettingsError: CustomStringConvertible {
    /// One line a problem, ready to be printed.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
