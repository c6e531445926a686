import NIOCore
import Testing

@testable import HTTPClient

/// The pool's decisions, without a socket.
struct PoolStateTests {
    final class Connection {}
    final class Waiter {}
    /// A reference to the value, so that expectations may call what changes it.
    final class Pool {
        typealias Action = PoolState<Connection, Waiter>.Action
        private var state: PoolState<Connection, Waiter>

        init(limits: ClientLimits) { state = PoolState(limits: limits) }

        var idleCount: Int { state.idleCount }
        var waitingCount: Int { state.waitingCount }
        var connecting: Int { state.connecting }
        var busy: Int { state.busy }
        var open: Int { state.open }
        var isEmpty: Bool { state.isEmpty }
        func request(
            _ waiter: Waiter,
            needsFresh: Bool = false,
            idleSince: NIODeadline = .uptimeNanoseconds(0)
        ) -> Action {
            state.request(waiter, needsFresh: needsFresh, idleSince: idleSince)
        }
        func connected(_ connection: Connection, now: NIODeadline) -> Action { state.connected(connection, now: now) }
        func connectFailed() -> (failed: Waiter?, next: Action) { state.connectFailed() }
        func released(_ connection: Connection, reusable: Bool, now: NIODeadline) -> Action {
            state.released(connection, reusable: reusable, now: now)
        }
        func idleClosed(_ connection: Connection) -> Bool { state.idleClosed(connection) }
        func cancel(_ waiter: Waiter) -> Bool { state.cancel(waiter) }
        func expire(before time: NIODeadline) -> [Connection] { state.expire(before: time) }
        func shutDown() -> (waiters: [Waiter], idle: [Connection]) { state.shutDown() }
    }

    private let now = NIODeadline.now()

    private func pool(connections: Int = 2, waiters: Int = 4, idle: Int = 2) -> Pool {
        var limits = ClientLimits()
        limits.connections = connections
        limits.waiters = waiters
        limits.idleConnections = idle
        return Pool(limits: limits)
    }

    private func isConnect(_ action: Pool.Action) -> Bool {
        if case .connect = action { return true }
        return false
    }

    private func isNothing(_ action: Pool.Action) -> Bool {
        if case .nothing = action { return true }
        return false
    }

    private func run(_ action: Pool.Action) -> (waiter: Waiter, connection: Connection, reused: Bool)? {
        if case .run(let waiter, let connection, let reused) = action { return (waiter, connection, reused) }
        return nil
    }

    @Test func aRequestWithoutIdleConnectionConnectsAndIsServedByWhatComesFirst() throws {
        let pool = pool()
        let (first, second) = (Waiter(), Waiter())
        #expect(isConnect(pool.request(first)))
        #expect(isConnect(pool.request(second)))
        let connection = Connection()
        let started = try #require(run(pool.connected(connection, now: now)))
        #expect(started.waiter === first && !started.reused)
        // The first is done before the second's own connection is there: it gets the first's.
        let next = try #require(run(pool.released(connection, reusable: true, now: now)))
        #expect(next.waiter === second && next.connection === connection && next.reused)
        // The one that nobody needs any more is kept.
        #expect(isNothing(pool.connected(Connection(), now: now)))
        #expect(pool.idleCount == 1 && pool.busy == 1 && pool.open == 2)
    }

    /// A server may be closing it at this moment, and the request could not be sent again.
    @Test func whatCannotBeRepeatedGetsNoConnectionThatWasIdleForLong() throws {
        let pool = pool()
        let connection = Connection()
        _ = pool.request(Waiter())
        _ = pool.connected(connection, now: now)
        _ = pool.released(connection, reusable: true, now: now)
        let waiter = Waiter()
        #expect(isConnect(pool.request(waiter, idleSince: now + .nanoseconds(1))))
        #expect(pool.idleCount == 1 && pool.open == 2)
        let fresh = Connection()
        #expect(run(pool.connected(fresh, now: now))?.waiter === waiter)
        #expect(run(pool.request(Waiter(), idleSince: now))?.connection === connection)
    }

    @Test func idleConnectionsAreUsedLastInFirstOut() throws {
        let pool = pool()
        let (old, new) = (Connection(), Connection())
        for connection in [old, new] {
            _ = pool.request(Waiter())
            _ = pool.connected(connection, now: now)
        }
        _ = pool.released(old, reusable: true, now: now)
        _ = pool.released(new, reusable: true, now: now)
        let used = try #require(run(pool.request(Waiter())))
        #expect(used.connection === new && used.reused)
    }

    @Test func theLimitsHold() throws {
        let pool = pool(connections: 1, waiters: 2)
        #expect(isConnect(pool.request(Waiter())))
        #expect(isNothing(pool.request(Waiter())))
        let third = Waiter()
        guard case .refuse(let refused) = pool.request(third) else {
            Issue.record("the third was not refused")
            return
        }
        #expect(refused === third && pool.waitingCount == 2 && pool.open == 1)
    }

    @Test func aConnectionThatIsNotReusableMakesRoomForANewOne() {
        let pool = pool(connections: 1)
        _ = pool.request(Waiter())
        let connection = Connection()
        _ = pool.connected(connection, now: now)
        #expect(isNothing(pool.request(Waiter())))
        #expect(isConnect(pool.released(connection, reusable: false, now: now)))
        #expect(pool.open == 1)
    }

    @Test func aFailedAttemptFailsTheOldestAndGoesOnForTheRest() throws {
        let pool = pool(connections: 1)
        let (first, second) = (Waiter(), Waiter())
        _ = pool.request(first)
        _ = pool.request(second)
        let (failed, next) = pool.connectFailed()
        #expect(failed === first)
        #expect(isConnect(next))
        let (failedNext, last) = pool.connectFailed()
        #expect(failedNext === second)
        #expect(isNothing(last) && pool.isEmpty)
    }

    @Test func theAttemptOfARequestThatIsGoneFailsNobodyElse() {
        let pool = pool()
        let (first, second) = (Waiter(), Waiter())
        _ = pool.request(first)
        _ = pool.request(second)
        #expect(pool.cancel(first))
        #expect(!pool.cancel(first))
        let (failed, next) = pool.connectFailed()
        #expect(failed == nil)
        #expect(isNothing(next) && pool.connecting == 1 && pool.waitingCount == 1)
    }

    @Test func whoMetADeadConnectionGetsAFreshOne() throws {
        let pool = pool(connections: 2)
        let idle = Connection()
        _ = pool.request(Waiter())
        _ = pool.connected(idle, now: now)
        _ = pool.released(idle, reusable: true, now: now)
        let careful = Waiter()
        #expect(isConnect(pool.request(careful, needsFresh: true)))
        // Nor does it take one that another gives back.
        _ = pool.request(Waiter())
        #expect(isNothing(pool.released(idle, reusable: true, now: now)))
        let fresh = Connection()
        let started = try #require(run(pool.connected(fresh, now: now)))
        #expect(started.waiter === careful && !started.reused)
    }

    @Test func anIdleConnectionMakesRoomForAFreshOne() throws {
        let pool = pool(connections: 1)
        let idle = Connection()
        _ = pool.request(Waiter())
        _ = pool.connected(idle, now: now)
        _ = pool.released(idle, reusable: true, now: now)
        guard case .closeAndConnect(let closed) = pool.request(Waiter(), needsFresh: true) else {
            Issue.record("no room was made")
            return
        }
        #expect(closed === idle && pool.open == 1)
    }

    @Test func aReturnedConnectionMakesRoomWhenOnlyAFreshOneWillDo() {
        let pool = pool(connections: 1)
        let connection = Connection()
        _ = pool.request(Waiter())
        _ = pool.connected(connection, now: now)
        #expect(isNothing(pool.request(Waiter(), needsFresh: true)))
        guard case .closeAndConnect(let closed) = pool.released(connection, reusable: true, now: now) else {
            Issue.record("the returned connection was kept")
            return
        }
        #expect(closed === connection && pool.open == 1 && pool.connecting == 1)
    }

    @Test func noMoreThanTheLimitStaysIdleAndTheOldestGoes() {
        let pool = pool(connections: 3, idle: 1)
        let connections = [Connection(), Connection()]
        for connection in connections {
            _ = pool.request(Waiter())
            _ = pool.connected(connection, now: now)
        }
        #expect(isNothing(pool.released(connections[0], reusable: true, now: now)))
        guard case .close(let closed) = pool.released(connections[1], reusable: true, now: now) else {
            Issue.record("two stayed idle")
            return
        }
        #expect(closed === connections[0] && pool.idleCount == 1)
    }

    @Test func idleConnectionsExpireByAge() {
        let pool = pool()
        let connections = [Connection(), Connection()]
        for connection in connections {
            _ = pool.request(Waiter())
            _ = pool.connected(connection, now: now)
        }
        _ = pool.released(connections[0], reusable: true, now: now)
        _ = pool.released(connections[1], reusable: true, now: now + .seconds(2))
        let expired = pool.expire(before: now + .seconds(1))
        #expect(expired.count == 1 && expired.first === connections[0])
        #expect(pool.idleClosed(connections[1]))
        #expect(!pool.idleClosed(connections[1]))
        #expect(pool.isEmpty)
    }

    @Test func afterTheShutdownNothingIsStartedOrKept() {
        let pool = pool()
        let (busy, idle) = (Connection(), Connection())
        for connection in [busy, idle] {
            _ = pool.request(Waiter())
            _ = pool.connected(connection, now: now)
        }
        _ = pool.released(idle, reusable: true, now: now)
        let (waiters, closed) = pool.shutDown()
        #expect(waiters.isEmpty && closed.count == 1)
        guard case .close = pool.released(busy, reusable: true, now: now), case .refuse = pool.request(Waiter())
        else {
            Issue.record("the pool went on")
            return
        }
        #expect(pool.isEmpty)
    }
}
