import Glibc
import NIOConcurrencyHelpers
import NIOPosix

/// One thread of a disk for work that may be slow and waits for nobody: checkpoints, syncing, scrubbing. Lock inside.
///
/// A task is a step that is called again and again, on this thread, one step of one task at a time. A step does a bounded
/// piece of work (tens of milliseconds at most, a system call apart) and says when it wants to be called next; so tasks
/// take turns, and closing waits for one step only.
final class DiskMaintenance: Sendable {
    /// Does a piece of work. Returns the milliseconds after which it wants the next turn (0: as soon as the others had
    /// theirs); nil: not before ``wake(_:)``.
    typealias Step = @Sendable () -> Int?

    /// Names a task of one ``DiskMaintenance``.
    struct TaskID: Sendable, Hashable {
        fileprivate let index: Int
    }

    private struct Task {
        var step: Step
        /// Monotonic milliseconds of its next turn.
        var due: Int64
    }

    private struct State {
        var tasks: [Task] = []
        var isStopping = false
    }

    private let state = NIOLockedValueBox(State())
    /// 1: something has changed.
    private let signal = ConditionLock(value: 0)
    private let thread = NIOThreadPool(numberOfThreads: 1)

    /// Starts the thread. ``stop(_:)`` must be called before this is let go.
    func start() {
        thread.start()
        thread.submit { [self] state in
            if case .active = state { run() }
        }
    }

    /// Whether ``stop(_:)`` was called: a long step ends early then.
    var isStopping: Bool { state.withLockedValue { $0.isStopping } }

    /// A further task; its first turn comes after `milliseconds`, nil: when it is woken.
    @discardableResult
    func add(after milliseconds: Int?, _ step: @escaping Step) -> TaskID {
        let id = state.withLockedValue { state in
            state.tasks.append(Task(step: step, due: Self.due(milliseconds)))
            return TaskID(index: state.tasks.count - 1)
        }
        notify()
        return id
    }

    /// Gives the task a turn after so many milliseconds, or earlier if it has one due.
    func wake(_ id: TaskID, after milliseconds: Int = 0) {
        let due = Self.due(milliseconds)
        let isEarlier = state.withLockedValue { state in
            guard state.tasks.indices.contains(id.index), due < state.tasks[id.index].due else { return false }
            state.tasks[id.index].due = due
            return true
        }
        if isEarlier { notify() }
    }

    /// Ends after the step under way; then `last` runs, on the thread. Returns when it has ended. The tasks are let go.
    func stop(_ last: (@Sendable () -> Void)? = nil) async {
        state.withLockedValue { $0.isStopping = true }
        notify()
        if let last {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                thread.submit { state in
                    if case .active = state { last() }
                    continuation.resume()
                }
            }
        }
        try? await thread.shutdownGracefully()
        state.withLockedValue { $0.tasks = [] }
    }

    private func run() {
        while let (index, step) = nextTurn() {
            let wanted = Self.due(step())
            // It may have been woken while it worked.
            state.withLockedValue { $0.tasks[index].due = min($0.tasks[index].due, wanted) }
        }
    }

    /// Waits for a task that is due; nil: stopping.
    private func nextTurn() -> (index: Int, step: Step)? {
        while true {
            let now = Self.now
            let (turn, due, isStopping) = state.withLockedValue { state -> ((Int, Step)?, Int64, Bool) in
                let next = state.tasks.indices.min { state.tasks[$0].due < state.tasks[$1].due }
                guard let next, !state.isStopping else { return (nil, .max, state.isStopping) }
                guard state.tasks[next].due <= now else { return (nil, state.tasks[next].due, false) }
                state.tasks[next].due = .max
                return ((next, state.tasks[next].step), 0, false)
            }
            if isStopping { return nil }
            if let turn { return turn }
            if due == .max {
                signal.lock(whenValue: 1)
            } else if !signal.lock(whenValue: 1, timeoutSeconds: Double(due - now) / 1000) {
                continue
            }
            signal.unlock(withValue: 0)
        }
    }

    private func notify() {
        signal.lock()
        signal.unlock(withValue: 1)
    }

    private static func due(_ milliseconds: Int?) -> Int64 {
        guard let milliseconds else { return .max }
        return now + Int64(max(0, milliseconds))
    }

    /// Monotonic milliseconds.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
