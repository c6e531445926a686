import HTTPWire
import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

@Suite("RFC 9112 9.3: persistence")
struct KeepAliveTests {
    @Test("one connection carries requests one after the other, each answer with Date and extra fields")
    func sequence() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            for path in ["/a", "/b", "/c"] {
                try await client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                let response = try await client.response()
                #expect(response.status == 200)
                #expect(response.text == path)
                #expect(response["X-Extra"] == "yes")
                #expect(response["Connection"] == nil)
                let date = try #require(response["Date"])
                #expect(HTTPDate.parse(date) != nil)
            }
            #expect(server.counters.requests == 3)
            #expect(server.counters.connectionsAccepted == 1)
            await client.close()
        }
    }

    @Test("Connection: close of the client closes in an orderly way after the answer")
    func clientCloses() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            try await client.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let response = try await client.response()
            #expect(response.text == "/a")
            #expect(response["Connection"] == "close")
            #expect(try await client.untilClosed().ending == .closed)
        }
    }

    @Test("HTTP/1.0 closes, unless the client asked to stay, and then says so")
    func http10() async throws {
        try await TestServer.run { server in
            let one = try await server.connect()
            try await one.send("GET /a HTTP/1.0\r\n\r\n")
            #expect(try await one.response().text == "/a")
            #expect(try await one.untilClosed().ending == .closed)

            let other = try await server.connect()
            for _ in 0..<2 {
                try await other.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                let response = try await other.response()
                #expect(response.text == "/b")
                #expect(response["Connection"] == "keep-alive")
            }
            await other.close()
        }
    }

    @Test("the last request that a connection may have is answered with Connection: close")
    func requestLimit() async throws {
        var limits = ServerLimits()
        limits.requestsPerConnection = 2
        try await TestServer.run(limits: limits) { server in
            let client = try await server.connect()
            try await client.send(String(repeating: "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", count: 3))
            #expect(try await client.response()["Connection"] == nil)
            #expect(try await client.response()["Connection"] == "close")
            let rest = try await client.untilClosed()
            #expect(rest.bytes.isEmpty)
            #expect(rest.ending == .closed)
        }
    }

    @Test("9.3.2: the answers to 100 requests in one write come in order")
    func pipelining() async throws {
        try await TestServer.run { server in
            let client = try await server.connect()
            try await client.send((0..<100).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
            for number in 0..<100 { #expect(try await client.response().text == "/\(number)") }
            await client.close()
        }
    }

    @Test("9.3.2: pipelined requests wait for an answer that comes later")
    func pipeliningWithLateAnswers() async throws {
        let handler: TestServer.Handler = { head, exchange in
            let target = head.targetString
            guard target.hasPrefix("/late") else { return exchange.answer(target) }
            exchange.delegate = Recorder(Recorder.Log())
            exchange.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(2)) { exchange.answer(target) }
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            let targets = (0..<60).map { $0 % 3 == 0 ? "/late\($0)" : "/now\($0)" }
            try await client.send(targets.map { "GET \($0) HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
            for target in targets { #expect(try await client.response().text == target) }
            await client.close()
        }
    }

    @Test("more pipelined input than the buffer holds is read on when there is room")
    func pipeliningBeyondTheInputBuffer() async throws {
        var limits = ServerLimits()
        limits.inputBytes = 1024
        limits.headBytes = 1024
        let held = Recorder.Log()
        let latch = Latch()
        let handler: TestServer.Handler = { head, exchange in
            let target = head.targetString
            guard target == "/0" else { return exchange.answer(target) }
            exchange.delegate = Recorder(held)
            let box = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
            Task {
                await latch.wait()
                box.eventLoop.execute { box.value.answer("/0") }
            }
        }
        try await TestServer.run(limits: limits, handler: handler) { server in
            let client = try await server.connect()
            let padding = String(repeating: "p", count: 500)
            let requests = (0..<400).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\nX-Padding: \(padding)\r\n\r\n" }
            let sending = Task { try await client.send(requests.joined()) }
            try await eventually { server.counters.requests == 1 }
            latch.open()
            for number in 0..<400 { #expect(try await client.response().text == "/\(number)") }
            try await sending.value
            await client.close()
        }
    }

    @Test("a client that pipelines without reading is answered no further than it takes", arguments: [false, true])
    func floodWithoutReading(tls: Bool) async throws {
        let body = String(repeating: "b", count: 4000)
        let handler: TestServer.Handler = { head, exchange in exchange.answer(body) }
        let configuration = tls ? try TestTLS.configuration() : nil
        try await TestServer.run(tls: configuration, handler: handler) { server in
            let client = try await server.connect(tls: tls, receiveBuffer: 64 * 1024)
            try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.response().status == 200)
            try await client.setReading(false)
            let count = 6000
            let sending = Task {
                try await client.send(String(repeating: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", count: count))
            }
            var before = -1
            try await eventually {
                defer { before = server.counters.requests }
                try await Task.sleep(for: .milliseconds(30))
                return before > 100 && server.counters.requests == before
            }
            #expect(before < count)
            try await client.setReading(true)
            try await sending.value
            for _ in 0..<count { #expect(try await client.response().body.count == 4000) }
            await client.close()
        }
    }

    @Test("an idle connection is closed after the idle time, and counted")
    func idle() async throws {
        var limits = ServerLimits()
        // Long enough for a slow machine to send the request before it.
        limits.idleTimeout = .seconds(1)
        try await TestServer.run(limits: limits) { server in
            let fresh = try await server.connect()
            let used = try await server.connect()
            try await used.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await used.response().status == 200)
            #expect(try await fresh.untilClosed().ending == .closed)
            #expect(try await used.untilClosed().ending == .closed)
            try await eventually { server.counters.idleTimeouts == 2 && server.counters.connectionsOpen == 0 }
        }
    }
}
