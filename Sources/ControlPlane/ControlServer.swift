import HTTPWire
import Hummingbird
import HummingbirdCore
public import Logging
import NIOConcurrencyHelpers
public import NIOCore

/// Control's HTTP server: the API under `/v1/`, `/healthz`, and the pages that it is given.
///
/// Its lock protects what start and shutdown hand to each other.
public final class ControlServer: Sendable {
    private struct Running {
        var coordinator: ControlCoordinator
        var server: Server<HTTP1Channel>
        var serving: Task<Void, Never>
        var watching: Task<Void, Never>
    }

    private let configuration: ControlServerConfiguration
    private let store: any ControlStore
    private let pages: [ControlPage]
    private let group: any EventLoopGroup
    private let clock: any BootClock
    private let logger: Logger
    private let running = NIOLockedValueBox<Running?>(nil)

    /// A server that is not started yet. It closes the store when it shuts down.
    public init(
        _ configuration: ControlServerConfiguration,
        store: any ControlStore,
        pages: [ControlPage] = [],
        group: any EventLoopGroup,
        clock: any BootClock = SystemBootClock(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.store = store
        self.pages = pages
        self.group = group
        self.clock = clock
        self.logger = logger
    }

    /// Reads the store, listens, and gives the address. To be called once.
    public func start() async throws(ControlServerError) -> SocketAddress {
        let coordinator: ControlCoordinator
        do {
            coordinator = try await ControlCoordinator(
                store: store,
                clock: clock,
                timing: .init(
                    leaseNanoseconds: SystemBootClock.nanoseconds(configuration.leaseSeconds),
                    marginNanoseconds: SystemBootClock.nanoseconds(configuration.marginSeconds),
                    lagNanoseconds: SystemBootClock.nanoseconds(configuration.lagSeconds)
                ),
                mayHaveStrangers: configuration.mayHaveEdgesOfAnEarlierLog,
                limits: configuration.limits,
                logger: logger
            )
        } catch {
            throw ControlServerError(description: error.description)
        }
        let (addresses, bound) = AsyncThrowingStream<SocketAddress, any Error>.makeStream()
        let server = makeServer(coordinator, bound)
        let serving = Task {
            do {
                try await server.run()
                bound.finish()
            } catch {
                bound.finish(throwing: error)
            }
        }
        do {
            for try await address in addresses {
                let watching = Task { await coordinator.markWatchedWhenDue() }
                running.withLockedValue {
                    $0 = Running(coordinator: coordinator, server: server, serving: serving, watching: watching)
                }
                return address
            }
        } catch {
            throw ControlServerError(
                description:
                    "Control cannot listen on \(configuration.host):\(configuration.port): \(Self.reason(error))."
            )
        }
        throw ControlServerError(description: "Control stopped while it was starting.")
    }

    /// Ends the streams, lets requests under way finish, closes the connections and the store.
    public func shutdown() async {
        let old = running.withLockedValue { value in
            defer { value = nil }
            return value
        }
        guard let old else { return await store.close() }
        old.watching.cancel()
        await old.coordinator.stop()
        let alarm = Task { [seconds = configuration.limits.shutdownSeconds] in
            try? await Task.sleep(nanoseconds: UInt64(SystemBootClock.nanoseconds(seconds)))
            if !Task.isCancelled { old.serving.cancel() }
        }
        // Stops listening first, and returns when every connection has ended. Cancelling without it is no way to stop: a connection
        // that was accepted and not yet taken up would end the process (NIO's writer insists on being finished).
        try? await old.server.shutdownGracefully()
        alarm.cancel()
        await old.serving.value
        await store.close()
    }

    /// Hummingbird's server with its router, without its application: that one can only be stopped by signals.
    private func makeServer(
        _ coordinator: ControlCoordinator,
        _ bound: AsyncThrowingStream<SocketAddress, any Error>.Continuation
    ) -> Server<HTTP1Channel> {
        let limits = configuration.limits
        let router = Router()
        router.add(middleware: FailureMiddleware())
        ControlRoutes(coordinator: coordinator, access: AccessTable(configuration.tokens), limits: limits).add(
            to: router
        )
        for page in pages { ControlRoutes.add(page, to: router) }
        let responder = router.buildResponder()
        let logger = logger
        let channel = HTTP1Channel(
            responder: { request, writer, channel in
                let context = BasicRequestContext(source: .init(channel: channel, logger: logger))
                var response = try await responder.respond(to: request, context: context)
                response.headers[.date] = HTTPDate.format(WallClock.nowMilliseconds() / 1_000)
                try await writer.write(response: response.head, body: response.body)
            },
            configuration: HTTP1Channel.Configuration(
                additionalChannelHandlers: [StalledWriterHandler(seconds: limits.stallSeconds)],
                idleTimeout: .seconds(limits.idleSeconds)
            )
        )
        // What the framework has to say belongs into debugging.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        return Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: .maximum(limits.connections, logger: quiet)
            ),
            onServerRunning: { channel in
                if let address = channel.localAddress { bound.yield(address) }
            },
            eventLoopGroup: group,
            logger: quiet
        )
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return switch error.errnoCode {
        case 98: "the address is already in use"
        case 99: "this machine does not have the address"
        case 13: "permission denied"
        default: "\(error)"
        }
    }
}
