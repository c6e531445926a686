import ArgumentParser
import Edge
import Logging
import Settings

/// `apus edge`
struct EdgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge",
        abstract: "Serve browsers from the cache, and the cache from a bucket or an HTTP origin.",
        discussion: """
            Example:
              apus edge --config /etc/apus/edge.yaml

            SIGTERM and Ctrl-C finish what was received, then stop.
            """
    )

    @Option(help: "The settings, a YAML file; see Config/edge.yaml and 'apus config explain edge'.")
    var config: String

    func run() async throws {
        let settings = try EdgeSettings.load(path: config)
        ProcessSetup.raiseFileLimit()
        let logger = ProcessSetup.logger("edge", level: settings.logLevel)
        let server = try EdgeServer(settings, version: Version.text, logger: logger)
        let addresses = try await server.start()
        StopSignals.keep()
        if let status = server.statusAddress {
            logger.notice("edge \(settings.node) has its status on \(AddressText.of(status))")
        }
        for address in addresses {
            logger.notice("edge \(settings.node) serves on \(AddressText.of(address))")
        }
        await StopSignals.wait()
        logger.notice("edge \(settings.node) stops")
        await server.shutdown()
    }
}
