import CachingRules
import ContentCoding
import HTTPWire
import Origins
import Settings

/// One site as an edge serves it. Immutable snapshot.
final class Site: Sendable {
    /// Its name in the configuration.
    let name: String
    /// Its name in keys and purge scopes; changes with its name and origin, not with its position (rule K4).
    let id: String
    /// The id and the zero byte that begin each key.
    let keyPrefix: [UInt8]
    let hosts: [HostPattern]
    let origin: OriginClient
    /// What it says about lifetimes, beside what its answers say themselves.
    let freshness: FreshnessPolicy
    /// Whether directives in a request may make the edge ask the origin (decision 4, point 2).
    let honoursRequestDirectives: Bool
    let verify: FillVerification
    /// What a path that ends in `/` names; nil: itself.
    let index: [UInt8]?
    /// What of the query names another resource. Nothing in a bucket: there it would be a command to S3.
    let query: KeyQuery
    let compress: Bool
    let isBucket: Bool
    let redirectsToHTTPS: Bool
    /// What holds for some paths, and what its answers get and lose; nil: nothing of the kind, the usual case.
    let rules: SiteRules?
    /// One for the status alone goes before one for its class.
    private let errorPages: [ErrorPage]

    init(_ settings: SiteSettings, origin: OriginClient) {
        name = settings.name
        id = settings.identity
        keyPrefix = Array(settings.identity.utf8) + [0]
        hosts = settings.hosts
        self.origin = origin
        honoursRequestDirectives = settings.honoursRequestDirectives
        verify = settings.verify
        errorPages = settings.errorDocuments.compactMap(ErrorPage.init).sorted { $0.statuses.count < $1.statuses.count }
        index = settings.index.map { Array($0.utf8) }
        compress = settings.compress
        isBucket = if case .s3 = settings.origin { true } else { false }
        query = isBucket ? .none : KeyQuery(settings.query)
        freshness = FreshnessPolicy(
            defaultTTL: settings.defaultTTL?.seconds,
            negativeTTL: settings.negativeTTL?.seconds,
            heuristics: !isBucket,
            staleWhileRevalidate: settings.staleWhileRevalidate.seconds,
            staleIfError: settings.staleIfError.seconds
        )
        redirectsToHTTPS = settings.redirectsToHTTPS
        rules = SiteRules(settings, freshness: freshness)
    }

    /// Asks for the object that is sent in the place of an error with this status; nil: there is none.
    func errorPage(for status: Int) -> RequestHead? {
        errorPages.first { $0.statuses.contains(status) }?.request
    }

    /// Whether coded forms of an answer with these fields, whose status is 200, are made here.
    func mayCompress(_ fields: FieldList, length: UInt64) -> Bool {
        compress && CompressionRule.worthCompressing(fields, length: length)
    }
}
