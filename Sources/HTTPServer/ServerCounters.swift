import NIOConcurrencyHelpers
import Synchronization

/// What a server counted. Shared: each event loop writes its own ``LoopCounters``, readers add them up.
public final class ServerCounters: Sendable {
    private let loops = NIOLockedValueBox<[LoopCounters]>([])

    /// Counters at zero. One object may serve several servers; it then counts them together.
    public init() {}

    /// The counters of one more loop.
    func makeLoop() -> LoopCounters {
        let counters = LoopCounters()
        loops.withLockedValue { $0.append(counters) }
        return counters
    }

    /// The sums at about this moment.
    public func snapshot() -> Snapshot {
        var sum = Snapshot()
        for loop in loops.withLockedValue({ $0 }) { loop.add(to: &sum) }
        return sum
    }

    /// The sums of a server's counters. A value. All but `connectionsOpen` only grow.
    public struct Snapshot: Sendable, Equatable {
        /// Connections open now.
        public var connectionsOpen = 0
        /// Connections accepted.
        public var connectionsAccepted = 0
        /// Requests whose head was read whole and well formed.
        public var requests = 0
        /// Heads and bodies that broke a rule of RFC 9112 or a limit, answered with 400, 414, 431, 501 or 505.
        public var badRequests = 0
        /// Heads, and TLS handshakes, that did not become whole in time.
        public var headTimeouts = 0
        /// Connections closed because nothing was asked for.
        public var idleTimeouts = 0
        /// Request bodies that stopped coming.
        public var bodyTimeouts = 0
        /// Answers that the client stopped reading.
        public var writeTimeouts = 0
        /// Exchanges that ended because the client left before the answer was complete.
        public var clientsGone = 0
        /// Answers that were broken off by `abort` or by too few bytes.
        public var aborted = 0
        /// Connections closed in their TLS handshake.
        public var tlsFailures = 0
        /// Times that accepting stopped because the connection limit was reached.
        public var acceptPauses = 0
    }
}

/// What one event loop counted. Written by its loop alone, so an increment is a relaxed load and a store; read anywhere.
final class LoopCounters: Sendable {
    /// A counter with one writer.
    struct Counter: ~Copyable, Sendable {
        private let value = Atomic<Int>(0)
        /// Only on the writer's loop.
        func add(_ count: Int = 1) { value.store(value.load(ordering: .relaxed) &+ count, ordering: .relaxed) }
        var current: Int { value.load(ordering: .relaxed) }
    }

    let accepted = Counter()
    let closed = Counter()
    let requests = Counter()
    let badRequests = Counter()
    let headTimeouts = Counter()
    let idleTimeouts = Counter()
    let bodyTimeouts = Counter()
    let writeTimeouts = Counter()
    let clientsGone = Counter()
    let aborted = Counter()
    let tlsFailures = Counter()
    let acceptPauses = Counter()

    func add(to sum: inout ServerCounters.Snapshot) {
        sum.connectionsAccepted += accepted.current
        sum.connectionsOpen += accepted.current - closed.current
        sum.requests += requests.current
        sum.badRequests += badRequests.current
        sum.headTimeouts += headTimeouts.current
        sum.idleTimeouts += idleTimeouts.current
        sum.bodyTimeouts += bodyTimeouts.current
        sum.writeTimeouts += writeTimeouts.current
        sum.clientsGone += clientsGone.current
        sum.aborted += aborted.current
        sum.tlsFailures += tlsFailures.current
        sum.acceptPauses += acceptPauses.current
    }
}
