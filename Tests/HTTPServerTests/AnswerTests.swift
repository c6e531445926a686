import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

@Suite("answers")
struct AnswerTests {
    private static func get(_ path: String = "/", _ version: String = "1.1") -> String {
        "GET \(path) HTTP/\(version)\r\nHost: x\r\n\r\n"
    }

    /// 24 MiB in pieces of 1 MiB: more than the kernel's buffers hold.
    private static let large: [ByteBuffer] = LargeBody.pieces

    private static func isLarge(_ body: [UInt8]) -> Bool { LargeBody.matches(body) }

    @Test("a streamed answer of unknown length: chunks, or to HTTP/1.0 until the connection closes")
    func chunked() async throws {
        let handler: TestServer.Handler = { _, exchange in
            exchange.sendHead(ResponseHead(status: 200), bodyLength: nil)
            for size in [1, 0, 2000, 5000, 70_000] {
                exchange.sendBody(ByteBuffer(bytes: TestBytes.pattern(size, seed: UInt64(size + 1))))
            }
            exchange.finish()
        }
        let expected = [1, 2000, 5000, 70_000].flatMap { TestBytes.pattern($0, seed: UInt64($0 + 1)) }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            for _ in 0..<2 {
                try await client.send(Self.get())
                let response = try await client.response()
                #expect(response["Transfer-Encoding"] == "chunked")
                #expect(response.body == expected)
            }
            await client.close()
            let old = try await server.connect()
            try await old.send(Self.get("/", "1.0"))
            let response = try await old.response()
            #expect(response["Transfer-Encoding"] == nil)
            #expect(response["Connection"] == "close")
            #expect(response.body == expected)
        }
    }

    @Test(
        "RFC 9110 9.3.2, 15.3.5, 15.4.5: HEAD, 204 and 304 have no body, whatever the responder sends",
        arguments: [
            ("HEAD", 200), ("GET", 204), ("GET", 304), ("HEAD", 404),
        ]
    )
    func noBody(method: String, status: Int) async throws {
        let handler: TestServer.Handler = { head, exchange in
            let path = head.targetString
            if path == "/whole" {
                exchange.respond(
                    head: ByteBuffer(string: "HTTP/1.1 \(status) X\r\nETag: \"a\"\r\n"),
                    extra: ByteBuffer(),
                    body: [ByteBuffer(string: "body")],
                    sendBody: true
                )
            } else {
                var head = ResponseHead(status: status)
                head.fields.append(name: "ETag", "\"a\"")
                exchange.sendHead(head, bodyLength: path == "/length" ? 4 : nil)
                exchange.sendBody(ByteBuffer(string: "body"))
                exchange.finish()
            }
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            for path in ["/whole", "/length", "/chunked"] {
                try await client.send("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                let response = try await client.response(to: Method(method))
                #expect(response.status == status)
                #expect(response["ETag"] == "\"a\"")
                #expect(response.body.isEmpty)
                #expect(response["Transfer-Encoding"] == nil)
                if status == 204 { #expect(response["Content-Length"] == nil) }
            }
            #expect(client.bytesWaiting == 0)
            #expect(server.counters.requests == 3)
            await client.close()
        }
    }

    @Test("RFC 9110 8.6: an answer to HEAD keeps the Content-Length it was given")
    func headLength() async throws {
        let handler: TestServer.Handler = { head, exchange in
            if head.targetString == "/whole" { return exchange.answer("12345", isHead: true) }
            var response = ResponseHead(status: 200)
            response.fields.append(.contentLength, "5")
            exchange.sendHead(response, bodyLength: head.targetString == "/length" ? 5 : nil)
            exchange.finish()
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            for path in ["/whole", "/length", "/field"] {
                try await client.send("HEAD \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                let response = try await client.response(to: .head)
                #expect(response.head.fields.values(.contentLength) == ["5"])
            }
            await client.close()
        }
    }

    @Test("the connection's own fields are not the responder's, and values cannot break lines")
    func ownFields() async throws {
        let handler: TestServer.Handler = { _, exchange in
            var head = ResponseHead(status: 200)
            head.fields.append(.connection, "keep-alive, x")
            head.fields.append(.transferEncoding, "gzip")
            head.fields.append(.contentLength, "999")
            head.fields.append(.date, "Tue, 15 Nov 1994 08:12:31 GMT")
            exchange.sendHead(head, bodyLength: 2)
            exchange.sendBody(ByteBuffer(string: "ok"))
            exchange.finish()
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            try await client.send(Self.get())
            let response = try await client.response()
            #expect(response.text == "ok")
            #expect(response.head.fields.values(.contentLength) == ["2"])
            #expect(response.head.fields.values(.date) == ["Tue, 15 Nov 1994 08:12:31 GMT"])
            #expect(response["Connection"] == nil)
            #expect(response["Transfer-Encoding"] == nil)
            await client.close()
        }
    }

    @Test("RFC 9110 15.2: interim answers go before the final one, and not to HTTP/1.0")
    func interim() async throws {
        let handler: TestServer.Handler = { _, exchange in
            var hints = ResponseHead(status: 103)
            hints.fields.append(name: "Link", "</a.css>; rel=preload")
            exchange.sendHead(hints, bodyLength: nil)
            exchange.sendHead(hints, bodyLength: nil)
            exchange.answer("final")
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            try await client.send(Self.get())
            for _ in 0..<2 { #expect(try await client.response()["Link"] == "</a.css>; rel=preload") }
            #expect(try await client.response().text == "final")
            await client.close()
            let old = try await server.connect()
            try await old.send(Self.get("/", "1.0"))
            #expect(try await old.response().text == "final")
        }
    }

    @Test("15.2: what is no interim answer is not sent as one, and there is an end to them")
    func interimLimits() async throws {
        let handler: TestServer.Handler = { _, exchange in
            for status in [100, 101, 99, 200, 404] { exchange.sendInterim(ResponseHead(status: status)) }
            var framed = ResponseHead(status: 102)
            framed.fields.append(.contentLength, "5")
            framed.fields.append(.transferEncoding, "chunked")
            for _ in 0..<300 { exchange.sendInterim(framed) }
            exchange.sendHead(ResponseHead(status: 200), bodyLength: 2)
            exchange.sendInterim(ResponseHead(status: 103))
            exchange.sendBody(ByteBuffer(string: "ok"))
            exchange.finish()
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            for _ in 0..<2 {
                try await client.send(Self.get())
                for _ in 0..<Tuning.interimHeads {
                    let interim = try await client.response()
                    #expect(interim.status == 102 && interim.head.fields.isEmpty)
                }
                #expect(try await client.response().text == "ok")
            }
            await client.close()
        }
    }

    @Test("a large answer given whole is written only as fast as the client reads", arguments: [false, true])
    func slowReader(tls: Bool) async throws {
        let written = NIOLockedValueBox<(@Sendable () -> EventLoopFuture<UInt64>)?>(nil)
        let handler: TestServer.Handler = { head, exchange in
            if head.targetString == "/small" { return exchange.answer("small") }
            let box = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
            written.withLockedValue {
                $0 = { box.eventLoop.submit { (box.value as? HTTP1Connection)?.bytesWritten ?? 0 } }
            }
            exchange.respond(
                head: ByteBuffer(string: "HTTP/1.1 200 OK\r\n"),
                extra: ByteBuffer(),
                body: Self.large,
                sendBody: true
            )
        }
        let configuration = tls ? try TestTLS.configuration() : nil
        try await TestServer.run(tls: configuration, handler: handler) { server in
            let client = try await server.connect(tls: tls, receiveBuffer: 64 * 1024)
            try await client.send(Self.get("/small"))
            #expect(try await client.response().text == "small")
            try await client.setReading(false)
            try await client.send(Self.get())
            try await eventually { written.withLockedValue { $0 } != nil }
            let ask = try #require(written.withLockedValue { $0 })
            try await eventually { try await ask().get() > 1 << 20 }
            try await Task.sleep(for: .milliseconds(50))
            #expect(try await ask().get() < 16 << 20)
            try await client.setReading(true)
            let response = try await client.response()
            #expect(Self.isLarge(response.body))
            try await client.send(Self.get("/again"))
            #expect(Self.isLarge(try await client.response().body))
            await client.close()
        }
    }

    @Test("a streamed answer follows isWritable and exchangeBecameWritable, and memory stays bounded")
    func streaming() async throws {
        let log = Recorder.Log()
        let produced = NIOLockedValueBox(0)
        let handler: TestServer.Handler = { _, exchange in
            let recorder = Recorder(log)
            let next = LoopBox(0)
            let produce = {
                while exchange.isWritable, next.value < Self.large.count * 16 {
                    let piece = Self.large[next.value / 16]
                    let part = piece.getSlice(at: (next.value % 16) * 65_536, length: 65_536)
                    exchange.sendBody(part ?? ByteBuffer())
                    next.value += 1
                    produced.withLockedValue { $0 += 65_536 }
                    if next.value == Self.large.count * 16 { return exchange.finish() }
                }
            }
            recorder.onWritable = produce
            exchange.delegate = recorder
            exchange.sendHead(ResponseHead(status: 200), bodyLength: 24 << 20)
            produce()
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect(receiveBuffer: 64 * 1024)
            try await client.setReading(false)
            try await client.send(Self.get())
            try await eventually { produced.withLockedValue { $0 } > 100_000 }
            try await Task.sleep(for: .milliseconds(50))
            #expect(produced.withLockedValue { $0 } < 16 << 20)
            try await client.setReading(true)
            #expect(Self.isLarge(try await client.response().body))
            #expect(log.now.writable > 0)
            #expect(log.now.closed == 0)
            await client.close()
        }
    }

    @Test("a client that takes nothing for the write time loses its connection, and the delegate hears it once")
    func writeTimeout() async throws {
        var limits = ServerLimits()
        limits.writeTimeout = .milliseconds(100)
        let log = Recorder.Log()
        let handler: TestServer.Handler = { _, exchange in
            exchange.delegate = Recorder(log)
            exchange.respond(
                head: ByteBuffer(string: "HTTP/1.1 200 OK\r\n"),
                extra: ByteBuffer(),
                body: Self.large,
                sendBody: true
            )
        }
        try await TestServer.run(limits: limits, handler: handler) { server in
            let client = try await server.connect(receiveBuffer: 64 * 1024)
            try await client.setReading(false)
            try await client.send(Self.get())
            try await eventually { server.counters.writeTimeouts == 1 && server.counters.connectionsOpen == 0 }
            #expect(log.now.closed == 1)
            // The reset may have closed the client's socket already.
            try? await client.setReading(true)
            #expect(try await client.untilClosed().ending == .broken)
        }
    }

    enum Break: String, CaseIterable {
        case abortBeforeHead, abortInBody, tooFew, tooMany, abortInChunks, abortUntilClose
    }

    @Test("a broken answer never ends cleanly", arguments: Break.allCases, [false, true])
    func broken(how: Break, tls: Bool) async throws {
        let handler: TestServer.Handler = { _, exchange in
            let some = ByteBuffer(string: "some")
            switch how {
            case .abortBeforeHead: break
            case .abortInBody, .tooFew: exchange.sendHead(ResponseHead(status: 200), bodyLength: 100)
            case .tooMany: exchange.sendHead(ResponseHead(status: 200), bodyLength: 3)
            case .abortInChunks, .abortUntilClose: exchange.sendHead(ResponseHead(status: 200), bodyLength: nil)
            }
            if how != .abortBeforeHead { exchange.sendBody(some) }
            if how == .tooFew || how == .tooMany { exchange.finish() } else { exchange.abort() }
        }
        let configuration = tls ? try TestTLS.configuration() : nil
        try await TestServer.run(tls: configuration, handler: handler) { server in
            let client = try await server.connect(tls: tls)
            try await client.send(Self.get("/", how == .abortUntilClose ? "1.0" : "1.1"))
            await #expect(throws: (any Error).self) { _ = try await client.response() }
            let ending = try await client.untilClosed().ending
            if how != .abortBeforeHead { #expect(ending == .broken) }
            try await eventually { server.counters.connectionsOpen == 0 }
            #expect(server.counters.aborted == 1)
        }
    }

    @Test("a client that leaves in the middle of an answer: exchangeClosed exactly once, then calls do nothing")
    func clientGone() async throws {
        let log = Recorder.Log()
        let handler: TestServer.Handler = { _, exchange in
            let recorder = Recorder(log)
            recorder.onClosed = {
                exchange.sendBody(ByteBuffer(string: "late"))
                exchange.finish()
                exchange.abort()
                exchange.readBody()
            }
            exchange.delegate = recorder
            exchange.sendHead(ResponseHead(status: 200), bodyLength: 1000)
            exchange.sendBody(ByteBuffer(string: "some"))
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            try await client.send(Self.get())
            _ = try await client.bytes(20)
            await client.reset()
            try await eventually { log.now.closed == 1 && server.counters.connectionsOpen == 0 }
            #expect(log.now.closed == 1)
            #expect(server.counters.clientsGone == 1)
        }
    }

    @Test("a delegate is never called from inside its own call, also when a write finds the client gone")
    func noReentrance() async throws {
        let log = Recorder.Log()
        let reentered = NIOLockedValueBox(false)
        let handler: TestServer.Handler = { _, exchange in
            let recorder = Recorder(log)
            let (inCall, ended) = (LoopBox(false), LoopBox(false))
            let box = NIOLoopBound(exchange, eventLoop: exchange.eventLoop)
            let note = { if inCall.value { reentered.withLockedValue { $0 = true } } }
            recorder.onWritable = note
            recorder.onClosed = {
                note()
                ended.value = true
            }
            exchange.delegate = recorder
            exchange.sendHead(ResponseHead(status: 200), bodyLength: nil)
            // Writes on and on, whatever isWritable says, until a write meets the reset.
            func write() {
                inCall.value = true
                box.value.sendBody(Self.large[0])
                inCall.value = false
                guard !ended.value else { return }
                box.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(2)) { write() }
            }
            write()
        }
        try await TestServer.run(handler: handler) { server in
            for count in 1...5 {
                let client = try await server.connect()
                try await client.send(Self.get())
                _ = try await client.bytes(100)
                await client.reset()
                try await eventually { log.now.closed == count }
            }
            #expect(!reentered.withLockedValue { $0 })
        }
    }

    @Test("nothing of a connection lives on after it", arguments: ["GET / ", "GET /hold ", "PUT /hold "])
    func freed(request: String) async throws {
        final class Weak { weak var object: AnyObject? }
        let seen = NIOLockedValueBox<[@Sendable () -> EventLoopFuture<Bool>]>([])
        let handler: TestServer.Handler = { head, exchange in
            let (connection, delegate) = (Weak(), Weak())
            connection.object = exchange
            let box = NIOLoopBound((connection, delegate), eventLoop: exchange.eventLoop)
            seen.withLockedValue { seen in
                seen.append {
                    box.eventLoop.submit { box.value.0.object == nil && box.value.1.object == nil }
                }
            }
            guard head.targetString == "/hold" else { return exchange.answer("ok") }
            let recorder = Recorder(Recorder.Log())
            recorder.onWritable = { exchange.finish() }
            delegate.object = recorder
            exchange.delegate = recorder
            if head.method == .put { exchange.readBody() }
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            try await client.send(request + "HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsome")
            try await eventually { server.counters.requests == 1 }
            await client.reset()
            try await eventually { server.counters.connectionsOpen == 0 }
            let isFreed = try #require(seen.withLockedValue { $0.first })
            try await eventually { try await isFreed().get() }
        }
    }

    @Test("a client that shuts its sending side after the request still gets its answer, also a late one")
    func halfClosed() async throws {
        let handler: TestServer.Handler = { head, exchange in
            let target = head.targetString
            exchange.delegate = Recorder(Recorder.Log())
            exchange.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(30)) { exchange.answer(target) }
        }
        try await TestServer.run(handler: handler) { server in
            let client = try await server.connect()
            try await client.send(Self.get("/a") + Self.get("/b"))
            try await client.shutdownSending()
            #expect(try await client.response().text == "/a")
            #expect(try await client.response().text == "/b")
            #expect(try await client.untilClosed().ending == .closed)
        }
    }
}
