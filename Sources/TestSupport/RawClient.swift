public import HTTPWire
import NIOConcurrencyHelpers
public import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A client that sends bytes as they are given and looks at the bytes that come back. Shared; guarded by a lock.
///
/// It follows no rule of HTTP when sending, so a test can send what no real client would: a head in single bytes, a
/// malformed one, half a body. Every read has a deadline.
public final class RawClient: Sendable {
    /// How a connection ended.
    public enum Ending: Sendable, Equatable {
        /// The server closed in an orderly way.
        case closed
        /// The connection was reset, or TLS was cut off.
        case broken
    }

    /// A whole response. A value.
    public struct Response: Sendable {
        /// Status and fields.
        public let head: ResponseHead
        /// The body without its framing.
        public let body: [UInt8]

        /// The status.
        public var status: Int { head.status }
        /// The body as text.
        public var text: String { String(decoding: body, as: UTF8.self) }
        /// A field's first value; names in any case.
        public subscript(name: String) -> String? { head.fields[name] }
    }

    struct State {
        var received: [UInt8] = []
        var parser = HeadParser()
        var ending: Ending?
        var waiter: CheckedContinuation<Void, Never>?
    }

    /// The socket.
    public let channel: any Channel
    let state: NIOLockedValueBox<State>

    private init(channel: any Channel, state: NIOLockedValueBox<State>) {
        self.channel = channel
        self.state = state
    }

    /// Connects to `address`.
    /// - Parameters:
    ///   - tls: through TLS, trusting ``TestCertificates/authority``.
    ///   - receiveBuffer: the kernel's buffer in bytes, to make a client that takes little.
    public static func connect(
        to address: SocketAddress,
        tls: Bool = false,
        receiveBuffer: Int? = nil
    ) async throws -> RawClient {
        let state = NIOLockedValueBox(State())
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if tls {
                        let context = try NIOSSLContext(configuration: clientTLS())
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: "localhost")
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(state))
                }
            }
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        return RawClient(channel: try await bootstrap.connect(to: address).get(), state: state)
    }

    private static func clientTLS() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates(
            [try NIOSSLCertificate(bytes: Array(TestCertificates.authority.utf8), format: .pem)])
        configuration.applicationProtocols = ["http/1.1"]
        return configuration
    }

    /// Puts what comes in into the state and wakes who waits. Loop-confined.
    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let state: NIOLockedValueBox<State>
        var broken = false

        init(_ state: NIOLockedValueBox<State>) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            change { $0.received.append(contentsOf: buffer.readableBytesView) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { change { $0.ending = $0.ending ?? .closed } }
            context.fireUserInboundEventTriggered(event)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            change { $0.ending = $0.ending ?? .broken }
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            change { $0.ending = $0.ending ?? .closed }
        }

        private func change(_ body: (inout State) -> Void) {
            let waiter = state.withLockedValue { state in
                body(&state)
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
    }
}

// MARK: - Sending

extension RawClient {
    /// Sends the text as it is and waits until the socket has taken it.
    public func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    /// Sends the bytes as they are and waits until the socket has taken them.
    public func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    /// Sends the text in pieces of `size` bytes, a packet each.
    public func send(_ text: String, inPiecesOf size: Int) async throws {
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = min(start + size, bytes.count)
            try await send(Array(bytes[start..<end]))
            // Lets the server's loop run between two pieces; nothing depends on it.
            await Task.yield()
            start = end
        }
    }

    /// Shuts the sending side: the server sees the end of the input and may still answer.
    public func shutdownSending() async throws { try await channel.close(mode: .output).get() }

    /// Closes in an orderly way.
    public func close() async { try? await channel.close().get() }

    /// Closes by a reset.
    public func reset() async {
        if let socket = channel as? any SocketOptionProvider {
            try? await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        await close()
    }

    /// Stops, or goes on with, taking bytes from the socket.
    public func setReading(_ reads: Bool) async throws { try await channel.setOption(.autoRead, value: reads).get() }
}

// MARK: - Receiving

extension RawClient {
    /// Bytes that have come and were not taken by a read.
    public var bytesWaiting: Int { state.withLockedValue { $0.received.count } }

    /// How the connection ended; nil while it lives.
    public var ending: Ending? { state.withLockedValue { $0.ending } }

    /// The next whole response. Interim ones are responses of their own.
    public func response(
        to method: Method = .get,
        within limit: Duration = .seconds(45)
    ) async throws -> Response {
        try await take("a whole response", within: limit) { state in
            try ResponseCutter.cut(&state, requestMethod: method)
        }
    }

    /// Exactly `count` bytes, unparsed.
    public func bytes(_ count: Int, within limit: Duration = .seconds(20)) async throws -> [UInt8] {
        try await take("\(count) bytes", within: limit) { state in
            guard state.received.count >= count else { return nil }
            defer { state.received.removeFirst(count) }
            return Array(state.received.prefix(count))
        }
    }

    /// Everything until the server closes, and how it did.
    public func untilClosed(within limit: Duration = .seconds(20)) async throws -> (bytes: [UInt8], ending: Ending) {
        try await take("the end of the connection", within: limit) { state in
            guard let ending = state.ending else { return nil }
            defer { state.received = [] }
            return (state.received, ending)
        }
    }

    private func take<Result: Sendable>(
        _ what: String,
        within limit: Duration,
        _ attempt: (inout State) throws -> Result?
    ) async throws -> Result {
        let deadline = ContinuousClock.now + limit
        while true {
            if let result = try state.withLockedValue({ try attempt(&$0) }) { return result }
            guard ContinuousClock.now < deadline else {
                let received = state.withLockedValue { String(decoding: $0.received.prefix(400), as: UTF8.self) }
                throw DeadlineExceeded(description: "\(what) did not come within \(limit); received: \(received)")
            }
            await nextChange(before: deadline)
        }
    }

    /// Returns when something has come, or a little later: the caller looks again.
    private func nextChange(before deadline: ContinuousClock.Instant) async {
        let seen = state.withLockedValue { ($0.received.count, $0.ending) }
        let timer = channel.eventLoop.scheduleTask(in: .milliseconds(100)) { [state] in
            let waiter = state.withLockedValue { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume()
        }
        await withCheckedContinuation { continuation in
            let changed = state.withLockedValue { state in
                if (state.received.count, state.ending) != seen || state.waiter != nil { return true }
                state.waiter = continuation
                return false
            }
            if changed { continuation.resume() }
        }
        timer.cancel()
    }
}
