extension ControlSettings {
    /// Reads a `control.yaml`.
    /// - Parameters:
    ///   - path: The file; relative paths in it are relative to its folder.
    ///   - environment: Where `env:NAME` is looked up.
    /// - Throws: Everything that is wrong with the file.
    public static func load(
        path: String,
        environment: SettingsEnvironment = .process
    ) throws(SettingsError) -> ControlSettings {
        try SettingsFile.load(
            path,
            role: .control,
            environment: environment,
            check: check,
            build: ControlSettings.init(group:)
        )
    }

    /// Reads the text of a `control.yaml`.
    /// - Parameters:
    ///   - text: YAML.
    ///   - file: What messages call it.
    ///   - folder: What relative paths are relative to; "" is the working directory.
    ///   - environment: Where `env:NAME` is looked up.
    /// - Throws: Everything that is wrong with the text.
    public static func parse(
        _ text: String,
        file: String = "control.yaml",
        folder: String = "",
        environment: SettingsEnvironment = .process
    ) throws(SettingsError) -> ControlSettings {
        try SettingsFile.parse(
            text,
            source: SettingsFile.Source(file: file, folder: folder, role: .control, environment: environment),
            check: check,
            build: ControlSettings.init(group:)
        )
    }

    private init(group: SettingsGroup) throws(SettingsError) {
        var tokens: [TokenSettings] = []
        for token in try group.require("tokens", \.asGroups) {
            tokens.append(
                TokenSettings(
                    token: try token.require("token", \.asSecret),
                    scopes: try token.require("scopes", \.asList).compactMap(\.value.asScope)
                )
            )
        }
        self.init(
            listen: try group.require("listen", \.asAddress),
            store: .sqlite(path: try group.require("store", \.asGroup).require("sqlite", \.asText)),
            tokens: tokens,
            logLevel: group["log_level"]?.asText.flatMap(LogLevel.init(rawValue:)) ?? Defaults.logLevel
        )
    }

    private static func check(_ group: SettingsGroup, _ checks: inout SettingsChecks) {
        var tokens: [(value: Secret, position: YAMLPosition)] = []
        for token in group["tokens"]?.asGroups ?? [] {
            if let secret = token["token"]?.asSecret { tokens.append((secret, token.position(of: "token"))) }
        }
        checks.expectUnique(tokens, describe: { _ in "a token" }, expected: "every token once, with all its scopes")
    }
}
