import HTTPClient
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// https endpoints.
struct TLSTests {
    private let folder: TemporaryFolder
    private let trust: ClientConfiguration.Trust
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    init() throws {
        folder = try TemporaryFolder()
        trust = .file(try folder.write(TestCertificates.authority, to: "ca.pem"))
    }

    @Test func aTrustedServerIsSpokenToAndReused() async throws {
        let bench = try await Bench(tls: true, trust: trust)
        let body = TestBytes.pattern(1_000_000)
        bench.origin.on("/a", ScriptedAnswer(bytes: body))
        for _ in 0..<3 {
            let log = try await bench.get("/a", on: eventLoop).now
            #expect(log.ends == 1 && log.body == body)
        }
        #expect(bench.origin.connectionsAccepted == 1)
        try await bench.client.checkTrust()
    }

    @Test func theSystemsAuthoritiesDoNotVouchForIt() async throws {
        let bench = try await Bench(tls: true)
        let failure = try await bench.get("/a", on: eventLoop).failure
        #expect(failure?.kind == .tls && failure?.mayRetry == .never)
        let place = bench.endpoint.hostAndPort
        #expect(failure?.message == "no TLS connection to \(place): its certificate is not one that is trusted here")
        #expect(bench.origin.requests.isEmpty)
    }

    @Test func theCertificateMustBeForTheHost() async throws {
        let bench = try await Bench(tls: true, trust: trust)
        bench.origin.onAnything { _ in ScriptedAnswer(body: "x") }
        // The certificate names localhost and 127.0.0.1, and no other address of this machine.
        let byAddress = Endpoint(scheme: .https, host: "127.0.0.1", port: bench.origin.port)
        #expect(try await bench.client.send(ClientRequest(byAddress, target: "/")).status == 200)
        let other = Endpoint(scheme: .https, host: "127.0.0.2", port: bench.origin.port)
        #expect(other.host == "127.0.0.2")
        let short = Endpoint(scheme: .https, host: "ip6-localhost", port: bench.origin.port)
        let error = await #expect(throws: ClientError.self) {
            try await bench.client.send(ClientRequest(short, target: "/"))
        }
        #expect(error?.kind == .tls || error?.kind == .connectFailed)
    }

    @Test func aServerWithoutTLSIsNamedAsSuch() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                // Once it is active.
                channel.eventLoop.execute {
                    channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n"), promise: nil)
                }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let endpoint = Endpoint(scheme: .https, host: "127.0.0.1", port: server.localAddress?.port)
        let client = Bench.client(trust: trust)
        let error = await #expect(throws: ClientError.self) {
            try await client.send(ClientRequest(endpoint, target: "/"))
        }
        #expect(error?.kind == .tls && error?.message.contains("does not speak TLS") == true)
        try await server.close()
    }

    @Test func aServerThatNeverShakesHandsIsATimeout() async throws {
        // The plain origin waits for the end of a head, and the ClientHello has none.
        let bench = try await Bench(trust: trust)
        let endpoint = Endpoint(scheme: .https, host: "127.0.0.1", port: bench.origin.port)
        var request = ClientRequest(endpoint, target: "/")
        request.deadlines.connect = .milliseconds(100)
        let error = await #expect(throws: ClientError.self) { try await bench.client.send(request) }
        #expect(error?.kind == .connectTimeout)
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func aFileWithoutAuthoritiesIsAnErrorThatNamesIt() async throws {
        let empty = try folder.write("", to: "empty.pem")
        for path in [empty, folder.file("missing.pem")] {
            let client = Bench.client(trust: .file(path))
            let error = await #expect(throws: ClientError.self) { try await client.checkTrust() }
            #expect(error?.kind == .tls && error?.message.contains(path) == true)
            let request = ClientRequest(Endpoint(scheme: .https, host: "localhost"), target: "/")
            let sent = await #expect(throws: ClientError.self) { try await client.send(request) }
            #expect(sent == error)
        }
    }

    /// RFC 8446, section 6.1: without close_notify the end may be an attacker's.
    @Test func untilCloseNeedsTLSsGoodbye() async throws {
        let bench = try await Bench(tls: true, trust: trust)
        bench.origin.on("/clean", ScriptedAnswer(body: "abc", framing: .untilClose))
        bench.origin.on("/cut", ScriptedAnswer(body: "abc", framing: .untilClose).cutting(after: 3, reset: true))
        let clean = try await bench.get("/clean", on: eventLoop)
        #expect(clean.text == "abc" && clean.now.ends == 1)
        #expect(try await bench.get("/cut", on: eventLoop).failure?.kind == .closedEarly)
    }

    @Test func cancellingInTheMiddleClosesAtOnce() async throws {
        let bench = try await Bench(tls: true, trust: trust)
        bench.origin.on("/a", ScriptedAnswer(bytes: TestBytes.pattern(50_000_000)))
        let exchanged = try await Exchanged(bench.client, bench.request("/a"), pauseAt: 1, on: eventLoop)
        try await eventually { exchanged.now.body.count > 0 }
        try await exchanged.onLoop { $0.cancel() }
        #expect(try await exchanged.over().failures.first?.kind == .cancelled)
        try await eventually(within: .seconds(3)) { bench.origin.connectionsOpen == 0 }
    }

    @Test func uploadsOverTLS() async throws {
        let bench = try await Bench(tls: true, trust: trust)
        bench.origin.onAnything { ScriptedAnswer(body: "\($0.body.count)") }
        let body = ByteBuffer(bytes: TestBytes.pattern(5_000_000))
        let response = try await bench.client.send(bench.request("/a", method: "PUT", body: .bytes(body)))
        #expect(String(buffer: try await response.collectBody(upTo: 100)) == "5000000")
    }
}
