/// Everything an object store is told by its `origin.yaml`. An immutable snapshot.
public struct OriginSettings: Sendable, Equatable {
    /// Where S3 clients connect.
    public var listen: SocketAddressSpec
    /// The folder of objects and metadata.
    public var data: String
    /// The region that signatures must name.
    public var region: String
    /// Key pairs that may do everything; no access key twice.
    public var credentials: [KeyPairSettings]
    /// Buckets that everyone may read.
    public var publicBuckets: [String]
    /// Event loops; nil: as many as the machine has cores for this process.
    public var threads: Int?
    /// How much is logged.
    public var logLevel: LogLevel

    /// Makes settings without a file.
    public init(
        listen: SocketAddressSpec,
        data: String,
        region: String = Defaults.region,
        credentials: [KeyPairSettings],
        publicBuckets: [String] = [],
        threads: Int? = nil,
        logLevel: LogLevel = Defaults.logLevel
    ) {
        self.listen = listen
        self.data = data
        self.region = region
        self.credentials = credentials
        self.publicBuckets = publicBuckets
        self.threads = threads
        self.logLevel = logLevel
    }
}
