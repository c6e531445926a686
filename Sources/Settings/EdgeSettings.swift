/// Everything an edge is told by its `edge.yaml`. An immutable snapshot.
public struct EdgeSettings: Sendable, Equatable {
    /// The name by which this edge is known to control, in `Via` and in `Cache-Status`.
    public var node: String
    /// Event loops; nil: as many as the machine has cores for this process.
    public var threads: Int?
    /// Where browsers connect; at least one.
    public var listen: [ListenerSettings]
    /// Where `/healthz`, `/readyz` and `/metrics` are; nil: nowhere.
    public var status: SocketAddressSpec?
    /// Memory and disk.
    public var cache: CacheSettings
    /// The control plane; nil: this edge runs alone.
    public var control: ControlLinkSettings?
    /// What is served; at least one, no name and no host twice.
    public var sites: [SiteSettings]
    /// How much is logged.
    public var logLevel: LogLevel

    /// Makes settings without a file.
    public init(
        node: String,
        threads: Int? = nil,
        listen: [ListenerSettings],
        status: SocketAddressSpec? = nil,
        cache: CacheSettings = CacheSettings(),
        control: ControlLinkSettings? = nil,
        sites: [SiteSettings],
        logLevel: LogLevel = Defaults.logLevel
    ) {
        self.node = node
        self.threads = threads
        self.listen = listen
        self.status = status
        self.cache = cache
        self.control = control
        self.sites = sites
        self.logLevel = logLevel
    }
}

/// One address that browsers connect to. A value.
public struct ListenerSettings: Sendable, Equatable {
    /// Where to listen.
    public var address: SocketAddressSpec
    /// Certificate and key; nil: in clear.
    public var tls: TLSSettings?

    /// Makes a listener.
    public init(address: SocketAddressSpec, tls: TLSSettings? = nil) {
        self.address = address
        self.tls = tls
    }
}

/// A server's certificate. A value.
public struct TLSSettings: Sendable, Equatable {
    /// Path of a PEM file: the certificate and the chain below it.
    public var certificate: String
    /// Path of a PEM file: the private key.
    public var key: String

    /// Names the two files.
    public init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// Where an edge keeps what it fetched. A value.
public struct CacheSettings: Sendable, Equatable {
    /// Bytes of the memory tier, every overhead included.
    public var memory: ByteSize
    /// Which objects leave the memory tier first.
    public var policy: EvictionPolicy
    /// The disks of the disk tier; none: memory only.
    public var disks: [DiskSettings]
    /// The largest object that is kept; nil: an eighth of the tier it would go to.
    public var maxObject: ByteSize?
    /// Objects above this many bytes are kept in blocks.
    public var largeObject: ByteSize

    /// Makes a cache; without arguments, of the default size and without a disk.
    public init(
        memory: ByteSize = Defaults.memory,
        policy: EvictionPolicy = Defaults.policy,
        disks: [DiskSettings] = [],
        maxObject: ByteSize? = nil,
        largeObject: ByteSize = Defaults.largeObject
    ) {
        self.memory = memory
        self.policy = policy
        self.disks = disks
        self.maxObject = maxObject
        self.largeObject = largeObject
    }
}

/// How an edge reaches control. A value.
public struct ControlLinkSettings: Sendable, Equatable {
    /// The address of control.
    public var url: HTTPURL
    /// The bearer token of this edge.
    public var token: Secret

    /// Makes a link.
    public init(url: HTTPURL, token: Secret) {
        self.url = url
        self.token = token
    }
}
