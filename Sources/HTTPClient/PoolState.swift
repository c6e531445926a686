import NIOCore

/// Which request gets which connection to one endpoint. A value that knows no socket: every call returns what is to be
/// done, and the caller does it.
///
/// Idle connections are used last in, first out, so that those that are not needed grow old and are closed. A request
/// for which none is idle starts a new one and waits in line; it takes whatever comes first, the new one or one that
/// another request gives back.
struct PoolState<Connection: AnyObject, Waiter: AnyObject> {
    enum Action {
        case nothing
        /// Send the request on the connection. `reused`: it may have been closed by the server since it was idle.
        case run(Waiter, on: Connection, reused: Bool)
        /// Open a connection, and report with `connected` or `connectFailed`.
        case connect
        case close(Connection)
        case closeAndConnect(Connection)
        /// Too many wait.
        case refuse(Waiter)
    }

    private struct Idle {
        let connection: Connection
        let since: NIODeadline
    }

    private struct Waiting {
        let waiter: Waiter
        /// It met a dead connection already and takes only one that has never been used.
        let needsFresh: Bool
    }

    let limits: ClientLimits
    private var idle: [Idle] = []
    private var waiting = CircularBuffer<Waiting>()
    /// Connections being opened.
    private(set) var connecting = 0
    /// Connections with a request on them.
    private(set) var busy = 0
    private var isShutDown = false

    init(limits: ClientLimits) {
        self.limits = limits
    }

    var idleCount: Int { idle.count }
    var waitingCount: Int { waiting.count }
    var open: Int { idle.count + connecting + busy }
    /// Nothing is left of it.
    var isEmpty: Bool { open == 0 && waiting.isEmpty }

    /// - Parameter idleSince: a connection that nobody has used since before that is not for this one.
    mutating func request(
        _ waiter: Waiter,
        needsFresh: Bool = false,
        idleSince: NIODeadline = .uptimeNanoseconds(0)
    ) -> Action {
        guard !isShutDown else { return .refuse(waiter) }
        if !needsFresh, let last = idle.last, last.since >= idleSince {
            idle.removeLast()
            busy += 1
            return .run(waiter, on: last.connection, reused: true)
        }
        guard waiting.count < limits.waiters else { return .refuse(waiter) }
        waiting.append(Waiting(waiter: waiter, needsFresh: needsFresh))
        guard waiting.count > connecting else { return .nothing }
        if open < limits.connections {
            connecting += 1
            return .connect
        }
        // Only one that needs a fresh connection gets here with idle ones left: the oldest makes room.
        guard !idle.isEmpty else { return .nothing }
        connecting += 1
        return .closeAndConnect(idle.removeFirst().connection)
    }

    mutating func connected(_ connection: Connection, now: NIODeadline) -> Action {
        connecting -= 1
        guard !isShutDown else { return .close(connection) }
        guard let first = waiting.popFirst() else { return park(connection, now) }
        busy += 1
        return .run(first.waiter, on: connection, reused: false)
    }

    /// The one that has waited longest fails with the attempt, unless those that are left suffice for all who wait: then
    /// the request for which this one was started has been served, or is gone.
    mutating func connectFailed() -> (failed: Waiter?, next: Action) {
        connecting -= 1
        let failed = waiting.count > connecting ? waiting.popFirst()?.waiter : nil
        return (failed, connectIfNeeded())
    }

    /// The request on it is done. `reusable`: the connection is open and between two messages.
    mutating func released(_ connection: Connection, reusable: Bool, now: NIODeadline) -> Action {
        busy -= 1
        guard reusable else { return connectIfNeeded() }
        guard !isShutDown else { return .close(connection) }
        if let index = waiting.firstIndex(where: { !$0.needsFresh }) {
            busy += 1
            return .run(waiting.remove(at: index).waiter, on: connection, reused: true)
        }
        if waiting.count > connecting {
            connecting += 1
            return .closeAndConnect(connection)
        }
        return park(connection, now)
    }

    /// An idle connection was closed by the server. False: it was not idle here.
    mutating func idleClosed(_ connection: Connection) -> Bool {
        guard let index = idle.lastIndex(where: { $0.connection === connection }) else { return false }
        idle.remove(at: index)
        return true
    }

    /// Takes a request out of the line. False: it was not in it.
    mutating func cancel(_ waiter: Waiter) -> Bool {
        guard let index = waiting.firstIndex(where: { $0.waiter === waiter }) else { return false }
        waiting.remove(at: index)
        return true
    }

    /// Idle connections that nobody used since `time`.
    mutating func expire(before time: NIODeadline) -> [Connection] {
        // The oldest stand first.
        let end = idle.firstIndex { $0.since >= time } ?? idle.count
        defer { idle.removeFirst(end) }
        return idle[..<end].map(\.connection)
    }

    /// Nothing is started from here on.
    mutating func shutDown() -> (waiters: [Waiter], idle: [Connection]) {
        isShutDown = true
        defer {
            idle.removeAll()
            waiting.removeAll()
        }
        return (waiting.map(\.waiter), idle.map(\.connection))
    }

    private mutating func park(_ connection: Connection, _ now: NIODeadline) -> Action {
        idle.append(Idle(connection: connection, since: now))
        return idle.count > limits.idleConnections ? .close(idle.removeFirst().connection) : .nothing
    }

    private mutating func connectIfNeeded() -> Action {
        guard !isShutDown, waiting.count > connecting, open < limits.connections else { return .nothing }
        connecting += 1
        return .connect
    }
}
