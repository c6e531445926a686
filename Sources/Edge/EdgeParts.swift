import CachePolicy
import CacheStore
import ControlPlane
import HTTPClient
import HTTPServer
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Origins
import Settings
import SignatureV4
import Synchronization
import Telemetry

/// Makes the parts of an edge from its settings. A value, used once at start.
struct EdgeParts {
    let settings: EdgeSettings
    let version: String
    let client: HTTPClient
    let logger: Logger

    func store() throws(EdgeError) -> CacheStore {
        let configuration = CacheStoreConfiguration(
            memoryBytes: settings.cache.memory.bytes,
            policy: Self.policy(settings.cache.policy),
            disks: settings.cache.disks.map(Self.disk)
        )
        do throws(CacheStoreError) {
            return try CacheStore(configuration, logger: logger)
        } catch {
            throw EdgeError("cannot open the cache: \(error)")
        }
    }

    func sites() throws(EdgeError) -> [Site] {
        var sites: [Site] = []
        for site in settings.sites { sites.append(Site(site, origin: try origin(site))) }
        return sites
    }

    private func origin(_ site: SiteSettings) throws(EdgeError) -> OriginClient {
        let configuration: OriginConfiguration =
            switch site.origin {
            case .http(let origin): .http(Self.endpoint(origin.url))
            case .s3(let bucket):
                .s3(
                    OriginConfiguration.Bucket(
                        endpoint: Self.endpoint(bucket.endpoint),
                        region: bucket.region,
                        name: bucket.bucket,
                        credentials: bucket.credentials.map {
                            Credentials(accessKey: $0.accessKey, secretKey: $0.secretKey.exposed)
                        },
                        pathStyle: bucket.pathStyle,
                        verifiesMD5: site.verify == .md5
                    )
                )
            }
        return OriginClient(
            configuration,
            client: client,
            node: AnswerFields.pseudonym(settings.node),
            version: version,
            logger: logger
        )
    }

    func agent(_ applier: PurgeApplier) throws(EdgeError) -> EdgeAgent? {
        guard let control = settings.control else { return nil }
        guard let token = BearerToken(control.token.exposed) else {
            throw EdgeError("control.token is empty or has characters that a token cannot have")
        }
        let position = applier.store.epochs.position.map {
            LogPosition(log: $0.log, number: $0.number, mark: $0.entryMark)
        }
        return EdgeAgent(
            EdgeAgentConfiguration(
                controls: [Self.endpoint(control.url)],
                token: token,
                id: settings.node,
                addresses: settings.listen.map(\.address.description),
                version: version,
                onLostControl: .revalidate
            ),
            client: client,
            position: position,
            logger: logger,
            apply: { entries, _ in applier.apply(entries) },
            reset: { position in applier.reset(to: position) }
        )
    }

    func listeners() throws(EdgeError) -> [ListenerConfiguration] {
        var listeners: [ListenerConfiguration] = []
        for listener in settings.listen {
            listeners.append(
                ListenerConfiguration(
                    address: Self.address(listener.address),
                    tls: try listener.tls.map { files throws(EdgeError) in try Self.tls(files) }
                )
            )
        }
        return listeners
    }

    func status(
        _ context: EdgeContext,
        agent: EdgeAgent?,
        server: HTTPServer,
        group: MultiThreadedEventLoopGroup
    ) throws(EdgeError) -> HTTPServer? {
        guard let address = settings.status else { return nil }
        let metrics = Metrics()
        ProcessMetrics.register(in: metrics, version: version, role: "edge")
        EdgeMetrics.register(in: metrics, counters: context.counters) {
            EdgeMetrics.Readings(
                store: context.store.statistics(),
                server: server.counters.snapshot(),
                fillsUnderWay: context.fillsUnderWay.load(ordering: .relaxed),
                purgeNumber: context.store.epochs.applied,
                isConnected: agent?.status.isFollowing ?? false,
                isReady: EdgeServer.readiness(agent).isReady
            )
        }
        context.reasons.register(in: metrics)
        let listener = ListenerConfiguration(address: Self.address(address))
        return HTTPServer(listeners: [listener], group: group, logger: logger) { _ in
            StatusResponder(metrics: metrics) { EdgeServer.readiness(agent, context.store) }
        }
    }

    // MARK: Translations

    private static func policy(_ policy: Settings.EvictionPolicy) -> CachePolicy.EvictionPolicy {
        switch policy {
        case .lru: .lru
        case .s3FIFO: .s3FIFO
        case .size: .size
        }
    }

    private static func disk(_ disk: DiskSettings) -> DiskConfiguration {
        DiskConfiguration(
            path: disk.path,
            bytes: disk.size.bytes,
            admitAtOnceBelow: disk.admission == .always ? .max : disk.admitAtOnceBelow.bytes,
            writesPerDay: disk.writesADay?.bytes,
            scrubBytesPerSecond: disk.scrub.bytes
        )
    }

    private static func endpoint(_ url: HTTPURL) -> Endpoint {
        Endpoint(scheme: url.scheme == .https ? .https : .http, host: url.host, port: url.port)
    }

    private static func address(_ address: SocketAddressSpec) -> ListenerConfiguration.Address {
        switch address {
        case .tcp(let host, let port): .tcp(host: host, port: port)
        case .unix(let path): .unix(path: path)
        }
    }

    private static func tls(_ files: TLSSettings) throws(EdgeError) -> TLSConfiguration {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
            let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
            return TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
        } catch {
            throw EdgeError("cannot use the certificate \(files.certificate) with the key \(files.key): \(error)")
        }
    }
}
