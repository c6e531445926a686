import ArgumentParser
import Console
import ControlPlane
import Logging
import NIOCore
import NIOPosix
import Settings

/// `apus control`
struct ControlCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "control",
        abstract: "Keep the purge log and the registry of edges, and show the console.",
        discussion: """
            Example:
              apus control --config /etc/apus/control.yaml
            """
    )

    @Option(help: "The settings, a YAML file; see Config/control.yaml and 'apus config explain control'.")
    var config: String

    func run() async throws {
        let settings = try ControlSettings.load(path: config)
        ProcessSetup.raiseFileLimit()
        let logger = ProcessSetup.logger("control", level: settings.logLevel)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let server = try ControlCommand.server(settings, group: group, logger: logger)
        let address = try await server.start()
        StopSignals.keep()
        logger.notice("control and its console are on http://\(AddressText.of(address))/")
        await StopSignals.wait()
        logger.notice("control stops")
        await server.shutdown()
        try await group.shutdownGracefully()
    }

    /// The server that the settings describe.
    static func server(
        _ settings: ControlSettings,
        isNewFleet: Bool = false,
        group: MultiThreadedEventLoopGroup,
        logger: Logger
    ) throws -> ControlServer {
        guard case .tcp(let host, let port) = settings.listen else {
            throw ValidationError("control listens on host:port only")
        }
        let store: SQLiteControlStore
        switch settings.store {
        case .sqlite(let path): store = try SQLiteControlStore(path: path)
        }
        let tokens = settings.tokens.enumerated().map { index, token in
            AccessToken(
                token.token.exposed,
                scopes: Set(token.scopes.compactMap { AccessScope($0.description) }),
                name: "token \(index + 1) of the configuration"
            )
        }
        return ControlServer(
            ControlServerConfiguration(
                host: host,
                port: port,
                tokens: tokens,
                mayHaveEdgesOfAnEarlierLog: !isNewFleet
            ),
            store: store,
            pages: ConsolePages.all,
            group: group,
            logger: logger
        )
    }
}
