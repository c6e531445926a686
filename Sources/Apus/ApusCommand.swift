import ArgumentParser
import Settings

/// The program: which commands there are, and what their failures mean to the shell.
struct ApusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus",
        abstract: "An edge cache for static assets.",
        discussion: """
            Roles:      apus up, or apus edge, apus origin and apus control
            Operating:  apus purge, apus edges, apus put, apus cache, apus config, apus replay

            Exit codes: 0 done; 1 the operation failed or was not confirmed; 2 wrong usage; 78 wrong configuration.
            """,
        version: Version.text,
        subcommands: [
            UpCommand.self, EdgeCommand.self, OriginCommand.self, ControlCommand.self, PurgeCommand.self,
            EdgesCommand.self, PutCommand.self, CacheCommand.self, ReplayCommand.self, ConfigCommand.self,
        ]
    )

    /// Runs the command line and ends the process with its exit code.
    static func runAsProgram() async -> Never {
        let command: any ParsableCommand
        do {
            command = try parseAsRoot()
        } catch {
            reportAndEnd(error)
        }
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
            endProgram(with: .done)
        } catch let code as CommandExit {
            endProgram(with: code)
        } catch let error as SettingsError {
            Terminal.error.write(error.description + "\n")
            endProgram(with: .configuration)
        } catch {
            reportAndEnd(error)
        }
    }

    /// Help and version are "errors" to the parser too; they go to standard output and end with 0.
    private static func reportAndEnd(_ error: any Error) -> Never {
        switch exitCode(for: error) {
        case .success:
            Terminal.output.write(fullMessage(for: error) + "\n")
            Apus.endProgram(with: .done)
        case .validationFailure:
            Terminal.error.write(fullMessage(for: error) + "\n")
            Apus.endProgram(with: .usage)
        default:
            Terminal.error.write("apus: \(error)\n")
            Apus.endProgram(with: .failed)
        }
    }
}
