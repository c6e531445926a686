import NIOConcurrencyHelpers

/// A version that the origin serves, and the oldest that a client may still get. Guarded by a lock.
final class Current: Sendable {
    private let state = NIOLockedValueBox((served: 0, oldest: 0))

    /// What the origin has now.
    var served: Int { state.withLockedValue { $0.served } }
    /// What a request that begins now may get at the oldest.
    var oldest: Int { state.withLockedValue { $0.oldest } }

    /// The origin gets the version, then `purge` runs, and only then the older ones are forbidden.
    func publish(_ version: Int, _ purge: () -> Void) {
        state.withLockedValue { $0.served = version }
        purge()
        state.withLockedValue { $0.oldest = version }
    }
}
