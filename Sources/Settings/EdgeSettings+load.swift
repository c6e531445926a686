import Glibc

extension EdgeSettings {
    /// Reads an `edge.yaml`.
    /// - Parameters:
    ///   - path: The file; relative paths in it are relative to its folder.
    ///   - environment: Where `env:NAME` is looked up.
    /// - Throws: Everything that is wrong with the file.
    public static func load(
        path: String,
        environment: SettingsEnvironment = .process
    ) throws(SettingsError) -> EdgeSettings {
        try SettingsFile.load(
            path,
            role: .edge,
            environment: environment,
            check: check,
            build: EdgeSettings.init(group:)
        )
    }

    /// Reads the text of an `edge.yaml`.
    /// - Parameters:
    ///   - text: YAML.
    ///   - file: What messages call it.
    ///   - folder: What relative paths are relative to; "" is the working directory.
    ///   - environment: Where `env:NAME` is looked up.
    /// - Throws: Everything that is wrong with the text.
    public static func parse(
        _ text: String,
        file: String = "edge.yaml",
        folder: String = "",
        environment: SettingsEnvironment = .process
    ) throws(SettingsError) -> EdgeSettings {
        try SettingsFile.parse(
            text,
            source: SettingsFile.Source(file: file, folder: folder, role: .edge, environment: environment),
            check: check,
            build: EdgeSettings.init(group:)
        )
    }

    private init(group: SettingsGroup) throws(SettingsError) {
        var listeners: [ListenerSettings] = []
        for listener in try group.require("listen", \.asGroups) {
            listeners.append(try ListenerSettings(group: listener))
        }
        var sites: [SiteSettings] = []
        for site in try group.require("sites", \.asGroups) {
            sites.append(try SiteSettings(group: site))
        }
        self.init(
            node: group["node"]?.asText ?? Self.defaultNode(),
            threads: group["threads"]?.asInteger,
            listen: listeners,
            status: group["status"]?.asAddress,
            cache: try group["cache"]?.asGroup.map(CacheSettings.init(group:)) ?? CacheSettings(),
            control: try group["control"]?.asGroup.map(ControlLinkSettings.init(group:)),
            sites: sites,
            logLevel: group["log_level"]?.asText.flatMap(LogLevel.init(rawValue:)) ?? Defaults.logLevel
        )
    }

    /// The host's name, made fit for `Via` and `Cache-Status`.
    static func defaultNode() -> String {
        // 256 is HOST_NAME_MAX + 1 with room to spare; a name that was cut need not end in a zero.
        var bytes = [CChar](repeating: 0, count: 257)
        guard gethostname(&bytes, 256) == 0 else { return "edge" }
        let name = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return nodeName(from: name)
    }

    static func nodeName(from host: String) -> String {
        let allowed = String(
            host.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "_") ? $0 : "-" }
        )
        let name = String(allowed.prefix(59))
        return TextRule.nodeName.allows(name) ? name : "edge-" + name
    }

    private static func check(_ group: SettingsGroup, _ checks: inout SettingsChecks) {
        var addresses: [(address: SocketAddressSpec, position: YAMLPosition)] = []
        for listener in group["listen"]?.asGroups ?? [] {
            guard let address = listener["address"]?.asAddress else { continue }
            addresses.append((address, listener.position(of: "address")))
        }
        if let status = group["status"]?.asAddress { addresses.append((status, group.position(of: "status"))) }
        checks.expectSeparate(addresses)
        if let cache = group["cache"]?.asGroup { checkCache(cache, &checks) }
        let sites = group["sites"]?.asGroups ?? []
        sites.forEach { SiteSettings.check($0, &checks) }
        checkHosts(sites, &checks)
        checkNames(sites, &checks)
    }

    private static func checkCache(_ cache: SettingsGroup, _ checks: inout SettingsChecks) {
        let disks = cache["disk"]?.asGroups ?? []
        if disks.count > SettingsLimits.disks {
            checks.report(
                cache.position(of: "disk"),
                found: "\(disks.count) disks",
                expected: "at most \(SettingsLimits.disks)"
            )
        }
        DiskSettings.check(disks, &checks)
        guard let largest = cache["max_object"]?.asSize, let memory = cache["memory"]?.asSize else { return }
        let disk = disks.compactMap { $0["size"]?.asSize }.max()
        if largest > max(memory, disk ?? memory) {
            checks.report(
                cache.position(of: "max_object"),
                found: "\(largest), which fits into no tier",
                expected: "at most \(max(memory, disk ?? memory))"
            )
        }
    }

    private static func checkHosts(_ sites: [SettingsGroup], _ checks: inout SettingsChecks) {
        var hosts: [(value: HostPattern, position: YAMLPosition)] = []
        for entry in sites.flatMap({ $0["hosts"]?.asList ?? [] }) {
            if let host = entry.value.asHost { hosts.append((host, entry.position)) }
        }
        checks.expectUnique(hosts, describe: { "the host \($0)" }, expected: "every host once in all sites")
    }

    private static func checkNames(_ sites: [SettingsGroup], _ checks: inout SettingsChecks) {
        var names: [(value: String, position: YAMLPosition)] = []
        for group in sites {
            if let name = group["name"]?.asText {
                names.append((name, group.position(of: "name")))
            } else if group.entries["name"] == nil, let site = try? SiteSettings(group: group) {
                names.append((site.name, group.position))
            }
        }
        checks.expectUnique(
            names,
            describe: { "the site \($0)" },
            expected: "every site by a name of its own; `name:` sets it"
        )
    }
}

extension ListenerSettings {
    fileprivate init(group: SettingsGroup) throws(SettingsError) {
        var tls: TLSSettings?
        if let files = group["tls"]?.asGroup {
            tls = TLSSettings(
                certificate: try files.require("certificate", \.asText),
                key: try files.require("key", \.asText)
            )
        }
        self.init(address: try group.require("address", \.asAddress), tls: tls)
    }
}

extension CacheSettings {
    fileprivate init(group: SettingsGroup) throws(SettingsError) {
        var disks: [DiskSettings] = []
        for disk in group["disk"]?.asGroups ?? [] { disks.append(try DiskSettings(group: disk)) }
        self.init(
            memory: try group.require("memory", \.asSize),
            policy: group["policy"]?.asText.flatMap(EvictionPolicy.init(rawValue:)) ?? Defaults.policy,
            disks: disks,
            maxObject: group["max_object"]?.asSize,
            largeObject: try group.require("large_object", \.asSize)
        )
    }
}

extension ControlLinkSettings {
    fileprivate init(group: SettingsGroup) throws(SettingsError) {
        self.init(url: try group.require("url", \.asURL), token: try group.require("token", \.asSecret))
    }
}
