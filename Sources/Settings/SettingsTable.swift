/// Who reads a file of settings. A value.
public enum SettingsRole: String, Sendable, CaseIterable {
    case edge, origin, control
}

/// All settings there are: one table from which parser, explanations and documentation come. A value without state.
public enum SettingsTable {
    /// The rows of a role, in the order in which they are explained.
    public static func rows(_ role: SettingsRole) -> [Setting] {
        switch role {
        case .edge: edge + cache + link + sites + common
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
    ]

    private static let link: [Setting] = [
        Setting(
            "control",
            .group,
            .otherwise("this edge runs alone"),
            "The control plane, whose purges this edge follows."
        ),
        Setting("control.url", .url, .required, "The address of control."),
        Setting("control.token", .secret(token: true), .required, "The bearer token that control knows."),
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
