import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

@Suite("request bodies")
struct RequestBodyTests {
    /// Reads the body and answers with its length; `/unread` answers at once.
    private static func reading(_ log: Recorder.Log) -> TestServer.Handler {
        { head, exchange in
            guard head.targetString != "/unread" else { return exchange.answer("unread") }
            let recorder = Recorder(log)
            recorder.onEnd = { exchange.answer("read") }
            exchange.delegate = recorder
            exchange.readBody()
        }
    }

    @Test("RFC 9112 6.2: Content-Length, and the next request right behind it")
    func length() async throws {
        let log = Recorder.Log()
        try await TestServer.run(handler: Self.reading(log)) { server in
            let client = try await server.connect()
            let body = TestBytes.pattern(300_000)
            try await client.send(
                Array("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n".utf8) + body
                    + Array("GET /unread HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
            )
            #expect(try await client.response().text == "read")
            #expect(try await client.response().text == "unread")
            #expect(log.now.body == body)
            #expect(log.now.ends == 1)
            #expect(log.now.closed == 0)
            await client.close()
        }
    }

    @Test("RFC 9112 7.1: chunks in pieces of any size, with extensions and trailers", arguments: [1, 3, 7, 10_000])
    func chunked(pieces: Int) async throws {
        let log = Recorder.Log()
        try await TestServer.run(handler: Self.reading(log)) { server in
            let client = try await server.connect()
            try await client.send(
                "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "5\r\nhello\r\n6;ext=\"1\"\r\n world\r\n0\r\nTrailer: x\r\n\r\n",
                inPiecesOf: pieces
            )
            #expect(try await client.response().text == "read")
            #expect(log.now.body == Array("hello world".utf8))
            try await client.send("GET /unread HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await client.response().text == "unread")
            await client.close()
        }
    }

    @Test("a client that sends on without taking a large answer is held back")
    func answerNotTaken() async throws {
        try await TestServer.run { _, exchange in
            exchange.delegate = Recorder(Recorder.Log())
            exchange.readBody()
            exchange.respond(
                head: ByteBuffer(string: "HTTP/1.1 200 OK\r\n"),
                extra: ByteBuffer(),
                body: LargeBody.pieces,
                sendBody: true
            )
        } _: { server in
            let client = try await server.connect(receiveBuffer: 64 * 1024)
            try await client.setReading(false)
            try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: \(24 << 20)\r\n\r\n")
            let sent = NIOLockedValueBox(false)
            let sending = Task {
                try await client.send(LargeBody.bytes)
                sent.withLockedValue { $0 = true }
            }
            try await Task.sleep(for: .milliseconds(300))
            #expect(!sent.withLockedValue { $0 })
            await client.reset()
            try? await sending.value
        }
    }

    @Test("malformed chunks: 400, and the delegate hears that the exchange is over")
    func malformedChunks() async throws {
        let log = Recorder.Log()
        try await TestServer.run(handler: Self.reading(log)) { server in
            let client = try await server.connect()
            try await client.send("PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            #expect(try await client.response().status == 400)
            #expect(try await client.untilClosed().ending == .closed)
            #expect(log.now.closed == 1)
            #expect(log.now.ends == 0)
        }
    }

    @Test("RFC 9110 10.1.1: 100 Continue is sent when the body is asked for, then the final answer")
    func continues() async throws {
        let log = Recorder.Log()
        try await TestServer.run(handler: Self.reading(log)) { server in
            let client = try await server.connect()
            for _ in 0..<2 {
                try await client.send(
                    "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
                )
                #expect(try await client.response().status == 100)
                try await client.send("hello")
                #expect(try await client.response().text == "read")
            }
            #expect(log.now.body == Array("hellohello".utf8))
            await client.close()
        }
    }

    @Test("10.1.1: a final answer instead of 100 Continue closes, for the body may or may not follow")
    func refusesInsteadOfContinuing() async throws {
        try await TestServer.run(handler: Self.reading(Recorder.Log())) { server in
            let client = try await server.connect()
            try await client.send(
                "PUT /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            )
            let response = try await client.response()
            #expect(response.text == "unread")
            #expect(response["Connection"] == "close")
            try await client.send("hello")
            let rest = try await client.untilClosed()
            #expect(rest.bytes.isEmpty)
            #expect(rest.ending == .closed)
        }
    }

    @Test("10.1.1: no 100 Continue to HTTP/1.0, to a body that came already, and for other expectations")
    func noContinue() async throws {
        try await TestServer.run(handler: Self.reading(Recorder.Log())) { server in
            for request in [
                "PUT /a HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
                "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
                "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: something\r\n\r\nhello",
            ] {
                let client = try await server.connect()
                try await client.send(request)
                let response = try await client.response()
                #expect(response.status == 200)
                #expect(response.text == "read")
                await client.close()
            }
        }
    }

    @Test(
        "a small unread body is drained and the connection lives on",
        arguments: [
            "GET /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
            "POST /unread HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ]
    )
    func drained(request: String) async throws {
        try await TestServer.run(handler: Self.reading(Recorder.Log())) { server in
            let client = try await server.connect()
            for _ in 0..<3 {
                try await client.send(request, inPiecesOf: 40)
                let response = try await client.response()
                #expect(response.text == "unread")
                #expect(response["Connection"] == nil)
            }
            #expect(server.counters.requests == 3)
            await client.close()
        }
    }

    @Test("a large unread body closes the connection, announced where its length is known")
    func tooLargeToDrain() async throws {
        try await TestServer.run(handler: Self.reading(Recorder.Log())) { server in
            let known = try await server.connect()
            try await known.send("POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\nsome")
            let response = try await known.response()
            #expect(response.text == "unread")
            #expect(response["Connection"] == "close")
            try await known.send(TestBytes.pattern(500_000))
            #expect(try await known.untilClosed().ending == .closed)

            let unknown = try await server.connect()
            try await unknown.send("POST /unread HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            #expect(try await unknown.response().text == "unread")
            try await unknown.send("30000\r\n" + String(repeating: "c", count: 0x30000))
            #expect(try await unknown.untilClosed().ending == .closed)
        }
    }

    @Test("pauseReading holds the client back; resumeReading goes on without losing a byte")
    func pauses() async throws {
        let log = Recorder.Log()
        let resume = Latch()
        let paused = Latch()
        let handler: TestServer.Handler = { head, exchange in
            let recorder = Recorder(log)
            let box = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
            recorder.onBody = { _ in
                guard !paused.isOpen else { return }
                exchange.pauseReading()
                paused.open()
                Task {
                    await resume.wait()
                    box.eventLoop.execute { box.value.resumeReading() }
                }
            }
            recorder.onEnd = { exchange.answer("read") }
            exchange.delegate = recorder
            exchange.readBody()
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            let body = LargeBody.bytes
            let sent = NIOLockedValueBox(false)
            let sending = Task {
                try await client.send(
                    Array("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
                )
                sent.withLockedValue { $0 = true }
            }
            await paused.wait()
            let before = log.now.pieces
            // More than the kernel's buffers can hold is on its way, so the client cannot finish while nobody reads.
            try await Task.sleep(for: .milliseconds(100))
            #expect(log.now.pieces == before)
            #expect(!sent.withLockedValue { $0 })
            resume.open()
            #expect(try await client.response().text == "read")
            try await sending.value
            #expect(LargeBody.matches(log.now.body))
            await client.close()
        }
    }

    @Test("a body that stops arriving: 408, and the delegate hears it once")
    func bodyTimeout() async throws {
        var limits = ServerLimits()
        limits.bodyTimeout = .milliseconds(80)
        let log = Recorder.Log()
        try await TestServer.run(limits: limits, handler: Self.reading(log)) { server in
            let client = try await server.connect()
            try await client.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome")
            #expect(try await client.response().status == 408)
            #expect(try await client.untilClosed().ending == .closed)
            #expect(log.now.closed == 1)
            #expect(server.counters.bodyTimeouts == 1)
        }
    }

    @Test("a client that leaves in the middle of its body: heard exactly once", arguments: [true, false])
    func clientLeaves(byReset: Bool) async throws {
        let log = Recorder.Log()
        try await TestServer.run(handler: Self.reading(log)) { server in
            let client = try await server.connect()
            try await client.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsome")
            try await eventually { log.now.pieces > 0 }
            if byReset { await client.reset() } else { await client.close() }
            try await eventually { server.counters.connectionsOpen == 0 }
            #expect(log.now.closed == 1)
            #expect(log.now.ends == 0)
            #expect(server.counters.clientsGone == 1)
        }
    }

    @Test("a request without a body that is asked for it: it has ended, once")
    func emptyBody() async throws {
        let log = Recorder.Log()
        let handler: TestServer.Handler = { head, exchange in
            let recorder = Recorder(log)
            recorder.onEnd = {
                exchange.readBody()
                exchange.answer("read")
            }
            exchange.delegate = recorder
            exchange.readBody()
            exchange.readBody()
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            for count in 1...2 {
                try await client.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                #expect(try await client.response().text == "read")
                #expect(log.now.ends == count)
            }
            await client.close()
        }
    }
}
