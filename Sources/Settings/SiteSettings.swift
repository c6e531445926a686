/// One site: the hosts it answers and the origin it comes from. A value.
public struct SiteSettings: Sendable, Equatable {
    /// With the origin, what this site is: entries of the cache belong to it. Unique within an edge.
    public var name: String
    /// Which hosts; at least one, and none that another site has.
    public var hosts: [HostPattern]
    /// Where its objects come from.
    public var origin: SiteOrigin
    /// How long an object is fresh that says nothing itself; nil (HTTP origins): it is not.
    public var defaultTTL: TimeSpan?
    /// What a path that ends in `/` stands for; nil (HTTP origins): itself.
    public var index: String?
    /// How long beyond its lifetime an object may be served when the origin fails.
    public var staleIfError: TimeSpan
    /// How long beyond its lifetime an object may be served at once while the origin is asked about it.
    public var staleWhileRevalidate: TimeSpan
    /// How long a 404 or 410 is fresh that says nothing itself; nil (HTTP origins): it is not.
    public var negativeTTL: TimeSpan?
    /// Objects that are sent in the place of errors; at most one for each status.
    public var errorDocuments: [ErrorDocument]
    /// Which query parameters are part of the key, and are sent on; for a bucket ``QueryRule/none``.
    public var query: QueryRule
    /// Whether directives in a request may make the edge ask the origin; `only-if-cached` holds always.
    public var honoursRequestDirectives: Bool
    /// What a fetched body is checked against.
    public var verify: FillVerification
    /// Whether the edge makes gzip and Brotli forms of what is worth it.
    public var compress: Bool
    /// Whether requests in clear are sent to https.
    public var redirectsToHTTPS: Bool
    /// Whether answers get the usual security fields, where they have none of their own.
    public var securityHeaders: Bool
    /// Which answers every site may read.
    public var cors: CORSRule
    /// Fields that answers get and lose.
    public var headers: HeaderChanges
    /// What holds for some paths; the first that matches decides.
    public var rules: [PathRuleSettings]

    /// Makes a site; what is left out is the default for its kind of origin.
    public init(
        name: String? = nil,
        hosts: [HostPattern],
        origin: SiteOrigin,
        defaultTTL: TimeSpan? = nil,
        index: String? = nil,
        staleIfError: TimeSpan? = nil,
        staleWhileRevalidate: TimeSpan = Defaults.staleWhileRevalidate,
        negativeTTL: TimeSpan? = nil,
        errorDocuments: [ErrorDocument] = [],
        query: QueryRule? = nil,
        honoursRequestDirectives: Bool? = nil,
        verify: FillVerification = Defaults.verify,
        compress: Bool = Defaults.compress,
        redirectsToHTTPS: Bool = false,
        securityHeaders: Bool = false,
        cors: CORSRule? = nil,
        headers: HeaderChanges = HeaderChanges(),
        rules: [PathRuleSettings] = []
    ) {
        let isBucket = if case .s3 = origin { true } else { false }
        self.name = name ?? Self.defaultName(hosts: hosts, origin: origin)
        self.hosts = hosts
        self.origin = origin
        self.defaultTTL = defaultTTL ?? (isBucket ? Defaults.s3TTL : nil)
        self.index = index ?? (isBucket ? Defaults.index : nil)
        self.staleIfError = staleIfError ?? (isBucket ? Defaults.s3StaleIfError : Defaults.httpStaleIfError)
        self.staleWhileRevalidate = staleWhileRevalidate
        self.negativeTTL = negativeTTL ?? (isBucket ? Defaults.s3NegativeTTL : nil)
        self.errorDocuments = errorDocuments
        self.query = query ?? (isBucket ? .none : .all)
        self.honoursRequestDirectives = honoursRequestDirectives ?? !isBucket
        self.verify = verify
        self.compress = compress
        self.redirectsToHTTPS = redirectsToHTTPS
        self.securityHeaders = securityHeaders
        // A font of another host is of no use to a browser without it, and a bucket's fonts are for everyone who asks. An
        // HTTP server can say it itself.
        self.cors = cors ?? (isBucket ? .fonts : .none)
        self.headers = headers
        self.rules = rules
    }

    /// Name and origin: two sites with one identity may share entries of a cache, across restarts and reloads.
    public var identity: String { "\(name) \(origin.identity)" }

    /// The first host, or for `*` the bucket or the origin's host.
    static func defaultName(hosts: [HostPattern], origin: SiteOrigin) -> String {
        if let first = hosts.first, first != .any { return first.description }
        switch origin {
        case .s3(let bucket): return bucket.bucket
        case .http(let server): return server.url.host
        }
    }
}

/// Where a site's objects come from. A value.
public enum SiteOrigin: Sendable, Equatable {
    /// A bucket of an S3-style store.
    case s3(S3OriginSettings)
    /// An HTTP server.
    case http(HTTPOriginSettings)

    /// What makes this origin this one: its address, and the bucket. Keys and regions may change.
    public var identity: String {
        switch self {
        case .s3(let bucket): "s3 \(bucket.endpoint)/\(bucket.bucket)"
        case .http(let server): "http \(server.url)"
        }
    }
}

/// A bucket. A value.
public struct S3OriginSettings: Sendable, Equatable {
    /// The store's address.
    public var endpoint: HTTPURL
    /// The region that signatures name.
    public var region: String
    /// The bucket's name.
    public var bucket: String
    /// The keys; nil: requests are not signed.
    public var credentials: KeyPairSettings?
    /// True: `http://endpoint/bucket/key`; false: `http://bucket.endpoint/key`.
    public var pathStyle: Bool

    /// Names a bucket.
    public init(
        endpoint: HTTPURL,
        region: String = Defaults.region,
        bucket: String,
        credentials: KeyPairSettings? = nil,
        pathStyle: Bool = Defaults.pathStyle
    ) {
        self.endpoint = endpoint
        self.region = region
        self.bucket = bucket
        self.credentials = credentials
        self.pathStyle = pathStyle
    }
}

/// An HTTP server. A value.
public struct HTTPOriginSettings: Sendable, Equatable {
    /// The server's address.
    public var url: HTTPURL

    /// Names a server.
    public init(url: HTTPURL) {
        self.url = url
    }
}

/// The two halves of an S3 key. A value; the secret half is never printed.
public struct KeyPairSettings: Sendable, Hashable {
    /// The public half.
    public var accessKey: String
    /// The secret half.
    public var secretKey: Secret

    /// Makes a pair.
    public init(accessKey: String, secretKey: Secret) {
        self.accessKey = accessKey
        self.secretKey = secretKey
    }
}
