import ArgumentParser
import ControlPlane
import Glibc
import HTTPClient
import NIOCore
import NIOPosix

/// How the command line finds control.
struct ControlOptions: ParsableArguments {
    @Option(help: "The address of control. Default: APUS_CONTROL, ~/.config/apus/credentials, http://127.0.0.1:9100.")
    var control: String?

    @Option(help: "The token. Better in APUS_TOKEN, since others can see a command line.")
    var token: String?

    func credentials() throws(ControlClientError) -> ControlCredentials {
        try ControlCredentials.resolve(
            control: control,
            token: token,
            environment: ProcessEnvironment.all,
            home: ProcessEnvironment.home
        )
    }

    /// A client that lives as long as `body`.
    func withClient<Result: Sendable>(_ body: (ControlClient) async throws -> Result) async throws -> Result {
        let credentials = try credentials()
        do {
            return try await HTTPClients.withClient { client in
                try await body(ControlClient(endpoint: credentials.control, token: credentials.token, client: client))
            }
        } catch let error as ControlClientError where error.kind == .unauthorized {
            Terminal.error.write("apus: \(error) Set APUS_TOKEN, or give --token.\n")
            throw CommandExit.failed
        }
    }
}

/// HTTP clients for commands that ask and leave. A namespace.
enum HTTPClients {
    static func withClient<Result: Sendable>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = HTTPClient(group: group)
        do {
            let result = try await body(client)
            await client.shutdown()
            try await group.shutdownGracefully()
            return result
        } catch {
            await client.shutdown()
            try? await group.shutdownGracefully()
            throw error
        }
    }
}
