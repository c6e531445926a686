import Glibc
import NIOConcurrencyHelpers

/// Standard output or standard error: what it can show, and writing to it. Its lock keeps lines whole.
final class Terminal: Sendable {
    static let output = Terminal(STDOUT_FILENO)
    static let error = Terminal(STDERR_FILENO)

    /// Whether a person is looking: then progress may be drawn over itself.
    let isTerminal: Bool
    /// Whether colours are wanted (https://no-color.org).
    let hasColours: Bool

    private let descriptor: Int32
    private let lock = NIOLock()

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        let noColour = getenv("NO_COLOR").map { $0[0] != 0 } ?? false
        let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
        hasColours = isTerminal && !noColour && !isDumb
    }

    enum Style: String {
        case good = "32"
        case bad = "31"
        case dim = "2"
        case strong = "1"
    }

    func styled(_ text: String, _ style: Style) -> String {
        hasColours ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Writes all of it. A reader that has gone ends the program quietly, as it does for other tools.
    func write(_ text: String) {
        lock.withLock {
            var bytes = Array(text.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if count < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    return
                }
                bytes = bytes.dropFirst(count)
            }
        }
    }

    /// Columns to draw in.
    var columns: Int {
        var size = winsize()
        guard isTerminal, ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
