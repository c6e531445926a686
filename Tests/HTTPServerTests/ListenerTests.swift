import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import HTTPServer

@Suite("listeners")
struct ListenerTests {
    private static func server(
        _ listeners: [ListenerConfiguration],
        limits: ServerLimits = ServerLimits()
    ) -> HTTPServer {
        HTTPServer(listeners: listeners, group: .singleton, limits: limits, logger: .quiet) { _ in
            ClosureResponder(TestServer.echoTarget)
        }
    }

    @Test(
        "addresses are read as they are written",
        arguments: [
            ("127.0.0.1:80", ListenerConfiguration.Address.tcp(host: "127.0.0.1", port: 80)),
            ("localhost:0", .tcp(host: "localhost", port: 0)),
            ("[::1]:8080", .tcp(host: "::1", port: 8080)),
            ("unix:/run/a.sock", .unix(path: "/run/a.sock")),
        ]
    )
    func addresses(text: String, address: ListenerConfiguration.Address) throws {
        #expect(try ListenerConfiguration.Address(text) == address)
        #expect(address.description == text)
    }

    @Test(
        "what is no address is refused",
        arguments: ["", "80", "a:", "a:70000", "::1:80", "[::1:80", "unix:", "a:-1"]
    )
    func badAddresses(text: String) {
        #expect(throws: ServerError.self) { try ListenerConfiguration.Address(text) }
    }

    @Test("a port in use: one sentence that names the address, and nothing stays bound")
    func portInUse() async throws {
        try await TestServer.run { running in
            let port = try #require(running.address.port)
            let free = try FreePort.tcp()
            let other = Self.server([.init(host: "127.0.0.1", port: free), .init(host: "127.0.0.1", port: port)])
            let error = await #expect(throws: ServerError.self) { _ = try await other.start() }
            #expect(error?.kind == .addressInUse)
            #expect(
                error?.description == "cannot listen on 127.0.0.1:\(port): the address is in use by another process"
            )
            // The first listener was closed again.
            let third = Self.server([.init(host: "127.0.0.1", port: free)])
            _ = try await third.start()
            await third.shutdown(gracePeriod: .zero)
        }
    }

    @Test("an address that this machine does not have, and a host that nobody has")
    func noSuchAddress() async throws {
        for host in ["192.0.2.1", "no-such-host.invalid"] {
            let error = await #expect(throws: ServerError.self) {
                _ = try await Self.server([.init(host: host, port: 0)]).start()
            }
            #expect(error?.kind == .addressNotAvailable)
            #expect(error?.description.contains(host) == true)
        }
    }

    @Test("several listeners, one of them a socket per loop")
    func several() async throws {
        var shared = ListenerConfiguration(host: "127.0.0.1", port: 0)
        shared.reusePort = true
        let server = Self.server([.init(host: "127.0.0.1", port: 0), shared])
        let addresses = try await server.start()
        #expect(addresses.count == 2)
        for address in addresses {
            for _ in 0..<4 {
                let client = try await RawClient.connect(to: address)
                try await client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.response().text == "/a")
                await client.close()
            }
        }
        await server.shutdown(gracePeriod: .seconds(1))
    }

    @Test("a unix socket; one left over by a dead process is replaced, a living one is not")
    func unixSocket() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/apus.sock"
        let left = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(unixDomainSocketPath: path).get()
        try await left.close()
        let server = Self.server([.init(address: .unix(path: path))])
        let addresses = try await server.start()
        let second = Self.server([.init(address: .unix(path: path))])
        let error = await #expect(throws: ServerError.self) { _ = try await second.start() }
        #expect(error?.kind == .addressInUse)
        let client = try await RawClient.connect(to: addresses[0])
        try await client.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try await client.response().text == "/a")
        await client.close()
        await server.shutdown(gracePeriod: .seconds(1))
    }

    @Test("a full server accepts no more until a connection closes, and closes idle ones to make room")
    func connectionLimit() async throws {
        var limits = ServerLimits()
        limits.connections = 3
        try await TestServer.run(limits: limits) { server in
            // Connections that have not sent anything yet are not idle: they may be about to. One more than the limit
            // is let in.
            var fresh: [RawClient] = []
            for count in 1...4 {
                fresh.append(try await server.connect())
                try await eventually { server.counters.connectionsOpen == count }
            }
            let waiting = try await server.connect()
            try await waiting.send("GET /waited HTTP/1.1\r\nHost: x\r\n\r\n")
            try await eventually { server.counters.acceptPauses >= 1 }
            await #expect(throws: DeadlineExceeded.self) { _ = try await waiting.response(within: .milliseconds(50)) }
            #expect(server.counters.connectionsOpen == 4)
            await fresh[0].close()
            #expect(try await waiting.response().text == "/waited")

            // The one that has had its answer is idle, and gives way.
            let next = try await server.connect()
            try await next.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await next.response().text == "/next")
            #expect(try await waiting.untilClosed().ending == .closed)
            for client in fresh { await client.close() }
            await next.close()
        }
    }
}
