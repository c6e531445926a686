extension SiteSettings {
    /// Makes a site of what was read.
    init(group: SettingsGroup) throws(SettingsError) {
        self.init(
            name: group["name"]?.asText,
            hosts: try group.require("hosts", \.asList).compactMap(\.value.asHost),
            origin: try SiteOrigin(group: try group.require("origin", \.asGroup)),
            defaultTTL: group["default_ttl"]?.asSpan,
            index: group["index"]?.asText,
            staleIfError: group["stale_if_error"]?.asSpan,
            staleWhileRevalidate: group["stale_while_revalidate"]?.asSpan ?? Defaults.staleWhileRevalidate,
            negativeTTL: group["negative_ttl"]?.asSpan,
            errorDocuments: (group["error_documents"]?.asMap ?? []).compactMap(ErrorDocument.init(entry:)),
            query: group["query"].flatMap(QueryRule.init(value:)),
            honoursRequestDirectives: group["honour_request_directives"]?.asFlag,
            verify: group["verify"]?.asText.flatMap(FillVerification.init(rawValue:)) ?? Defaults.verify,
            compress: group["compress"]?.asFlag ?? Defaults.compress,
            redirectsToHTTPS: group["redirect_https"]?.asFlag ?? false,
            securityHeaders: group["security_headers"]?.asFlag ?? false,
            cors: group["cors"]?.asText.flatMap(CORSRule.init(rawValue:)),
            headers: HeaderChanges(group: group),
            rules: try Self.rules(group["rules"]?.asGroups ?? [])
        )
    }

    private static func rules(_ groups: [SettingsGroup]) throws(SettingsError) -> [PathRuleSettings] {
        var rules: [PathRuleSettings] = []
        for group in groups {
            rules.append(
                PathRuleSettings(
                    match: try group.require("match", \.asText),
                    defaultTTL: group["default_ttl"]?.asSpan,
                    forceTTL: group["force_ttl"]?.asSpan,
                    headers: HeaderChanges(group: group)
                )
            )
        }
        return rules
    }
}

extension HeaderChanges {
    fileprivate init(group: SettingsGroup) {
        self.init(
            add: (group["add_headers"]?.asMap ?? []).compactMap { entry in
                entry.value.asText.map { HeaderField(name: entry.key, value: $0) }
            },
            remove: group["remove_headers"]?.asList?.compactMap(\.value.asText) ?? []
        )
    }
}

extension SiteOrigin {
    fileprivate init(group: SettingsGroup) throws(SettingsError) {
        guard try group.require("type", \.asText) == "s3" else {
            self = .http(HTTPOriginSettings(url: try group.require("url", \.asURL)))
            return
        }
        var credentials: KeyPairSettings?
        if let accessKey = group["access_key"]?.asText, let secretKey = group["secret_key"]?.asSecret {
            credentials = KeyPairSettings(accessKey: accessKey, secretKey: secretKey)
        }
        self = .s3(
            S3OriginSettings(
                endpoint: try group.require("endpoint", \.asURL),
                region: try group.require("region", \.asText),
                bucket: try group.require("bucket", \.asText),
                credentials: credentials,
                pathStyle: try group.require("path_style", \.asFlag)
            )
        )
    }
}

extension QueryRule {
    fileprivate init?(value: SettingValue) {
        if let names = value.asList {
            self = .names(names.compactMap(\.value.asText))
        } else {
            switch value.asText {
            case "all": self = .all
            case "exact": self = .exact
            case "none": self = .none
            default: return nil
            }
        }
    }
}

extension ErrorDocument {
    fileprivate init?(entry: SettingMapEntry) {
        guard let path = entry.value.asText else { return nil }
        switch entry.key {
        case "4xx": self.init(statuses: 400...499, path: path)
        case "5xx": self.init(statuses: 500...599, path: path)
        default:
            guard let status = Int(entry.key) else { return nil }
            self.init(statuses: status...status, path: path)
        }
    }
}
