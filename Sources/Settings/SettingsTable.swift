/// Who reads a file of settings. A value.
public enum SettingsRole: String, Sendable, CaseIterable {
    case edge, origin, control
}

/// All settings there are: one table from which parser, explanations and documentation come. A value without state.
public enum SettingsTable {
    /// The rows of a role, in the order in which they are explained.
    public static func rows(_ role: SettingsRole) -> [Setting] {
        switch role {
        case .edge: edge + sites + common
        case .origin: origin + common
        case .control: control + common
        }
    }

    private static let edge: [Setting] = [
        Setting(
            "node",
            .text(.nodeName),
            .otherwise("the host's name"),
            "The name by which control, `Via` and `Cache-Status` know this edge; no two edges share one."
        ),
        threads,
        Setting("listen", .groups, .required, "The addresses that browsers connect to."),
        Setting("listen[].address", .address, .required, "Where to listen; port 0 takes any free port."),
        Setting(
            "listen[].tls",
            .group,
            .otherwise("in clear"),
            "Makes this a TLS listener."
        ),
        Setting(
            "listen[].tls.certificate",
            .path(mustExist: true),
            .required,
            "PEM file with the certificate and the chain below it."
        ),
        Setting("listen[].tls.key", .path(mustExist: true), .required, "PEM file with the private key."),
        Setting(
            "status",
            .address,
            .otherwise("no status port"),
            "Where /healthz, /readyz and /metrics answer; keep it away from the public."
        ),
        Setting("cache", .group, .otherwise("memory only, \(Defaults.memory)"), "Where fetched objects are kept."),
        Setting(
            "cache.memory",
            .size(SettingsLimits.memory),
            .preset(Defaults.memory.description),
            "Bytes of the memory tier, every overhead included."
        ),
        Setting(
            "cache.policy",
            .choice(EvictionPolicy.allCases.map(\.rawValue)),
            .preset(Defaults.policy.rawValue),
            "Which objects leave first when the memory tier is full."
        ),
        Setting(
            "cache.max_object",
            .size(SettingsLimits.maxObject),
            .otherwise("an eighth of the tier"),
            "Larger objects pass through without being kept."
        ),
        Setting("cache.disk", .group, .otherwise("no disk tier"), "A second tier that survives restarts."),
        Setting(
            "cache.disk.path",
            .path(mustExist: false),
            .required,
            "A folder that belongs to this edge alone; it is made when it is missing."
        ),
        Setting("cache.disk.size", .size(SettingsLimits.disk), .required, "Bytes that the disk tier may use."),
        Setting(
            "control",
            .group,
            .otherwise("this edge runs alone"),
            "The control plane, whose purges this edge follows."
        ),
        Setting("control.url", .url, .required, "The address of control."),
        Setting("control.token", .secret(token: true), .required, "The bearer token that control knows."),
    ]

    private static let sites: [Setting] = [
        Setting("sites", .groups, .required, "What is served: hosts and where their objects come from."),
        Setting(
            "sites[].name",
            .text(.siteName),
            .otherwise("the first host, or for `*` the bucket"),
            "With the origin, what the site's cached objects belong to; another name is an empty cache."
        ),
        Setting("sites[].hosts", .list(.host), .required, "The hosts of the site, without ports; `*` takes the rest."),
        Setting("sites[].origin", .group, .required, "Where the site's objects come from."),
        Setting(
            "sites[].origin.type",
            .variant(["s3", "http"]),
            .required,
            "s3: a bucket, read by keys alone. http: a server, which sees whole requests."
        ),
        Setting("sites[].origin.endpoint", .url, .required, only: "s3", "The address of the S3-style store."),
        Setting(
            "sites[].origin.region",
            .text(.region),
            .preset(Defaults.region),
            only: "s3",
            "The region that signatures name."
        ),
        Setting("sites[].origin.bucket", .text(.bucket), .required, only: "s3", "The bucket."),
        Setting(
            "sites[].origin.access_key",
            .text(.accessKey),
            .otherwise("requests are not signed"),
            only: "s3",
            "The public half of the key pair that requests are signed with."
        ),
        Setting(
            "sites[].origin.secret_key",
            .secret(token: false),
            .otherwise("requests are not signed"),
            only: "s3",
            "The secret half of the key pair."
        ),
        Setting(
            "sites[].origin.path_style",
            .flag,
            .preset(String(Defaults.pathStyle)),
            only: "s3",
            "true: the bucket is named in the path; false: before the host."
        ),
        Setting("sites[].origin.url", .url, .required, only: "http", "The address of the HTTP server."),
        Setting(
            "sites[].default_ttl",
            .span(SettingsLimits.lifetime),
            .otherwise("\(Defaults.s3TTL) for s3; for http, what the origin says"),
            "How long an object is fresh that has no Cache-Control or Expires of its own."
        ),
        Setting(
            "sites[].index",
            .text(.index),
            .otherwise("\(Defaults.index) for s3; none for http"),
            "The object that a path ending in a slash stands for."
        ),
        Setting(
            "sites[].stale_if_error",
            .span(SettingsLimits.lifetime),
            .otherwise("\(Defaults.s3StaleIfError) for s3; \(Defaults.httpStaleIfError) for http"),
            "How long after its lifetime an object may still be served while the origin fails."
        ),
        Setting(
            "sites[].compress",
            .flag,
            .preset(String(Defaults.compress)),
            "Whether gzip and Brotli forms are made of texts, scripts and the like."
        ),
    ]

    private static let origin: [Setting] = [
        Setting("listen", .address, .required, "Where S3 clients connect."),
        Setting(
            "data",
            .path(mustExist: false),
            .required,
            "The folder of objects and metadata; it is made when it is missing."
        ),
        Setting(
            "region",
            .text(.region),
            .preset(Defaults.region),
            "The region that signatures must name."
        ),
        Setting("credentials", .groups, .otherwise("nobody can write"), "Key pairs that may do everything."),
        Setting("credentials[].access_key", .text(.accessKey), .required, "The public half of a key pair."),
        Setting("credentials[].secret_key", .secret(token: false), .required, "The secret half of a key pair."),
        Setting(
            "public_buckets",
            .list(.text(.strictBucket)),
            .otherwise("none"),
            "Buckets that everyone may GET and HEAD without a signature."
        ),
        threads,
    ]

    private static let control: [Setting] = [
        Setting("listen", .address, .required, "Where edges, operators and browsers connect."),
        Setting("store", .group, .required, "Where the purge log is kept."),
        Setting(
            "store.sqlite",
            .path(mustExist: false),
            .required,
            "A SQLite file; it is made when it is missing."
        ),
        Setting("tokens", .groups, .required, "Bearer tokens that hold from the start."),
        Setting("tokens[].token", .secret(token: true), .required, "The token."),
        Setting(
            "tokens[].scopes",
            .list(.scope),
            .required,
            "What it allows: admin (everything, and being an edge), read, purge, purge:HOST."
        ),
    ]

    private static let threads = Setting(
        "threads",
        .integer(SettingsLimits.threads),
        .otherwise("the number of cores"),
        "Event loops that serve connections."
    )

    private static let common: [Setting] = [
        Setting(
            "log_level",
            .choice(LogLevel.allCases.map(\.rawValue)),
            .preset(Defaults.logLevel.rawValue),
            "How much is logged to standard error."
        )
    ]
}
