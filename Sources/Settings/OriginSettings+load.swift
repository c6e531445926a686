extension OriginSettings {
    /// Reads an `origin.yaml`.
    /// - Parameters:
    ///   - path: The file; relative paths in it are relative to its folder.
    ///   - environment: Where `env:NAME` is looked up.
    /// - Throws: Everything that is wrong with the file.
    public static func load(
        path: String,
        environment: SettingsEnvironment = .process
    ) throws(SettingsError) -> OriginSettings {
        try SettingsFile.load(
            path,
            role: .origin,
            environment: environment,
            check: check,
            build: OriginSettings.init(group:)
        )
    }

    /// Reads the text of an `origin.yaml`.
    /// - Parameters:
    ///   - text: YAML.
    ///   - file: What messages call it.
    ///   - folder: What relative paths are relative to; "" is the working directory.
    ///   - environment: Where `env:NAME` is looked up.
    /// - Throws: Everything that is wrong with the text.
    public static func parse(
        _ text: String,
        file: String = "origin.yaml",
        folder: String = "",
        environment: SettingsEnvironment = .process
    ) throws(SettingsError) -> OriginSettings {
        try SettingsFile.parse(
            text,
            source: SettingsFile.Source(file: file, folder: folder, role: .origin, environment: environment),
            check: check,
            build: OriginSettings.init(group:)
        )
    }

    private init(group: SettingsGroup) throws(SettingsError) {
        var credentials: [KeyPairSettings] = []
        for pair in group["credentials"]?.asGroups ?? [] {
            credentials.append(
                KeyPairSettings(
                    accessKey: try pair.require("access_key", \.asText),
                    secretKey: try pair.require("secret_key", \.asSecret)
                )
            )
        }
        self.init(
            listen: try group.require("listen", \.asAddress),
            data: try group.require("data", \.asText),
            region: try group.require("region", \.asText),
            credentials: credentials,
            publicBuckets: group["public_buckets"]?.asList?.compactMap(\.value.asText) ?? [],
            threads: group["threads"]?.asInteger,
            logLevel: group["log_level"]?.asText.flatMap(LogLevel.init(rawValue:)) ?? Defaults.logLevel
        )
    }

    private static func check(_ group: SettingsGroup, _ checks: inout SettingsChecks) {
        var keys: [(value: String, position: YAMLPosition)] = []
        for pair in group["credentials"]?.asGroups ?? [] {
            if let key = pair["access_key"]?.asText { keys.append((key, pair.position(of: "access_key"))) }
        }
        checks.expectUnique(keys, describe: { "the access key \($0)" }, expected: "every access key once")
        var buckets: [(value: String, position: YAMLPosition)] = []
        for entry in group["public_buckets"]?.asList ?? [] {
            if let bucket = entry.value.asText { buckets.append((bucket, entry.position)) }
        }
        checks.expectUnique(buckets, describe: { "the bucket \($0)" }, expected: "every bucket once")
        // A list that is there and wrong has been reported already.
        let credentials = group["credentials"]?.asGroups?.count ?? (group.mentioned.contains("credentials") ? 1 : 0)
        let readable = group["public_buckets"]?.asList?.count ?? (group.mentioned.contains("public_buckets") ? 1 : 0)
        if credentials == 0, readable == 0, !group.mentioned.isEmpty {
            checks.report(
                group.position,
                found: "neither `credentials` nor `public_buckets`",
                expected: "at least one of them",
                hint: "nobody could read or write anything"
            )
        }
    }
}
