import HTTPWire
import Logging
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

/// Answers by an async closure. Shared.
private struct ClosureHandler: AsyncRequestHandler {
    let body: @Sendable (AsyncRequest, AsyncResponseWriter) async throws -> Void
    func handle(_ request: AsyncRequest, _ response: AsyncResponseWriter) async throws {
        try await body(request, response)
    }
}

private struct Failure: Error {}

@Suite("the async adapter")
struct AsyncResponderTests {
    private static func run(
        limits: ServerLimits = ServerLimits(),
        logger: Logger = .quiet,
        _ handler: @escaping @Sendable (AsyncRequest, AsyncResponseWriter) async throws -> Void,
        _ body: (TestServer) async throws -> Void
    ) async throws {
        try await TestServer.run(
            limits: limits,
            responder: { AsyncResponder(eventLoop: $0, handler: ClosureHandler(body: handler), logger: logger) },
            body
        )
    }

    private static func get(_ path: String = "/", method: String = "GET") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: x\r\n\r\n"
    }

    @Test("whole answers, pipelined, also to HEAD")
    func whole() async throws {
        try await Self.run { request, response in
            var head = ResponseHead(status: 200)
            if request.head.method == .head { head.fields.append(.contentLength, "7") }
            let body = request.head.method == .head ? nil : ByteBuffer(string: request.head.targetString)
            try await response.send(head, body: body)
        } _: { server in
            let client = try await server.connect()
            try await client.send(Self.get("/a") + Self.get("/b", method: "HEAD") + Self.get("/c"))
            #expect(try await client.response().text == "/a")
            #expect(try await client.response(to: .head)["Content-Length"] == "7")
            #expect(try await client.response().text == "/c")
            await client.close()
        }
    }

    @Test("a body in pieces goes in and comes out again, with 100 Continue")
    func echo() async throws {
        try await Self.run { request, response in
            try await response.begin(ResponseHead(status: 103))
            var pieces: [ByteBuffer] = []
            for try await piece in request.body { pieces.append(piece) }
            try await response.begin(ResponseHead(status: 200))
            for piece in pieces { try await response.write(piece) }
            try await response.finish()
        } _: { server in
            let client = try await server.connect()
            let body = TestBytes.pattern(500_000)
            for _ in 0..<2 {
                try await client.send(
                    "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\nExpect: 100-continue\r\n\r\n"
                )
                #expect(try await client.response().status == 103)
                #expect(try await client.response().status == 100)
                try await client.send(body)
                #expect(try await client.response().body == body)
            }
            await client.close()
        }
    }

    @Test("reading on demand: a handler that does not read holds its client back")
    func readBackPressure() async throws {
        let latch = Latch()
        let received = NIOLockedValueBox(ByteBuffer())
        try await Self.run { request, response in
            var iterator = request.body.makeAsyncIterator()
            if let first = try await iterator.next() { received.withLockedValue { _ = $0.writeImmutableBuffer(first) } }
            await latch.wait()
            while let piece = try await iterator.next() {
                received.withLockedValue { _ = $0.writeImmutableBuffer(piece) }
            }
            try await response.send(ResponseHead(status: 200))
        } _: { server in
            let client = try await server.connect()
            let sent = NIOLockedValueBox(false)
            let sending = Task {
                try await client.send(
                    Array("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: \(24 << 20)\r\n\r\n".utf8) + LargeBody.bytes
                )
                sent.withLockedValue { $0 = true }
            }
            try await eventually { latch.waiters == 1 }
            try await Task.sleep(for: .milliseconds(100))
            #expect(!sent.withLockedValue { $0 })
            latch.open()
            #expect(try await client.response().status == 200)
            try await sending.value
            #expect(LargeBody.matches(received.withLockedValue { Array(buffer: $0) }))
            await client.close()
        }
    }

    @Test("write waits for the client")
    func writeBackPressure() async throws {
        let written = NIOLockedValueBox(0)
        try await Self.run { _, response in
            try await response.begin(ResponseHead(status: 200), bodyLength: 24 << 20)
            for piece in LargeBody.pieces {
                try await response.write(piece)
                written.withLockedValue { $0 += 1 }
            }
            try await response.finish()
        } _: { server in
            let client = try await server.connect(receiveBuffer: 64 * 1024)
            try await client.setReading(false)
            try await client.send(Self.get())
            try await Task.sleep(for: .milliseconds(100))
            #expect(written.withLockedValue { $0 } < 16)
            try await client.setReading(true)
            #expect(LargeBody.matches(try await client.response().body))
            await client.close()
        }
    }

    @Test("the task is cancelled when the client leaves, whatever it waits for", arguments: ["sleep", "read", "write"])
    func cancelled(where: String) async throws {
        let ended = NIOLockedValueBox<String?>(nil)
        let started = Latch()
        try await Self.run { request, response in
            started.open()
            do {
                switch request.head.targetString {
                case "/sleep": try await Task.sleep(for: .seconds(60))
                case "/read": for try await _ in request.body {}
                default:
                    try await response.begin(ResponseHead(status: 200), bodyLength: nil)
                    while true { try await response.write(LargeBody.pieces[0]) }
                }
            } catch {
                ended.withLockedValue { $0 = "\(error), cancelled: \(Task.isCancelled)" }
                throw error
            }
        } _: { server in
            let client = try await server.connect()
            try await client.setReading(false)
            try await client.send("PUT /\(`where`) HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nsome")
            await started.wait()
            try await Task.sleep(for: .milliseconds(20))
            await client.reset()
            try await eventually { ended.withLockedValue { $0 } != nil }
            #expect(ended.withLockedValue { $0 }?.contains("cancelled: true") == true)
            try await eventually { server.counters.connectionsOpen == 0 }
        }
    }

    @Test("an error before the head is a 500 and a log line, one after it breaks the answer")
    func failures() async throws {
        let log = CollectedLog()
        try await Self.run(logger: log.logger) { request, response in
            if request.head.targetString != "/before" {
                try await response.begin(ResponseHead(status: 200), bodyLength: nil)
                try await response.write(ByteBuffer(string: "some"))
            }
            if request.head.targetString != "/unfinished" { throw Failure() }
        } _: { server in
            let client = try await server.connect()
            for _ in 0..<2 {
                try await client.send(Self.get("/before"))
                let response = try await client.response()
                #expect(response.status == 500)
                #expect(response["Connection"] == nil)
            }
            await client.close()
            for path in ["/after", "/unfinished"] {
                let client = try await server.connect()
                try await client.send(Self.get(path))
                await #expect(throws: (any Error).self) { _ = try await client.response() }
                #expect(try await client.untilClosed().ending == .broken)
            }
            #expect(log.lines.filter { $0.contains("request handler failed") }.count == 4)
            #expect(log.lines.contains { $0.contains("/before") && $0.contains("Failure") })
        }
    }

    @Test("a write that closes the connection itself throws: nobody waits for a client that is gone")
    func fatalWrite() async throws {
        let failure = NIOLockedValueBox<String?>(nil)
        try await Self.run { _, response in
            do {
                try await response.begin(ResponseHead(status: 200), bodyLength: 2)
                try await response.write(ByteBuffer(string: "longer"))
                failure.withLockedValue { $0 = "none" }
            } catch { failure.withLockedValue { $0 = "\(error)" } }
        } _: { server in
            let client = try await server.connect()
            try await client.send(Self.get())
            _ = try await client.untilClosed()
            try await eventually("the write's end") { failure.withLockedValue { $0 } != nil }
            #expect(failure.withLockedValue { $0 } == "\(ExchangeError.clientGone)")
        }
    }

    @Test("calls in the wrong order are errors, not crashes")
    func wrongOrder() async throws {
        let errors = NIOLockedValueBox<[String]>([])
        try await Self.run { request, response in
            func attempt(_ body: () async throws -> Void) async {
                do {
                    try await body()
                    errors.withLockedValue { $0.append("none") }
                } catch { errors.withLockedValue { $0.append("\(type(of: error))") } }
            }
            await attempt { try await response.write(ByteBuffer(string: "x")) }
            await attempt { try await response.finish() }
            try await response.begin(ResponseHead(status: 200), bodyLength: 2)
            await attempt { try await response.begin(ResponseHead(status: 200)) }
            await attempt { try await response.send(ResponseHead(status: 200)) }
            try await response.write(ByteBuffer(string: "ok"))
            try await response.finish()
            await attempt { try await response.finish() }
            await attempt { _ = try await request.body.collect(upTo: 100) }
        } _: { server in
            let client = try await server.connect()
            try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody" + Self.get())
            #expect(try await client.response().text == "ok")
            try await eventually { errors.withLockedValue { $0.count } >= 6 }
            #expect(errors.withLockedValue { $0.prefix(6).allSatisfy { $0 == "ExchangeError" } })
            #expect(try await client.response().text == "ok")
            await client.close()
        }
    }

    @Test("collect refuses a body that is too large, and the answer to it can be read")
    func collect() async throws {
        try await Self.run { request, response in
            do {
                let body = try await request.body.collect(upTo: 1000)
                try await response.send(ResponseHead(status: 200), body: body)
            } catch ExchangeError.bodyTooLarge {
                try await response.send(ResponseHead(status: 413), body: ByteBuffer(string: "too large"))
            }
        } _: { server in
            let client = try await server.connect()
            try await client.send(
                "PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            )
            #expect(try await client.response().text == "abc")
            try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n")
            try await client.send(TestBytes.pattern(2_000_000))
            #expect(try await client.response().status == 413)
            #expect(try await client.untilClosed().ending == .closed)
            await client.close()
        }
    }
}

/// A logger whose lines can be read. Shared; guarded by a lock.
private final class CollectedLog: Sendable {
    private let collected = NIOLockedValueBox<[String]>([])
    var lines: [String] { collected.withLockedValue { $0 } }
    var logger: Logger { Logger(label: "test") { _ in Handler(collected: self.collected) } }

    private struct Handler: LogHandler {
        let collected: NIOLockedValueBox<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            collected.withLockedValue { $0.append("\(event.level) \(event.message) \(event.metadata ?? [:])") }
        }
    }
}
