import Logging
import NIOCore
import NIOPosix
import NIOSSL

/// Binds listeners and gives each accepted connection its handlers. A value.
struct ListenerBinder: Sendable {
    let loops: [ServerLoopReference]
    let budget: ConnectionBudget
    let logger: Logger

    /// The listening channels: one, or one per loop with `reusePort`.
    func bind(
        _ listener: ListenerConfiguration,
        tls: NIOSSLContext?,
        group: MultiThreadedEventLoopGroup
    ) async throws(ServerError) -> [any Channel] {
        switch listener.address {
        case .unix(let path): return [try await bindUnix(listener, path: path, tls: tls, group: group)]
        case .tcp(let host, let port):
            guard listener.reusePort else {
                return [try await bindTCP(listener, tls: tls, host: host, port: port, group: group)]
            }
            var channels: [any Channel] = []
            var port = port
            for loop in loops {
                do throws(ServerError) {
                    let channel = try await bindTCP(listener, tls: tls, host: host, port: port, group: loop.eventLoop)
                    port = channel.localAddress?.port ?? port
                    channels.append(channel)
                } catch {
                    for channel in channels { try? await channel.close() }
                    throw error
                }
            }
            return channels
        }
    }

    private func bindTCP(
        _ listener: ListenerConfiguration,
        tls: NIOSSLContext?,
        host: String,
        port: Int,
        group: any EventLoopGroup
    ) async throws(ServerError) -> any Channel {
        var bootstrap = bootstrap(listener, tls: tls, group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        if listener.reusePort {
            bootstrap = bootstrap.serverChannelOption(.socketOption(.reusePort), value: 1)
        }
        do {
            return try await bootstrap.bind(host: host, port: port).get()
        } catch {
            throw ServerError(cannotListenOn: listener.address, error)
        }
    }

    /// A socket file that nobody listens on is left over from a process that was killed; it is replaced.
    private func bindUnix(
        _ listener: ListenerConfiguration,
        path: String,
        tls: NIOSSLContext?,
        group: MultiThreadedEventLoopGroup
    ) async throws(ServerError) -> any Channel {
        let bootstrap = bootstrap(listener, tls: tls, group: group)
        do {
            return try await bootstrap.bind(unixDomainSocketPath: path).get()
        } catch {
            let failure = ServerError(cannotListenOn: listener.address, error)
            guard failure.kind == .addressInUse else { throw failure }
            if let other = try? await ClientBootstrap(group: group).connect(unixDomainSocketPath: path).get() {
                try? await other.close()
                throw failure
            }
        }
        do {
            return try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        } catch {
            throw ServerError(cannotListenOn: listener.address, error)
        }
    }

    private func bootstrap(
        _ listener: ListenerConfiguration,
        tls: NIOSSLContext?,
        group: any EventLoopGroup
    ) -> ServerBootstrap {
        let (loops, budget, logger) = (loops, budget, logger)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: CInt(clamping: listener.backlog))
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let own = loops.first(where: { $0.eventLoop === channel.eventLoop }) else {
                        throw ChannelError.operationUnsupported
                    }
                    let gate = AcceptGate(budget: budget, logger: logger, counters: own.bound.value.counters) {
                        for loop in loops { loop.eventLoop.execute { loop.bound.value.makeRoom() } }
                    }
                    try channel.pipeline.syncOperations.addHandler(gate)
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let loop = loops.first(where: { $0.eventLoop === channel.eventLoop })?.bound.value else {
                        throw ChannelError.operationUnsupported
                    }
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(HTTP1Connection(loop: loop, isSecure: tls != nil))
                }
            }
    }
}

extension ServerError {
    /// The sentence for a failed bind.
    init(cannotListenOn address: ListenerConfiguration.Address, _ error: any Error) {
        let beginning = "cannot listen on \(address): "
        guard let failure = error as? IOError else {
            self.init(.addressNotAvailable, beginning + "the host has no address (\(error))")
            return
        }
        switch failure.errnoCode {
        case Errno.addressInUse:
            self.init(.addressInUse, beginning + "the address is in use by another process")
        case Errno.accessDenied, Errno.notPermitted:
            let hint =
                switch address {
                case .tcp: "ports below 1024 need root or CAP_NET_BIND_SERVICE"
                case .unix: "the folder is not writable"
                }
            self.init(.permissionDenied, beginning + "permission denied; \(hint)")
        case Errno.addressNotAvailable:
            self.init(.addressNotAvailable, beginning + "this machine has no such address")
        default:
            self.init(.other, beginning + "\(failure)")
        }
    }
}
