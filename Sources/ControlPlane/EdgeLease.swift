import Synchronization

/// Until when an edge may serve what it has stored without asking the origin. Shared by all loops: one atomic number.
///
/// The edge asks ``mayServeWithoutRevalidation`` for each request, after the request has been read: a process that was stopped
/// between two requests finds its lease ended.
public final class EdgeLease: Sendable {
    private static let closed = Int64.min
    private let clock: any BootClock
    /// By `clock`; `closed`: never again.
    private let deadlineNanoseconds: Atomic<Int64>

    /// No lease yet; or, for an edge without control or one that serves without it, one that never ends.
    public init(endless: Bool = false, clock: any BootClock = SystemBootClock()) {
        self.clock = clock
        deadlineNanoseconds = Atomic(endless ? .max : 0)
    }

    /// Whether stored answers may be served as if control had said so just now. Reads the clock: about 30 ns.
    public var mayServeWithoutRevalidation: Bool {
        let deadline = deadlineNanoseconds.load(ordering: .acquiring)
        return deadline == .max || clock.nowNanoseconds() < deadline
    }

    /// How much of the lease is left, in nanoseconds; 0: none. `Int64.max`: endless.
    public var nanosecondsLeft: Int64 {
        let deadline = deadlineNanoseconds.load(ordering: .acquiring)
        guard deadline != .max, deadline != Self.closed else { return max(deadline, 0) }
        return max(0, deadline - clock.nowNanoseconds())
    }

    /// A renewal was granted; the lease runs until `deadline`, which counts from the sending. Never shortens it.
    func extend(to deadline: Int64) {
        var current = deadlineNanoseconds.load(ordering: .relaxed)
        while current != Self.closed, current < deadline {
            let (done, found) = deadlineNanoseconds.compareExchange(
                expected: current,
                desired: deadline,
                ordering: .releasing
            )
            if done { return }
            current = found
        }
    }

    /// Ends it for good: the edge leaves.
    func close() {
        deadlineNanoseconds.store(Self.closed, ordering: .sequentiallyConsistent)
    }
}
