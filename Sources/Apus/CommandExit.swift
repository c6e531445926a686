import Glibc

/// The exit codes that scripts rely on. Thrown by a command that has said all there is to say.
enum CommandExit: Int32, Error {
    case done = 0
    /// The operation failed or was not confirmed.
    case failed = 1
    case usage = 2
    /// sysexits.h: EX_CONFIG.
    case configuration = 78
}

/// Ends the process.
func endProgram(with code: CommandExit) -> Never {
    fflush(nil)
    exit(code.rawValue)
}
