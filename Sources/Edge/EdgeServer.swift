import CacheStore
import ControlPlane
import HTTPClient
import HTTPServer
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOPosix
public import Settings
import Synchronization
import Telemetry

/// A whole edge: listeners, cache, origins, its link to control, its status port. Thread-safe; start once, stop once.
public final class EdgeServer: Sendable {
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let pool: NIOThreadPool
    private let client: HTTPClient
    /// What its event loops share.
    let context: EdgeContext
    private let agent: EdgeAgent?
    let server: HTTPServer
    private let status: HTTPServer?
    private let statusBound = NIOLockedValueBox<SocketAddress?>(nil)
    private let agentTask = NIOLockedValueBox<Task<Void, Never>?>(nil)

    /// Opens the cache and prepares everything; nothing is bound yet.
    ///
    /// - Throws: ``EdgeError`` with one sentence for the operator.
    public convenience init(_ settings: EdgeSettings, version: String, logger: Logger) throws(EdgeError) {
        try self.init(settings, version: version, logger: logger, lease: nil)
    }

    /// - Parameters:
    ///   - lease: in place of the one that control renews, or of the endless one of an edge without control.
    ///   - windowStall: in place of ``Limits/windowStall``.
    init(
        _ settings: EdgeSettings,
        version: String,
        logger: Logger,
        lease: EdgeLease?,
        windowStall: TimeAmount = Limits.windowStall
    ) throws(EdgeError) {
        let threads = settings.threads ?? System.coreCount
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let pool = NIOThreadPool(numberOfThreads: max(1, min(threads, 4)))
        let client = HTTPClient(group: group)
        let counters = Counters<EdgeCounter>(slots: threads)
        let parts = EdgeParts(settings: settings, version: version, client: client, logger: logger)
        let store = try parts.store()
        let sites = SiteTable(try parts.sites())
        let applier = PurgeApplier(store: store, sites: sites, counters: counters, logger: logger)
        let agent = try parts.agent(applier)
        let context = EdgeContext(
            node: settings.node,
            sites: sites,
            store: store,
            objectLimit: settings.cache.maxObject?.bytes,
            largeObject: settings.cache.largeObject.bytes,
            forms: FormMaker(store: store, pool: pool, counters: counters, logger: logger),
            lease: lease ?? agent?.lease ?? EdgeLease(endless: true),
            counters: counters,
            windowStall: windowStall,
            logger: logger
        )
        let slots = LoopSlots()
        let server = HTTPServer(listeners: try parts.listeners(), group: group, logger: logger) { loop in
            EdgeResponder(context: context, eventLoop: loop, slot: slots.next())
        }
        self.logger = logger
        self.group = group
        self.pool = pool
        self.client = client
        self.context = context
        self.agent = agent
        self.server = server
        status = try parts.status(context, agent: agent, server: server, group: group)
    }

    /// Binds the listeners and the status port, then follows control.
    ///
    /// - Returns: the addresses that browsers can connect to, in the order of the settings.
    public func start() async throws(EdgeError) -> [SocketAddress] {
        pool.start()
        do throws(ServerError) {
            let bound = try await server.start()
            let statusAddresses = try await status?.start()
            statusBound.withLockedValue { $0 = statusAddresses?.first }
            if let agent { agentTask.withLockedValue { $0 = Task { await agent.run() } } }
            return bound
        } catch {
            throw EdgeError(error.message)
        }
    }

    /// Where the status port is bound; nil before the start, or without one.
    public var statusAddress: SocketAddress? { statusBound.withLockedValue { $0 } }

    /// Whether the edge should get traffic, and why not, as `/readyz` says it.
    public var readiness: (isReady: Bool, why: String) { Self.readiness(agent, context.store) }

    /// A lost disk makes an edge slower, not useless: it is named, and the edge is ready all the same.
    static func readiness(_ agent: EdgeAgent?, _ store: CacheStore) -> (isReady: Bool, why: String) {
        let (isReady, why) = readiness(agent)
        let problems = store.statistics().diskProblems
        return (isReady, problems.isEmpty ? why : "\(why), degraded: disk \(problems.joined(separator: "; disk "))")
    }

    static func readiness(_ agent: EdgeAgent?) -> (isReady: Bool, why: String) {
        guard let status = agent?.status else { return (true, "ready") }
        if status.isReady { return (true, status.problem.map { "ready, but: \($0)" } ?? "ready") }
        return (false, status.problem ?? "waiting for control")
    }

    /// Leaves control, finishes what was received within `grace`, writes what waits for the disk, and lets everything go.
    public func shutdown(grace: TimeAmount = .seconds(10)) async {
        await agent?.leave()
        await server.shutdown(gracePeriod: grace)
        await status?.shutdown(gracePeriod: .seconds(1))
        await agentTask.withLockedValue { $0 }?.value
        await client.shutdown()
        await context.store.close()
        try? await pool.shutdownGracefully()
        try? await group.shutdownGracefully()
    }
}

/// Hands out the rows of the counters, one to each event loop. Atomic.
private final class LoopSlots: Sendable {
    private let given = Atomic(0)

    func next() -> Int { given.wrappingAdd(1, ordering: .relaxed).oldValue }
}
