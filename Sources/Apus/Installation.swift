import ControlPlane
import Edge
import Foundation
import HTTPClient
import HTTPServer
import Logging
import NIOCore
import NIOPosix
import ObjectStore
import Settings
import SignatureV4

/// The roles that `apus up` runs in one process. Used by one task: made, started and stopped once.
final class Installation {
    /// What `apus up` was told. A value.
    struct Plan: Sendable {
        var data: String
        var host: String
        var edgePorts: [Int]
        var statusPorts: [Int]
        var originPort: Int
        var controlPort: Int
        var memory: ByteSize
        var disk: ByteSize
        var logLevel: LogLevel
    }

    private static let bucket = "site"

    private let plan: Plan
    private let secrets: InstallationSecrets
    private let isFirstStart: Bool
    private let group: MultiThreadedEventLoopGroup
    private var origin: ObjectStoreServer?
    private var control: ControlServer?
    private var edges: [EdgeServer] = []

    /// Makes the data folder and its secrets; starts nothing.
    init(_ plan: Plan) throws {
        self.plan = plan
        do {
            try FileManager.default.createDirectory(
                atPath: plan.data,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw InstallationError("cannot make the data folder \(plan.data): \(error.localizedDescription)")
        }
        (secrets, isFirstStart) = try InstallationSecrets.loadOrMake(path: plan.data + "/secrets")
        group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
    }

    /// Origin, then control, then edges; returns when both edges are ready for traffic.
    func start() async throws {
        try await startOrigin()
        try await startControl()
        for index in plan.edgePorts.indices {
            let logger = ProcessSetup.logger("edge-\(index + 1)", level: plan.logLevel)
            let edge = try EdgeServer(edgeSettings(index), version: Version.text, logger: logger)
            edges.append(edge)
            _ = try await edge.start()
        }
        try await waitUntilReady()
        try writeCredentials()
    }

    /// In the other order, each finishing what it has received.
    func stop() async {
        for edge in edges { await edge.shutdown(grace: .seconds(3)) }
        await control?.shutdown()
        await origin?.shutdown(gracePeriod: .seconds(3))
        try? await group.shutdownGracefully()
    }

    /// What a person reads when everything runs.
    var welcome: String {
        let out = Terminal.output
        func line(_ name: String, _ url: String, _ note: String) -> String {
            let padded = name + String(repeating: " ", count: 9 - name.count)
            return "  \(padded) \(out.styled(url, .strong))  \(out.styled(note, .dim))\n"
        }
        var text = "\(out.styled("Apus is up", .good)), everything below \(plan.data)\n\n"
        for (index, port) in plan.edgePorts.enumerated() {
            text += line(
                "edge-\(index + 1)",
                url(port) + "/",
                "the sample site; status on port \(plan.statusPorts[index])"
            )
        }
        text += line("origin", url(plan.originPort), "S3-style buckets; the site is in s3://\(Self.bucket)")
        text += line("control", url(plan.controlPort) + "/", "the console")
        text += """

            In another terminal:  apus edges
                                  apus put ./public s3://\(Self.bucket)
                                  apus purge \(url(plan.edgePorts[0]))/app.css
            Ctrl-C stops everything; the data stays.

            """
        return text
    }

    // MARK: Roles

    private func startOrigin() async throws {
        let server = try ObjectStoreServer(
            ObjectStoreConfiguration(
                listeners: [ListenerConfiguration(address: .tcp(host: plan.host, port: plan.originPort))],
                dataPath: plan.data + "/origin",
                credentials: [Credentials(accessKey: secrets.accessKey, secretKey: secrets.secretKey)]
            ),
            group: group,
            logger: ProcessSetup.logger("origin", level: plan.logLevel)
        )
        origin = server
        if try await !server.storage.hasBucket(Self.bucket), isFirstStart {
            try await server.storage.seed(bucket: Self.bucket, files: SampleSite.files)
        }
        _ = try await server.start()
    }

    private func startControl() async throws {
        let settings = ControlSettings(
            listen: .tcp(host: plan.host, port: plan.controlPort),
            store: .sqlite(path: plan.data + "/control.sqlite"),
            tokens: [TokenSettings(token: Secret(secrets.token), scopes: [.admin])]
        )
        let server = try ControlCommand.server(
            settings,
            isNewFleet: isFirstStart,
            group: group,
            logger: ProcessSetup.logger("control", level: plan.logLevel)
        )
        control = server
        _ = try await server.start()
    }

    private func edgeSettings(_ index: Int) -> EdgeSettings {
        let origin = S3OriginSettings(
            endpoint: HTTPURL(scheme: .http, host: plan.host, port: plan.originPort),
            bucket: Self.bucket,
            credentials: KeyPairSettings(accessKey: secrets.accessKey, secretKey: Secret(secrets.secretKey))
        )
        return EdgeSettings(
            node: "edge-\(index + 1)",
            threads: max(1, System.coreCount / 2),
            listen: [ListenerSettings(address: .tcp(host: plan.host, port: plan.edgePorts[index]))],
            status: .tcp(host: plan.host, port: plan.statusPorts[index]),
            cache: CacheSettings(
                memory: plan.memory,
                disks: [DiskSettings(path: plan.data + "/edge-\(index + 1)", size: plan.disk)]
            ),
            control: ControlLinkSettings(
                url: HTTPURL(scheme: .http, host: plan.host, port: plan.controlPort),
                token: Secret(secrets.token)
            ),
            sites: [SiteSettings(name: "site", hosts: [.any], origin: .s3(origin))]
        )
    }

    private func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        for edge in edges {
            while !edge.readiness.isReady {
                guard ContinuousClock.now < deadline else {
                    throw InstallationError("an edge did not become ready: \(edge.readiness.why)")
                }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    /// So that `apus purge`, `apus edges` and `apus put` need no flags on this machine.
    private func writeCredentials() throws {
        guard let home = ProcessEnvironment.home, let token = BearerToken(secrets.token) else { return }
        let host = plan.host == "0.0.0.0" ? "127.0.0.1" : plan.host
        let credentials = ControlCredentials(
            control: Endpoint(host: host, port: plan.controlPort),
            token: token,
            store: ControlCredentials.Store(
                endpoint: Endpoint(host: host, port: plan.originPort),
                accessKey: secrets.accessKey,
                secretKey: secrets.secretKey
            )
        )
        do {
            try credentials.write(path: ControlCredentials.path(home: home))
        } catch {
            // Everything runs; only the short commands will need --control and --token.
            Terminal.error.write("apus: \(error)\n")
        }
    }

    private func url(_ port: Int) -> String { "http://\(plan.host):\(port)" }
}

/// Why `apus up` does not start: one sentence. A value.
struct InstallationError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
