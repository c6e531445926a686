/// How a process ended. A value.
public enum ExitStatus: Sendable, Equatable {
    /// It returned this code (0 to 255).
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)

    /// From what waitpid(2) reports.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7F
        self = signal == 0 ? .exited((waitStatus >> 8) & 0xFF) : .signalled(signal)
    }
}
