import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// An HTTP/1.1 origin that does what a test tells it: per-path answers with delays, holds, lies and cuts. It records
/// every request. Guarded by a lock; connections are loop-confined.
///
///     let origin = try await ScriptedOrigin.start()
///     origin.on("/a.css", ScriptedAnswer(200, ["Cache-Control": "max-age=60"], body: "a{}"))
///     … origin.url + "/a.css" …
///     #expect(origin.count("/a.css") == 1)
///
/// A path without a script is answered with 404. The origin stops when the last reference goes.
public final class ScriptedOrigin: Sendable {
    /// Computes an answer from the request, whose body is there.
    public typealias Script = @Sendable (RecordedRequest) -> ScriptedAnswer

    /// What was said about a path.
    enum Plan {
        case inTurn([ScriptedAnswer], next: Int)
        case computed(Script)
    }

    struct State {
        var plans: [String: Plan] = [:]
        var fallback: Script = { _ in ScriptedAnswer(404, body: "no script") }
        var requests: [RecordedRequest] = []
        var accepted = 0
        var channels: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
    }

    let state = NIOLockedValueBox(State())
    private let tls: NIOSSLContext?
    /// The port it listens on; the same after a restart.
    public let port: Int

    private init(port: Int, tls: NIOSSLContext?) {
        self.port = port
        self.tls = tls
    }

    deinit {
        let (listener, channels) = state.withLockedValue { ($0.listener, Array($0.channels.values)) }
        listener?.close(promise: nil)
        for channel in channels { channel.close(promise: nil) }
    }

    /// Starts an origin on 127.0.0.1.
    ///
    /// - Parameters:
    ///   - port: 0 for any free one.
    ///   - tls: serve https with ``TestCertificates/serverCertificate`` (for localhost and 127.0.0.1).
    public static func start(port: Int = 0, tls: Bool = false) async throws -> ScriptedOrigin {
        let context = tls ? try TestCertificates.serverContext() : nil
        let chosen = port == 0 ? try FreePort.tcp() : port
        let origin = ScriptedOrigin(port: chosen, tls: context)
        try await origin.listen()
        return origin
    }

    /// "http://127.0.0.1:PORT", or "https://localhost:PORT".
    public var url: String { tls == nil ? "http://127.0.0.1:\(port)" : "https://localhost:\(port)" }

    /// Closes the listener and every connection, so that the next connect is refused. Scripts and records stay.
    public func stop() async {
        let (listener, channels) = state.withLockedValue { state in
            defer { state.listener = nil }
            return (state.listener, Array(state.channels.values))
        }
        try? await listener?.close().get()
        for channel in channels { try? await channel.close().get() }
    }

    /// Listens again on the same port after ``stop()``.
    public func restart() async throws {
        await stop()
        try await listen()
    }

    private func listen() async throws {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { [weak self, tls] channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let self else { throw ChannelError.ioOnClosedChannel }
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    let connection = self.opened(channel)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
        let listener = try await bootstrap.bind(host: "127.0.0.1", port: port).get()
        state.withLockedValue { $0.listener = listener }
    }

    private func opened(_ channel: any Channel) -> ScriptedConnection {
        let key = ObjectIdentifier(channel)
        let number = state.withLockedValue { state in
            state.accepted += 1
            state.channels[key] = channel
            return state.accepted
        }
        channel.closeFuture.whenComplete { [weak self] _ in
            _ = self?.state.withLockedValue { $0.channels.removeValue(forKey: key) }
        }
        return ScriptedConnection(origin: self, number: number)
    }
}
