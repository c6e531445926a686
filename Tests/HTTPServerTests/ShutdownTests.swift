import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

@Suite("shutting down")
struct ShutdownTests {
    private static func get(_ path: String = "/") -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    /// Answers `/held` when the latch opens, everything else at once.
    private static func holding(_ latch: Latch, _ log: Recorder.Log = Recorder.Log()) -> TestServer.Handler {
        { head, exchange in
            let target = head.targetString
            guard target == "/held" else { return exchange.answer(target) }
            let recorder = Recorder(log)
            let box = NIOLoopBound((exchange, recorder), eventLoop: exchange.eventLoop)
            exchange.delegate = recorder
            Task {
                await latch.wait()
                box.eventLoop.execute { if log.now.closed == 0 { box.value.0.answer("/held") } }
            }
        }
    }

    @Test("a running exchange is finished with Connection: close, idle connections close, nothing new gets in")
    func graceful() async throws {
        let latch = Latch()
        try await TestServer.run(handler: Self.holding(latch)) { server in
            let idle = try await server.connect()
            try await idle.send(Self.get("/a"))
            #expect(try await idle.response().text == "/a")
            let busy = try await server.connect()
            try await busy.send(Self.get("/held") + Self.get("/received"))
            try await eventually { server.counters.requests == 2 }

            let stopping = Task { await server.server.shutdown(gracePeriod: .seconds(20)) }
            #expect(try await idle.untilClosed().ending == .closed)
            await #expect(throws: (any Error).self) { _ = try await server.connect() }
            #expect(busy.ending == nil)
            latch.open()
            let response = try await busy.response()
            #expect(response.text == "/held")
            #expect(response["Connection"] == "close")
            #expect(try await busy.untilClosed().ending == .closed)
            // The server lingers for what the client may still send.
            await busy.close()
            await stopping.value
            #expect(server.counters.connectionsOpen == 0)
        }
    }

    @Test("a request that was already sent on an idle connection is still answered, with Connection: close")
    func receivedRequest() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            try await client.send(Self.get("/a"))
            #expect(try await client.response().text == "/a")
            let stopping = Task { await server.server.shutdown(gracePeriod: .seconds(20)) }
            try await client.send(Self.get("/b"))
            let response = try await client.response()
            #expect(response.text == "/b")
            #expect(try await client.untilClosed().ending == .closed)
            await stopping.value
        }
    }

    @Test("what is not finished within the grace period is broken off, and its delegate hears it once")
    func forced() async throws {
        let latch = Latch()
        let log = Recorder.Log()
        try await TestServer.run(handler: Self.holding(latch, log)) { server in
            let busy = try await server.connect()
            try await busy.send(Self.get("/held"))
            let partial = try await server.connect()
            try await partial.send("GET /half HTT")
            try await eventually { server.counters.requests == 1 && server.counters.connectionsOpen == 2 }
            await server.server.shutdown(gracePeriod: .milliseconds(50))
            #expect(server.counters.connectionsOpen == 0)
            #expect(log.now.closed == 1)
            #expect(try await busy.untilClosed().bytes.isEmpty)
            #expect(try await partial.untilClosed().bytes.isEmpty)
            latch.open()
        }
    }

    @Test("a server is started once, and shut down as often as one likes")
    func lifecycle() async throws {
        try await TestServer.run { server in
            await #expect(throws: ServerError.self) { _ = try await server.server.start() }
            async let first: Void = server.server.shutdown(gracePeriod: .seconds(1))
            async let second: Void = server.server.shutdown(gracePeriod: .seconds(1))
            _ = await (first, second)
        }
    }
}
