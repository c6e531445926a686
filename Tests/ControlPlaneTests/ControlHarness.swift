import Console
import HTTPClient
import HTTPWire
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport

@testable import ControlPlane

/// The tokens that the harness's control knows.
enum TestToken {
    static let admin = "admin-token"
    static let read = "read-token"
    static let edge = "edge-token"
    static let purge = "purge-token"
    static let host = "host-token"

    static let bearer = { () -> BearerToken in
        guard let token = BearerToken(edge) else { fatalError("a literal that is a token") }
        return token
    }()

    static let all = [
        AccessToken(admin, scopes: [.admin], name: "admin"), AccessToken(read, scopes: [.read], name: "read"),
        AccessToken(edge, scopes: [.edge], name: "edge"), AccessToken(purge, scopes: [.purge], name: "purge"),
        AccessToken(host, scopes: [.purgeHost("a.example")], name: "host"),
    ]
}

/// A control on a real socket with a database of its own, and a client. Protected by its lock.
final class ControlHarness: Sendable {
    let folder: TemporaryFolder
    let client: HTTPClient
    let port: NIOLockedValueBox<Int>
    private let server: NIOLockedValueBox<ControlServer?>
    private let configuration: ControlServerConfiguration
    private let clock: any BootClock
    let logger: Logger

    /// Short times: a lease of 1 s, a margin of 0.2 s.
    static func configuration(
        lease: Double = 1,
        strangers: Bool = false,
        limits: ControlLimits = .init()
    ) -> ControlServerConfiguration {
        ControlServerConfiguration(
            port: 0,
            tokens: TestToken.all,
            leaseSeconds: lease,
            marginSeconds: 0.2,
            lagSeconds: 0.3,
            mayHaveEdgesOfAnEarlierLog: strangers,
            limits: limits
        )
    }

    static func start(
        _ configuration: ControlServerConfiguration = configuration(),
        clock: any BootClock = SystemBootClock()
    ) async throws -> ControlHarness {
        let harness = try ControlHarness(configuration, clock)
        try await harness.startServer()
        return harness
    }

    private init(_ configuration: ControlServerConfiguration, _ clock: any BootClock) throws {
        self.clock = clock
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        folder = try TemporaryFolder()
        client = HTTPClient(group: MultiThreadedEventLoopGroup.singleton)
        port = NIOLockedValueBox(0)
        server = NIOLockedValueBox(nil)
        self.configuration = configuration
        self.logger = logger
    }

    /// Starts control, on the same port as before and the same database, or another one.
    func startServer(database: String = "control.sqlite") async throws {
        var configuration = configuration
        configuration.port = port.withLockedValue { $0 }
        let new = ControlServer(
            configuration,
            store: try SQLiteControlStore(path: folder.file(database)),
            pages: ConsolePages.all,
            group: MultiThreadedEventLoopGroup.singleton,
            clock: clock,
            logger: logger
        )
        let address = try await new.start()
        port.withLockedValue { $0 = address.port ?? 0 }
        server.withLockedValue { $0 = new }
    }

    func stopServer() async {
        let old = server.withLockedValue { value in
            defer { value = nil }
            return value
        }
        await old?.shutdown()
    }

    func stop() async {
        await stopServer()
        await client.shutdown()
    }

    var endpoint: Endpoint { Endpoint(host: "127.0.0.1", port: port.withLockedValue { $0 }) }

    func control(_ token: String? = TestToken.admin) -> ControlClient {
        ControlClient(endpoint: endpoint, token: token.flatMap { BearerToken($0) }, client: client)
    }

    /// A plain request.
    func request(
        _ method: String,
        _ target: String,
        token: String? = nil,
        authorization: String? = nil,
        body: String? = nil,
        key: String? = nil
    ) async throws -> (status: Int, text: String, fields: FieldList) {
        var fields = FieldList()
        if let token { fields.set(.authorization, "Bearer \(token)") }
        if let authorization { fields.set(.authorization, authorization) }
        if let key { fields.append(name: "Idempotency-Key", key) }
        let response = try await client.send(
            ClientRequest(
                endpoint,
                method: method,
                target: target,
                fields: fields,
                body: body.map { .bytes(ByteBuffer(string: $0)) } ?? .none
            )
        )
        let bytes = try await response.collectBody(upTo: 16 << 20)
        return (response.status, String(buffer: bytes), response.head.fields)
    }

    func edge(
        _ id: String,
        rule: LostControlRule = .revalidate,
        position: LogPosition? = nil,
        gate: Latch? = nil
    ) -> TestEdge {
        TestEdge(self, id, rule, position, gate)
    }
}

/// An edge that notes what it is told. Protected by its lock.
final class TestEdge: Sendable {
    struct Notes {
        var numbers: [UInt64] = []
        var resets: [LogPosition] = []
        var position: LogPosition?
    }

    let agent: EdgeAgent
    let notes: NIOLockedValueBox<Notes>
    private let running: Task<Void, Never>

    init(_ harness: ControlHarness, _ id: String, _ rule: LostControlRule, _ position: LogPosition?, _ gate: Latch?) {
        let notes = NIOLockedValueBox(Notes())
        let configuration = EdgeAgentConfiguration(
            controls: [harness.endpoint],
            token: TestToken.bearer,
            id: id,
            addresses: ["127.0.0.1:80"],
            version: "test",
            onLostControl: rule
        )
        let agent = EdgeAgent(
            configuration,
            client: harness.client,
            position: position,
            logger: harness.logger,
            apply: { entries, position in
                if let gate, entries.last?.number ?? 0 > 0 { await gate.wait() }
                if Task.isCancelled { throw CancellationError() }
                notes.withLockedValue { notes in
                    notes.numbers += entries.map(\.number)
                    notes.position = position
                }
            },
            reset: { position in
                notes.withLockedValue { notes in
                    notes.resets.append(position)
                    notes.position = position
                }
            }
        )
        self.agent = agent
        self.notes = notes
        running = Task { await agent.run() }
    }

    var numbers: [UInt64] { notes.withLockedValue { $0.numbers } }
    var resets: [LogPosition] { notes.withLockedValue { $0.resets } }

    func ready() async throws {
        try await eventually("the edge has a lease") { agent.status.isReady && agent.status.isFollowing }
    }

    /// As `kill -9` would: nothing is said to control, connections close.
    func kill() async {
        running.cancel()
        await running.value
    }
}

/// Runs `body` with a control that is stopped afterwards.
func withControl(
    _ configuration: ControlServerConfiguration = ControlHarness.configuration(),
    clock: any BootClock = SystemBootClock(),
    _ body: (ControlHarness) async throws -> Void
) async throws {
    let harness = try await ControlHarness.start(configuration, clock: clock)
    do {
        try await body(harness)
    } catch {
        await harness.stop()
        throw error
    }
    await harness.stop()
}
