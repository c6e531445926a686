import ArgumentParser
import ControlPlane
import Edge
import HTTPClient
import HTTPServer
import Logging
import NIOCore
import NIOPosix
import ObjectStore
import Settings
import SignatureV4

/// `apus up`
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Run origin, control and two edges on this machine, with a sample site.",
        usage: "apus up [--data FOLDER] [OPTIONS]",
        discussion: """
            Everything is kept below one folder, and goes on from there the next time. The keys and the token that are made on
            the first start are in its file 'secrets'; ~/.config/apus/credentials gets what the other commands need.

            Examples:
              apus up
              apus up --data /srv/apus --edge-ports 80,81
            """
    )

    @Option(help: "The folder for everything.")
    var data = "apus-data"
    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"
    @Option(help: "The two edges' ports.")
    var edgePorts = "8080,8081"
    @Option(help: "The two edges' status ports.")
    var statusPorts = "8090,8091"
    @Option(help: "The origin's port.")
    var originPort = 9000
    @Option(help: "The port of control and its console.")
    var controlPort = 9100
    @Option(help: "Memory for each edge's cache.")
    var memory = "256MiB"
    @Option(help: "Disk for each edge's cache.")
    var disk = "1GiB"
    @Option(help: "How much is logged: debug, info, notice, warning or error.")
    var logLevel = "notice"

    func run() async throws {
        let plan = try plan()
        ProcessSetup.raiseFileLimit()
        let installation = try Installation(plan)
        do {
            try await installation.start()
        } catch {
            await installation.stop()
            throw error
        }
        StopSignals.keep()
        Terminal.output.write(installation.welcome)
        await StopSignals.wait()
        Terminal.output.write("stopping\n")
        await installation.stop()
    }

    private func plan() throws -> Installation.Plan {
        let edges = try Self.pair(edgePorts, "--edge-ports")
        let status = try Self.pair(statusPorts, "--status-ports")
        let ports = edges + status + [originPort, controlPort]
        guard ports.allSatisfy({ (1...65535).contains($0) }) else { throw ValidationError("ports are 1 to 65535") }
        guard Set(ports).count == ports.count else { throw ValidationError("two ports are the same: \(ports)") }
        guard let level = LogLevel(rawValue: logLevel) else {
            throw ValidationError("--log-level is '\(logLevel)', expected debug, info, notice, warning or error")
        }
        do throws(ValueError) {
            return Installation.Plan(
                data: data,
                host: host,
                edgePorts: edges,
                statusPorts: status,
                originPort: originPort,
                controlPort: controlPort,
                memory: try ByteSize.parse(memory),
                disk: try ByteSize.parse(disk),
                logLevel: level
            )
        } catch {
            throw ValidationError("--memory is '\(memory)' and --disk '\(disk)', expected \(error.expected)")
        }
    }

    private static func pair(_ text: String, _ name: String) throws -> [Int] {
        let ports = text.split(separator: ",").compactMap { Int($0) }
        guard ports.count == 2 else {
            throw ValidationError("\(name) is '\(text)', expected two ports such as 8080,8081")
        }
        return ports
    }
}
