import ArgumentParser
import HTTPServer
import Logging
import NIOCore
import NIOPosix
import ObjectStore
import Settings
import SignatureV4

/// `apus origin`
struct OriginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "origin",
        abstract: "Keep buckets of objects, S3-compatible, in a folder.",
        discussion: """
            Example:
              apus origin --config /etc/apus/origin.yaml
              aws --endpoint-url http://127.0.0.1:9000 s3 sync ./site s3://site
            """
    )

    @Option(help: "The settings, a YAML file; see Config/origin.yaml and 'apus config explain origin'.")
    var config: String

    func run() async throws {
        let settings = try OriginSettings.load(path: config)
        ProcessSetup.raiseFileLimit()
        let logger = ProcessSetup.logger("origin", level: settings.logLevel)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.threads ?? System.coreCount)
        let server = try ObjectStoreServer(
            ObjectStoreConfiguration(
                listeners: [ListenerConfiguration(address: .init(settings.listen))],
                dataPath: settings.data,
                region: settings.region,
                credentials: settings.credentials.map {
                    Credentials(accessKey: $0.accessKey, secretKey: $0.secretKey.exposed)
                },
                publicBuckets: Set(settings.publicBuckets)
            ),
            group: group,
            logger: logger
        )
        let addresses = try await server.start()
        StopSignals.keep()
        for address in addresses {
            logger.notice("origin serves buckets on http://\(AddressText.of(address))")
        }
        await StopSignals.wait()
        logger.notice("origin stops")
        await server.shutdown()
        try await group.shutdownGracefully()
    }
}

extension ListenerConfiguration.Address {
    init(_ address: SocketAddressSpec) {
        switch address {
        case .tcp(let host, let port): self = .tcp(host: host, port: port)
        case .unix(let path): self = .unix(path: path)
        }
    }
}
