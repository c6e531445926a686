extension SettingsTable {
    /// The rows of one site of an edge.
    static let sites: [Setting] = [
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
            "sites[].stale_while_revalidate",
            .span(SettingsLimits.lifetime),
            .preset(Defaults.staleWhileRevalidate.description),
            """
            How long after its lifetime an object may still be served at once while the origin is asked whether it is \
            still right.
            """
        ),
        Setting(
            "sites[].negative_ttl",
            .span(SettingsLimits.negativeLifetime),
            .otherwise("\(Defaults.s3NegativeTTL) for s3; for http, what the origin says"),
            "How long a 404 or 410 is kept that says nothing itself; a bucket's 403 at most a second of it."
        ),
        Setting(
            "sites[].error_documents",
            .map(keys: .errorStatus, values: .text(.documentPath)),
            .otherwise("the edge's own words for a bucket; for http, the origin's answer"),
            "Objects of the site that are sent instead of errors, by status."
        ),
        Setting(
            "sites[].query",
            .wordsOrList(QueryRule.words, .text(.parameterName)),
            .otherwise("all for http; none for s3, where a query is neither part of the key nor sent"),
            """
            Which query parameters tell one object from another and reach the origin. all: sorted by name; exact: as they \
            were written.
            """
        ),
        Setting(
            "sites[].honour_request_directives",
            .flag,
            .otherwise("true for http; false for s3"),
            """
            Whether Cache-Control in a request, such as that of a browser's reload, may make the edge ask the origin; \
            only-if-cached holds always.
            """
        ),
        Setting(
            "sites[].verify",
            .choice(FillVerification.allCases.map(\.rawValue)),
            .preset(Defaults.verify.rawValue),
            """
            What a fetched body is checked against. auto: the checksums that come with it; md5: an ETag that looks like \
            one as well, for stores that make it so.
            """
        ),
        Setting(
            "sites[].compress",
            .flag,
            .preset(String(Defaults.compress)),
            "Whether gzip and Brotli forms are made of texts, scripts and the like."
        ),
        Setting(
            "sites[].redirect_https",
            .flag,
            .preset("false"),
            "Whether requests that come in clear are sent to https; for edges that speak TLS themselves."
        ),
        Setting(
            "sites[].security_headers",
            .flag,
            .preset("false"),
            """
            Whether answers that lack them get X-Content-Type-Options, X-Frame-Options, Referrer-Policy and, over TLS, \
            Strict-Transport-Security.
            """
        ),
        Setting(
            "sites[].cors",
            .choice(CORSRule.allCases.map(\.rawValue)),
            .otherwise("\(CORSRule.fonts.rawValue) for s3; \(CORSRule.none.rawValue) for http"),
            "Which answers say `Access-Control-Allow-Origin: *`, where they say nothing of it themselves."
        ),
        addHeaders("sites[]"),
        removeHeaders("sites[]"),
        Setting(
            "sites[].rules",
            .groups,
            .otherwise("none"),
            "What holds for some paths. The first rule whose pattern matches decides, and no other."
        ),
        Setting(
            "sites[].rules[].match",
            .text(.glob),
            .required,
            """
            Which paths: * stands for characters within a folder, ** across folders, ? for one character; a pattern \
            without a slash is that of a file's name.
            """
        ),
        Setting(
            "sites[].rules[].default_ttl",
            .span(SettingsLimits.lifetime),
            .otherwise("the site's"),
            "How long an object is fresh that has no Cache-Control or Expires of its own."
        ),
        Setting(
            "sites[].rules[].force_ttl",
            .span(SettingsLimits.lifetime),
            .otherwise("what the object says"),
            "How long an object is fresh, whatever it says of that; no-store and private hold all the same."
        ),
        addHeaders("sites[].rules[]"),
        removeHeaders("sites[].rules[]"),
    ]

    private static func addHeaders(_ parent: String) -> Setting {
        Setting(
            "\(parent).add_headers",
            .map(keys: .addedField, values: .text(.fieldValue)),
            .otherwise("none"),
            "Fields that are set in answers, whatever the origin says in them."
        )
    }

    private static func removeHeaders(_ parent: String) -> Setting {
        Setting(
            "\(parent).remove_headers",
            .list(.text(.removedField)),
            .otherwise("none"),
            "Fields that are left out of answers."
        )
    }
}
