import CachingRules
import ControlPlane
import HTTPServer
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Settings
import Synchronization
import Telemetry
import TestSupport

@testable import CacheStore
@testable import Edge

/// A scripted origin, and a whole edge in front of it in this process, on a port of its own. Immutable; its parts are
/// thread-safe each in its own way.
///
/// The edge has one site, for every host. In a `.bucket` scenario the origin is the bucket "site", so that `/a.css` is
/// asked for as `/site/a.css`; in a `.http` scenario it is a server, and asked for the same path.
final class Stage: Sendable {
    enum Kind: Sendable { case bucket, http }
    /// `never`: control has never granted one, and never will.
    enum Lease: Sendable { case endless, never }

    struct Setting: Sendable {
        var kind = Kind.bucket
        var loops = 1
        var memoryMiB = 64
        var disk: String?
        var lease = Lease.endless
        var compress = true
        var hosts = [HostPattern.any]
        var windowStall = TimeAmount.seconds(30)
        /// What else the configuration says of the site.
        var site: @Sendable (inout SiteSettings) -> Void = { _ in }
    }

    let origin: ScriptedOrigin
    let address: SocketAddress
    private let setting: Setting
    /// nil: stopped, and let go.
    private let edge: NIOLockedValueBox<EdgeServer?>

    private init(_ setting: Setting, origin: ScriptedOrigin, edge: EdgeServer, address: SocketAddress) {
        self.setting = setting
        self.origin = origin
        self.edge = NIOLockedValueBox(edge)
        self.address = address
    }

    /// - Parameter origin: an origin of a stage before; nil: a new one.
    static func set(_ setting: Setting, origin given: ScriptedOrigin? = nil) async throws -> Stage {
        let origin =
            if let given { given } else { try await ScriptedOrigin.start() }
        var logger = Logger(label: "scenario")
        logger.logLevel = .critical
        let edge = try EdgeServer(
            settings(setting, origin: origin),
            version: "test",
            logger: logger,
            lease: setting.lease == .endless ? nil : EdgeLease(),
            windowStall: setting.windowStall
        )
        let bound = try await edge.start()
        return Stage(setting, origin: origin, edge: edge, address: bound[0])
    }

    private static func settings(_ setting: Setting, origin: ScriptedOrigin) -> EdgeSettings {
        let url = HTTPURL(scheme: .http, host: "127.0.0.1", port: origin.port)
        var site = SiteSettings(
            name: "stage",
            hosts: setting.hosts,
            origin: setting.kind == .http
                ? .http(HTTPOriginSettings(url: url)) : .s3(S3OriginSettings(endpoint: url, bucket: "site")),
            compress: setting.compress
        )
        setting.site(&site)
        let disks = setting.disk.map { [DiskSettings(path: $0, size: .mebibytes(64))] } ?? []
        return EdgeSettings(
            node: "edge",
            threads: setting.loops,
            listen: [ListenerSettings(address: .tcp(host: "127.0.0.1", port: 0))],
            cache: CacheSettings(memory: .mebibytes(setting.memoryMiB), disks: disks),
            sites: [site]
        )
    }

    /// Stops the edge, then the origin.
    func strike() async {
        await stopEdge()
        await origin.stop()
    }

    /// Stops the edge in an orderly way, and starts another in its place: the same site, the same disk.
    ///
    /// The new one can lock the disk's folder only when nothing keeps the old one alive.
    func restarted(memoryMiB: Int? = nil) async throws -> Stage {
        weak let old = context
        await stopEdge()
        try await eventually("the stopped edge to be let go") { old == nil }
        var setting = setting
        if let memoryMiB { setting.memoryMiB = memoryMiB }
        return try await Stage.set(setting, origin: origin)
    }

    private func stopEdge() async {
        let edge = edge.withLockedValue { edge in
            defer { edge = nil }
            return edge
        }
        await edge?.shutdown(grace: .milliseconds(200))
    }

    private var context: EdgeContext? { edge.withLockedValue { $0?.context } }

    // MARK: Purges

    /// Applies what control's log would have brought next.
    func purge(_ scopes: PurgeScope..., soft: Bool = false) {
        guard let context else { return }
        let applier = PurgeApplier(
            store: context.store,
            sites: context.sites,
            counters: context.counters,
            logger: context.logger
        )
        let number = context.store.epochs.applied + 1
        applier.apply([PurgeEntry(number: number, mark: "", acceptedAt: 0, scopes: scopes, soft: soft)])
    }

    func purge(url path: String, soft: Bool = false) {
        purge(.url(host: "edge.test", path: path, query: nil), soft: soft)
    }

    // MARK: What the edge says of itself

    var fillsUnderWay: Int { context?.fillsUnderWay.load(ordering: .relaxed) ?? 0 }

    func count(_ counter: EdgeCounter) -> Int { Int(context?.counters.total(counter) ?? 0) }

    /// Clients that have left before their answer was complete.
    var clientsGone: Int { edge.withLockedValue { $0?.server.counters.snapshot().clientsGone } ?? 0 }

    func notStored(_ why: NotStored) -> Int { Int(context?.reasons.notStored.total(why.name) ?? 0) }

    func forwards(_ reason: ForwardReason) -> Int { Int(context?.reasons.forwards.total(reason.rawValue) ?? 0) }

    func failures(_ detail: String) -> Int { Int(context?.reasons.failures.total(detail) ?? 0) }

    var statistics: CacheStatistics { context?.store.statistics() ?? CacheStatistics() }

    var purgeNumber: UInt64 { context?.store.epochs.applied ?? 0 }

    /// Waits until the disk has what it was given.
    func flush() async { await context?.store.flush() }

    /// Bytes of the memory budget that neither stored resources nor the store's own tables explain: those of fills. For
    /// scenarios without purges and without a disk, whose tables count as well.
    var unaccountedBytes: Int {
        guard let store = context?.store else { return 0 }
        let tables = store.memory.tableBytes
        return store.budget.used - store.memory.totals.bytes - tables - store.budget.connectionBytes
    }
}
