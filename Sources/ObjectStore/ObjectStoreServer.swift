public import HTTPServer
public import Logging
public import NIOCore
public import NIOPosix
public import SignatureV4

/// What an ``ObjectStoreServer`` is told. *Value*.
public struct ObjectStoreConfiguration: Sendable {
    /// Where to listen.
    public var listeners: [ListenerConfiguration]
    /// The data folder, made if need be; one process for each.
    public var dataPath: String
    /// What clients have to name in their signatures.
    public var region: String
    /// Key pairs that may do everything. Without any, only public buckets can be read.
    public var credentials: [Credentials]
    /// Buckets whose objects everybody may read.
    public var publicBuckets: Set<String>
    /// Bounds of the HTTP side.
    public var limits: ServerLimits

    /// A configuration in clear on one address.
    public init(
        listeners: [ListenerConfiguration],
        dataPath: String,
        region: String = "us-east-1",
        credentials: [Credentials],
        publicBuckets: Set<String> = [],
        limits: ServerLimits = ServerLimits()
    ) {
        self.listeners = listeners
        self.dataPath = dataPath
        self.region = region
        self.credentials = credentials
        self.publicBuckets = publicBuckets
        self.limits = limits
    }
}

/// The S3-compatible store as a server. Immutable; start it once, shut it down once.
public final class ObjectStoreServer: Sendable {
    /// The store behind it, for programs that put objects directly.
    public let storage: ObjectStorage
    private let server: HTTPServer
    private let logger: Logger

    /// Opens the data folder, and listens to nobody yet. Blocks for the time of a few file operations.
    ///
    /// Fails with one sentence when the folder cannot be used or belongs to another process. The group is the caller's.
    /// Once made, it has to be shut down, started or not.
    public init(
        _ configuration: ObjectStoreConfiguration,
        group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) throws(ObjectStoreError) {
        let storage = try ObjectStorage(path: configuration.dataPath, logger: logger)
        let service = S3Service(
            storage: storage,
            region: configuration.region,
            credentials: configuration.credentials,
            publicBuckets: configuration.publicBuckets,
            logger: logger
        )
        self.storage = storage
        self.logger = logger
        server = HTTPServer(
            listeners: configuration.listeners,
            group: group,
            limits: configuration.limits,
            logger: logger
        ) { eventLoop in
            AsyncResponder(eventLoop: eventLoop, handler: service, logger: logger)
        }
    }

    /// Listens, and returns the addresses; a port 0 has become a real one. What a crash left in the data folder is
    /// removed meanwhile. When an address cannot be had, the data folder is given up again.
    public func start() async throws(ServerError) -> [SocketAddress] {
        let addresses: [SocketAddress]
        do {
            addresses = try await server.start()
        } catch {
            await storage.close()
            throw error
        }
        Task { [storage, logger] in
            do throws(S3Error) {
                try await storage.collectOrphans()
            } catch {
                // Nothing depends on it; the next start tries again.
                logger.warning("Files left by an unclean stop were not removed: \(error.cause ?? error.message)")
            }
        }
        return addresses
    }

    /// Answers what was received, breaks off what takes longer than `gracePeriod`, and closes the store.
    public func shutdown(gracePeriod: TimeAmount = .seconds(10)) async {
        await server.shutdown(gracePeriod: gracePeriod)
        await storage.close()
    }
}
