import NIOConcurrencyHelpers

/// Wakes tasks that wait for something to change. Its lock protects the waiting continuations; nothing runs under it.
///
/// To miss no change: read ``count``, look, and wait for the count to become another.
final class Doorbell: Sendable {
    private struct State {
        var count: UInt64 = 0
        var nextID: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = NIOLockedValueBox(State())

    /// How often it has been rung.
    var count: UInt64 { state.withLockedValue { $0.count } }

    /// Wakes all that wait.
    func ring() {
        let woken = state.withLockedValue { state in
            state.count += 1
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        for continuation in woken.values { continuation.resume() }
    }

    /// Returns when it has been rung since `count` was read, after `nanoseconds`, or when the task is cancelled.
    func wait(since count: UInt64, nanoseconds: Int64) async {
        guard nanoseconds > 0 else { return }
        let id = state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        var alarm: Task<Void, Never>?
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLockedValue { state in
                    if state.count != count || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isOver { return continuation.resume() }
                // Not a child task: the wait is over at the first of the three, and none of them waits for the others.
                alarm = Task {
                    try? await Task.sleep(nanoseconds: UInt64(nanoseconds))
                    self.wake(id)
                }
            }
        } onCancel: {
            wake(id)
        }
        alarm?.cancel()
    }

    private func wake(_ id: UInt64) {
        state.withLockedValue { $0.waiting.removeValue(forKey: id) }?.resume()
    }
}
