import Glibc
import Logging
import Settings

/// What every long-running role needs of its process. A namespace.
enum ProcessSetup {
    /// As many files as the system allows: each connection is one.
    static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 1 << 20)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    /// A logger that writes lines to standard error, where systemd and people expect them.
    static func logger(_ label: String, level: LogLevel) -> Logger {
        var logger = Logger(label: label) { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: level.rawValue) ?? .info
        return logger
    }
}
