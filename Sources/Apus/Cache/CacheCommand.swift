import ArgumentParser
import CacheStore
import Settings

/// `apus cache`
struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Look into an edge's disk cache, running or not.",
        discussion: """
            Nothing is changed and nothing locked. PATH is the folder of cache.disk.path;
            with --config all disks of an edge's settings are read.

            Examples:
              apus cache ls /var/cache/apus --site www.example.com --prefix /assets/
              apus cache stat /var/cache/apus
              apus cache verify --config /etc/apus/edge.yaml
              apus cache export /var/cache/apus --to ./saved --site www.example.com
            """,
        subcommands: [CacheListCommand.self, CacheStatCommand.self, CacheVerifyCommand.self, CacheExportCommand.self]
    )
}

/// Which folders a command reads.
struct CacheFolderOptions: ParsableArguments {
    @Argument(help: "The cache's folder.")
    var path: String?
    @Option(help: "An edge's settings: all of its disks.")
    var config: String?

    func validate() throws {
        guard (path == nil) != (config == nil) else {
            throw ValidationError("name a cache folder, or an edge's settings with --config")
        }
    }

    /// The folders; what cannot be opened ends the command.
    func folders() throws -> [CacheFolder] {
        let paths: [String]
        if let path {
            paths = [path]
        } else {
            let settings = try EdgeSettings.load(path: config ?? "")
            paths = settings.cache.disks.map(\.path)
            if paths.isEmpty { throw CacheCommandError(text: "\(config ?? "") names no disk (cache.disk.path)") }
        }
        return try paths.map { try CacheFolder(path: $0) }
    }
}

/// What a command ends with. A value.
struct CacheCommandError: Error, CustomStringConvertible {
    var text: String

    var description: String { text }
}

/// Which objects a command means.
struct CacheFilterOptions: ParsableArguments {
    @Option(help: "Only this site's objects: its name in the edge's settings.")
    var site: String?
    @Option(help: "Only objects whose path begins so.")
    var prefix: String?
    @Option(help: "Only objects that carry this tag.")
    var tag: String?

    func filter(includesDead: Bool = false) -> CacheFolder.Filter {
        var filter = CacheFolder.Filter(prefix: prefix, tag: tag, includesDead: includesDead)
        if let site { filter.isSite = { id in id == site || CacheText.site(id).name == site } }
        return filter
    }
}
