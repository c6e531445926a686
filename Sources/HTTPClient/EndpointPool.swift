import NIOCore
import NIOPosix
import NIOSSL

/// The connections of one event loop to one endpoint: does what ``PoolState`` decides. Loop-confined.
final class EndpointPool {
    let endpoint: Endpoint
    let client: LoopClient
    private var state: PoolState<ClientConnection, Exchange>
    /// The endpoint's address when its host is one; else names are looked up for each connection.
    private let address: SocketAddress?
    /// What the last request allowed for connecting.
    private var connectTime = ClientDeadlines().connect

    init(_ endpoint: Endpoint, client: LoopClient) {
        self.endpoint = endpoint
        self.client = client
        state = PoolState(limits: client.configuration.limits)
        address = try? SocketAddress(ipAddress: endpoint.host, port: endpoint.port)
    }

    /// A connection is being opened.
    var isConnecting: Bool { state.connecting > 0 }
    var busyCount: Int { state.busy }
    var hasIdle: Bool { state.idleCount > 0 }
    /// Nothing is left of it.
    var isEmpty: Bool { state.isEmpty }

    // MARK: Requests

    func submit(_ exchange: Exchange, needsFresh: Bool = false) {
        connectTime = exchange.request.deadlines.connect
        // One that cannot be repeated must not meet a server that is just giving the connection up.
        let idleSince: NIODeadline =
            exchange.request.isRepeatable
            ? .uptimeNanoseconds(0) : .now() - client.configuration.limits.idleTimeUnrepeatable
        perform(state.request(exchange, needsFresh: needsFresh, idleSince: idleSince))
    }

    func cancel(_ exchange: Exchange) {
        _ = state.cancel(exchange)
    }

    // MARK: Connections

    /// Connected, and the TLS handshake done.
    func ready(_ connection: ClientConnection) {
        client.unwatch(attempt: connection)
        perform(state.connected(connection, now: .now()))
    }

    /// The exchange on it is over. A connection that is not reusable is closed by who calls.
    func released(_ connection: ClientConnection, reusable: Bool) {
        perform(state.released(connection, reusable: reusable, now: .now()))
    }

    func idleClosed(_ connection: ClientConnection) {
        _ = state.idleClosed(connection)
    }

    /// An attempt to connect failed; called once for each.
    func attemptFailed(_ connection: ClientConnection, _ error: any Error) {
        client.unwatch(attempt: connection)
        let (failed, next) = state.connectFailed()
        if let failed {
            failed.fail(.connecting(error, endpoint, limit: failed.request.deadlines.connect.text))
        }
        // connect(2) may fail at once, and the next too: not on top of this call's stack.
        if case .connect = next { client.eventLoop.assumeIsolated().execute { self.connect() } }
    }

    func closeIdle(before time: NIODeadline) {
        for connection in state.expire(before: time) { connection.closeIdle() }
    }

    func shutDown(_ error: ClientError) {
        let (waiters, idle) = state.shutDown()
        for connection in idle { connection.closeIdle() }
        for waiter in waiters { waiter.fail(error) }
    }

    private func perform(_ action: PoolState<ClientConnection, Exchange>.Action) {
        switch action {
        case .nothing: break
        case .run(let exchange, let connection, let reused): exchange.assigned(connection, reused: reused)
        case .connect: connect()
        case .close(let connection): connection.closeIdle()
        case .closeAndConnect(let connection):
            connection.closeIdle()
            connect()
        case .refuse(let exchange):
            let waiting = "\(state.waitingCount) requests wait for a connection to \(endpoint.hostAndPort) already"
            exchange.fail(ClientError(.queueFull, mayRetry: .always, waiting))
        }
    }

    private func connect() {
        let connection = ClientConnection(pool: self, deadline: .now() + connectTime)
        client.watch(attempt: connection)
        guard endpoint.scheme == .https else { return connect(connection, tls: nil) }
        client.trust.context(on: client.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let context): self.connect(connection, tls: context)
            case .failure(let error): connection.failAttempt(error)
            }
        }
    }

    private func connect(_ connection: ClientConnection, tls: NIOSSLContext?) {
        guard connection.isConnecting else { return }
        // Handlers are added when there is a channel for good: of several addresses, each attempt makes a channel. Nothing
        // is read before that. The time given here only ends what the attempt's own deadline has left behind.
        let bootstrap = ClientBootstrap(group: client.eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .connectTimeout(connectTime + .seconds(1))
        let channel =
            address.map { bootstrap.connect(to: $0) }
            ?? bootstrap.connect(host: endpoint.host, port: endpoint.port)
        channel.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.install(connection, on: channel, tls: tls)
            case .failure(let error): connection.failAttempt(error)
            }
        }
    }

    private func install(_ connection: ClientConnection, on channel: any Channel, tls: NIOSSLContext?) {
        guard connection.isConnecting else { return channel.close(promise: nil) }
        do {
            let pipeline = channel.pipeline.syncOperations
            if let tls {
                // RFC 6066, section 3: no address in SNI. The certificate is then checked against the address.
                let name = address == nil ? endpoint.host : nil
                try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: name))
            }
            // Before the connection is added: a waiting exchange runs on it at once, and may want no reading.
            try channel.syncOptions?.setOption(.autoRead, value: true)
            try pipeline.addHandler(connection)
        } catch {
            channel.close(promise: nil)
            connection.failAttempt(error)
        }
    }
}
