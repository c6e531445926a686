import CacheStore
import NIOConcurrencyHelpers

/// Keys to which something has happened lately. Under a lock.
///
/// Two generations of a bounded set: a key is remembered for one to two periods.
final class RecentKeys: Sendable {
    private struct State {
        var young: Set<KeyHash> = []
        var old: Set<KeyHash> = []
        var turnedAt: Int64 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let period: Int64

    /// - Parameter period: seconds.
    init(period: Int64) {
        self.period = period
    }

    func remember(_ hash: KeyHash, now: Int64) {
        state.withLockedValue { state in
            turn(&state, now: now)
            if state.young.count < Limits.recentKeys { state.young.insert(hash) }
        }
    }

    func forget(_ hash: KeyHash) {
        state.withLockedValue { state in
            state.young.remove(hash)
            state.old.remove(hash)
        }
    }

    func contains(_ hash: KeyHash, now: Int64) -> Bool {
        state.withLockedValue { state in
            turn(&state, now: now)
            return state.young.contains(hash) || state.old.contains(hash)
        }
    }

    private func turn(_ state: inout State, now: Int64) {
        let elapsed = now - state.turnedAt
        // Below: the clock was set back, and by more than two loops may differ.
        guard elapsed >= period || elapsed < -period else { return }
        state.old = (0..<2 * period).contains(elapsed) ? state.young : []
        state.young.removeAll(keepingCapacity: true)
        state.turnedAt = now
    }
}
