import Foundation

/// Runs programs to their end, and finds the program under test. A namespace.
public enum ProcessRunner {
    /// What a program left. A value.
    public struct Result: Sendable {
        /// How it ended.
        public let status: ExitStatus
        /// Its standard output.
        public let standardOutput: String
        /// Standard output and standard error together.
        public let output: String
    }

    /// Runs a program to its end; kills it and throws ``DeadlineExceeded`` when that takes longer than `limit`.
    public static func run(
        _ executable: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        folder: String? = nil,
        within limit: Duration = .seconds(60)
    ) async throws -> Result {
        let process = try RunningProcess(executable, arguments, environment: environment, folder: folder)
        do {
            let status = try await process.wait(within: limit)
            return Result(status: status, standardOutput: process.standardOutput, output: process.output)
        } catch {
            process.kill()
            throw error
        }
    }

    /// Starts the built `apus`.
    public static func apus(_ arguments: [String], environment: [String: String] = [:]) throws -> RunningProcess {
        try RunningProcess(apusPath, arguments, environment: environment)
    }

    /// The `apus` that was built with the tests: beside the test program, unless APUS_BINARY names another.
    public static var apusPath: String {
        if let chosen = ProcessInfo.processInfo.environment["APUS_BINARY"], !chosen.isEmpty { return chosen }
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (own as NSString).deletingLastPathComponent + "/apus"
    }
}
