import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import TestSupport
import Testing

@testable import HTTPServer

@Suite("TLS")
struct TLSTests {
    @Test("keep-alive, pipelining and an upload through TLS")
    func roundTrip() async throws {
        let log = Recorder.Log()
        let handler: TestServer.Handler = { head, exchange in
            #expect(exchange.isSecure)
            guard head.method == .put else { return exchange.answer(head.targetString) }
            let recorder = Recorder(log)
            recorder.onEnd = { exchange.answer("read") }
            exchange.delegate = recorder
            exchange.readBody()
        }
        try await TestServer.run(tls: try TestTLS.configuration(), handler: handler) { server in
            let client = try await server.connect(tls: true)
            try await client.send((0..<20).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
            for number in 0..<20 { #expect(try await client.response().text == "/\(number)") }
            let body = TestBytes.pattern(1_000_000)
            try await client.send(Array("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n".utf8) + body)
            #expect(try await client.response().text == "read")
            #expect(log.now.body == body)
            try await client.send("GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(try await client.response().text == "/last")
            #expect(try await client.untilClosed().ending == .closed)
        }
    }

    @Test("RFC 7301: ALPN chooses http/1.1, also when the client would rather have h2")
    func alpn() async throws {
        try await TestServer.run(tls: try TestTLS.configuration()) { server in
            let chosen = NIOLockedValueBox<String?>(nil)
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = .none
            configuration.applicationProtocols = ["h2", "http/1.1"]
            let context = try NIOSSLContext(configuration: configuration)
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let tls = try NIOSSLClientHandler(context: context, serverHostname: nil)
                        try channel.pipeline.syncOperations.addHandlers(tls, HandshakeListener(chosen))
                    }
                }
                .connect(to: server.address).get()
            try await eventually { chosen.withLockedValue { $0 } == "http/1.1" }
            try await channel.close()
        }
    }

    /// Loop-confined.
    private final class HandshakeListener: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        let chosen: NIOLockedValueBox<String?>
        init(_ chosen: NIOLockedValueBox<String?>) { self.chosen = chosen }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard case TLSUserEvent.handshakeCompleted(let negotiated) = event else { return }
            chosen.withLockedValue { $0 = negotiated ?? "none" }
        }
    }

    @Test("an error answer through TLS is readable, and the connection closes")
    func errorAnswer() async throws {
        try await TestServer.run(tls: try TestTLS.configuration()) { server in
            let client = try await server.connect(tls: true)
            try await client.send("GET / HTTP/1.1\r\n\r\n")
            #expect(try await client.response().status == 400)
            #expect(try await client.untilClosed().ending == .closed)
            await client.close()
            try await eventually { server.counters.connectionsOpen == 0 }
        }
    }

    @Test("bytes that are no TLS close the connection")
    func noTLS() async throws {
        try await TestServer.run(tls: try TestTLS.configuration()) { server in
            let client = try await server.connect()
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await client.untilClosed()
            try await eventually { server.counters.connectionsOpen == 0 }
            #expect(server.counters.tlsFailures == 1)
        }
    }

    @Test("a handshake that does not come in time closes the connection")
    func noHandshake() async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(80)
        try await TestServer.run(limits: limits, tls: try TestTLS.configuration()) { server in
            let client = try await server.connect()
            #expect(try await client.untilClosed().bytes.isEmpty)
            try await eventually { server.counters.connectionsOpen == 0 }
            #expect(server.counters.headTimeouts == 1)
            #expect(server.counters.tlsFailures == 0)
        }
    }

    @Test("a certificate that does not belong to the key is a sentence, before anything is bound")
    func wrongKey() async throws {
        var configuration = try TestTLS.configuration()
        configuration.certificateChain = [
            .certificate(try NIOSSLCertificate(bytes: Array(TestCertificates.authority.utf8), format: .pem))
        ]
        let server = HTTPServer(
            listeners: [.init(address: .tcp(host: "127.0.0.1", port: 0), tls: configuration)],
            group: .singleton,
            logger: .quiet
        ) { _ in ClosureResponder(TestServer.echoTarget) }
        let error = await #expect(throws: ServerError.self) { _ = try await server.start() }
        #expect(error?.kind == .tls)
    }
}
