import NIOConcurrencyHelpers

/// Progress of long work: a bar that is drawn over itself on a terminal, plain lines elsewhere. Lock inside.
final class ProgressLine: Sendable {
    private struct State {
        var shown = -1
        var isDrawn = false
    }

    private let terminal: Terminal
    private let total: UInt64
    private let what: String
    private let state = NIOLockedValueBox(State())

    /// - Parameters:
    ///   - total: units of the whole work; 0 shows nothing.
    ///   - what: the work's name, such as `uploading`.
    init(_ what: String, total: UInt64, on terminal: Terminal = .error) {
        self.what = what
        self.total = total
        self.terminal = terminal
    }

    /// Shows that `done` units are done; `detail` says it in words.
    func show(_ done: UInt64, _ detail: @autoclosure () -> String) {
        guard total > 0 else { return }
        let percent = Int(min(100, done * 100 / total))
        // In a pipe every tenth is enough.
        let step = terminal.isTerminal ? percent : percent / 10 * 10
        let isNew = state.withLockedValue { state in
            guard step > state.shown else { return false }
            state.shown = step
            state.isDrawn = true
            return true
        }
        guard isNew else { return }
        guard terminal.isTerminal else { return terminal.write("\(what): \(step) % (\(detail()))\n") }
        let width = max(10, min(40, terminal.columns - 50))
        let filled = width * percent / 100
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        terminal.write("\r\u{1B}[K\(what) \(bar) \(percent) % \(detail())")
    }

    /// Ends the line; once is enough.
    func finish() {
        let wasDrawn = state.withLockedValue { state in
            defer { state.isDrawn = false }
            return state.isDrawn
        }
        if terminal.isTerminal, wasDrawn { terminal.write("\n") }
    }
}
