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
            compress: group["compress"]?.asFlag ?? Defaults.compress
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
