import CacheStore
import NIOConcurrencyHelpers

/// Keys whose last answer could not be shared: their requests do not wait for each other. Shard lock.
///
/// Without it, every request for an uncacheable page would queue behind the one before it. Two generations of a bounded
/// set: a key is remembered for one to two periods.
final class HitForMiss: Sendable {
    private struct State {
        var young: Set<KeyHash> = []
        var old: Set<KeyHash> = []
        var turnedAt: Int64 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let period: Int64

    /// - Parameter period: seconds.
    init(period: Int64 = 10) {
        self.period = period
    }

    func remember(_ hash: KeyHash, now: Int64) {
        state.withLockedValue { state in
            turn(&state, now: now)
            if state.young.count < Limits.hitForMissKeys { state.young.insert(hash) }
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
