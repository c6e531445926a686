public import Logging
import NIOConcurrencyHelpers
public import NIOCore
public import NIOPosix
import NIOSSL

/// Listeners and the connections they accept. Shared; its state is behind a lock that no request touches.
///
/// Each event loop of the group gets a responder of its own. Start it once, shut it down once; the group is the
/// caller's and goes on living.
public final class HTTPServer: Sendable {
    enum State {
        case new
        case starting
        case running(loops: [NIOLoopBound<ServerLoop>], channels: [any Channel])
        case stopped
    }

    let listeners: [ListenerConfiguration]
    let group: MultiThreadedEventLoopGroup
    let limits: ServerLimits
    let logger: Logger
    /// What the server counts.
    public let counters: ServerCounters
    let makeResponder: @Sendable (any EventLoop) -> any RequestResponder
    let state = NIOLockedValueBox(State.new)

    /// A server that does not listen yet.
    /// - Parameter makeResponder: called once per event loop of `group`, on that loop.
    public init(
        listeners: [ListenerConfiguration],
        group: MultiThreadedEventLoopGroup,
        limits: ServerLimits = ServerLimits(),
        logger: Logger,
        counters: ServerCounters = ServerCounters(),
        makeResponder: @escaping @Sendable (any EventLoop) -> any RequestResponder
    ) {
        self.listeners = listeners
        self.group = group
        self.limits = limits
        self.logger = logger
        self.counters = counters
        self.makeResponder = makeResponder
    }

    /// Binds every listener, in order, and returns their addresses; a port 0 has become a real one.
    ///
    /// If one cannot be bound the others are closed again and the error says which and why.
    public func start() async throws(ServerError) -> [SocketAddress] {
        let isFirst = state.withLockedValue { state in
            guard case .new = state else { return false }
            state = .starting
            return true
        }
        guard isFirst else { throw ServerError(.alreadyStarted, "this server was started before") }
        var channels: [any Channel] = []
        do throws(ServerError) {
            let contexts = try listeners.map { listener throws(ServerError) in try Self.tlsContext(listener) }
            let loops = try await makeLoops()
            let binder = ListenerBinder(
                loops: loops,
                budget: ConnectionBudget(limit: limits.connections),
                logger: logger
            )
            var addresses: [SocketAddress] = []
            for (listener, tls) in zip(listeners, contexts) {
                let bound = try await binder.bind(listener, tls: tls, group: group)
                channels += bound
                if let address = bound.first?.localAddress { addresses.append(address) }
            }
            state.withLockedValue { $0 = .running(loops: loops.map(\.bound), channels: channels) }
            return addresses
        } catch {
            for channel in channels { try? await channel.close() }
            state.withLockedValue { $0 = .stopped }
            throw error
        }
    }

    /// Stops accepting, answers what was received (with `Connection: close`), closes idle connections, and after
    /// `gracePeriod` breaks off what is left. Returns when no connection is open.
    public func shutdown(gracePeriod: TimeAmount) async {
        let running = state.withLockedValue { state -> ([NIOLoopBound<ServerLoop>], [any Channel])? in
            guard case .running(let loops, let channels) = state else { return nil }
            state = .stopped
            return (loops, channels)
        }
        guard let (loops, channels) = running else { return }
        for channel in channels { try? await channel.close() }
        let drained = loops.map { loop in loop.eventLoop.flatSubmit { loop.value.drain(gracePeriod: gracePeriod) } }
        for future in drained { try? await future.get() }
    }

    private func makeLoops() async throws(ServerError) -> [ServerLoopReference] {
        var loops: [ServerLoopReference] = []
        for eventLoop in group.makeIterator() {
            let (limits, logger, makeResponder) = (limits, logger, makeResponder)
            let counters = counters.makeLoop()
            do {
                let bound = try await eventLoop.submit {
                    NIOLoopBound(
                        ServerLoop(
                            eventLoop: eventLoop,
                            limits: limits,
                            counters: counters,
                            logger: logger,
                            responder: makeResponder(eventLoop)
                        ),
                        eventLoop: eventLoop
                    )
                }.get()
                loops.append(ServerLoopReference(bound: bound))
            } catch {
                throw ServerError(.other, "an event loop has stopped: \(error)")
            }
        }
        return loops
    }

    private static func tlsContext(_ listener: ListenerConfiguration) throws(ServerError) -> NIOSSLContext? {
        guard var configuration = listener.tls else { return nil }
        configuration.applicationProtocols = ["http/1.1"]
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ServerError(.tls, "cannot use the certificate or the key of \(listener.address): \(error)")
        }
    }
}

/// A loop's state, for code that is not on the loop. A value.
struct ServerLoopReference: Sendable {
    let bound: NIOLoopBound<ServerLoop>
    var eventLoop: any EventLoop { bound.eventLoop }
}
