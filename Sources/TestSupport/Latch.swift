import NIOConcurrencyHelpers

/// A gate that is shut until the test opens it; then everyone who waits, and everyone who comes later, passes.
/// Guarded by a lock.
public final class Latch: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextID = 0
    }

    private let state = NIOLockedValueBox(State())

    /// A shut latch.
    public init() {}

    /// How many are waiting now: lets a test wait until its subject has arrived.
    public var waiters: Int { state.withLockedValue { $0.waiting.count } }

    /// Has ``open()`` been called?
    public var isOpen: Bool { state.withLockedValue { $0.isOpen } }

    /// Lets everyone pass, now and later.
    public func open() {
        let continuations = state.withLockedValue { state in
            state.isOpen = true
            defer { state.waiting.removeAll() }
            return Array(state.waiting.values)
        }
        for continuation in continuations { continuation.resume() }
    }

    /// Returns when the latch is open, or when the task is cancelled.
    public func wait() async {
        let id = state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passes = state.withLockedValue { state in
                    if state.isOpen || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if passes { continuation.resume() }
            }
        } onCancel: {
            state.withLockedValue { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}
