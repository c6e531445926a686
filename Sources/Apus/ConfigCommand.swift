import ArgumentParser
import Settings

/// `apus config`
struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check settings, and explain them.",
        subcommands: [Check.self, Explain.self]
    )

    enum Role: String, ExpressibleByArgument, CaseIterable {
        case edge, origin, control

        var settings: SettingsRole {
            switch self {
            case .edge: .edge
            case .origin: .origin
            case .control: .control
            }
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a file as its role would, and say what is wrong with it.",
            discussion: """
                Example:
                  apus config check edge /etc/apus/edge.yaml

                Exit code 78: the file is wrong; each line says where, what was found and what was expected.
                """
        )

        @Argument(help: "edge, origin or control.")
        var role: Role
        @Argument(help: "The file.")
        var file: String

        func run() throws {
            switch role {
            case .edge: _ = try EdgeSettings.load(path: file)
            case .origin: _ = try OriginSettings.load(path: file)
            case .control: _ = try ControlSettings.load(path: file)
            }
            Terminal.output.write("\(file) is right\n")
        }
    }

    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a setting means, its type, its default and its unit.",
            discussion: """
                Examples:
                  apus config explain edge
                  apus config explain edge cache.memory
                """
        )

        @Argument(help: "edge, origin or control.")
        var role: Role?
        @Argument(help: "A setting, such as cache.memory; without it, all of them.")
        var key: String?
        @Flag(help: "All settings of all roles, in Markdown: what docs/settings.md is made of.")
        var markdown = false

        func validate() throws {
            guard (role == nil) == markdown else {
                throw ValidationError("name a role: edge, origin or control (or give --markdown alone)")
            }
        }

        func run() throws {
            guard let role else { return Terminal.output.write(SettingsTable.markdown()) }
            if let text = SettingsTable.explain(role.settings, key: key) {
                return Terminal.output.write(text.hasSuffix("\n") ? text : text + "\n")
            }
            let key = key ?? ""
            let hint = SettingsTable.nearest(role.settings, key: key).map { "; did you mean \($0)?" } ?? ""
            throw ValidationError("\(role.rawValue) has no setting '\(key)'\(hint)")
        }
    }
}
