import HTTPClient
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Bodies of requests.
struct UploadTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    private func pieces(_ body: [UInt8], of size: Int) -> BodySource {
        BodySource {
            AsyncStream { continuation in
                for start in stride(from: 0, to: body.count, by: size) {
                    continuation.yield(ByteBuffer(bytes: body[start..<min(start + size, body.count)]))
                }
                continuation.finish()
            }
        }
    }

    @Test func everyKindOfBodyArrivesWhole() async throws {
        let bench = try await Bench()
        bench.origin.onAnything { ScriptedAnswer(body: "\($0.body.count)") }
        let body = TestBytes.pattern(3_000_000)
        let bodies: [ClientRequest.Body] = [
            .bytes(ByteBuffer(bytes: body)),
            .stream(length: UInt64(body.count), pieces(body, of: 77_777)),
            .stream(length: nil, pieces(body, of: 77_777)),
        ]
        for (index, sent) in bodies.enumerated() {
            let request = bench.request("/\(index)", method: "PUT", body: sent)
            let response = try await bench.client.send(request)
            #expect(String(buffer: try await response.collectBody(upTo: 100)) == "3000000")
            let received = bench.origin.last("/\(index)")
            #expect(received?.body == body)
            #expect((received?["transfer-encoding"] == "chunked") == (index == 2))
        }
        for sent in [ClientRequest.Body.bytes(ByteBuffer()), .stream(length: 0, pieces([], of: 1))] {
            let response = try await bench.client.send(bench.request("/e", method: "PUT", body: sent))
            #expect(response.status == 200 && bench.origin.last("/e")?["content-length"] == "0")
        }
    }

    @Test func pushedBodies() async throws {
        let bench = try await Bench()
        bench.origin.onAnything { ScriptedAnswer(body: String(decoding: $0.body, as: UTF8.self)) }
        for length in [nil, 6] as [UInt64?] {
            let request = bench.request("/a", method: "POST", body: .pushed(length: length))
            let exchanged = try await Exchanged(bench.client, request, on: eventLoop)
            try await eventually { exchanged.now.writableCalls > 0 }
            try await exchanged.onLoop { exchange in
                #expect(exchange.isWritable)
                exchange.writeBody(ByteBuffer(string: "abc"))
                exchange.writeBody(ByteBuffer(string: "def"))
                exchange.finishBody()
            }
            try await exchanged.over()
            #expect(exchanged.text == "abcdef")
        }
        #expect(bench.origin.connectionsAccepted == 1)
    }

    @Test func aSourceIsReadNoFasterThanTheServerTakes() async throws {
        let bench = try await Bench()
        let gate = Latch()
        bench.origin.on("/a", ScriptedAnswer(body: "done").readingBody(after: gate))
        let produced = NIOLockedValueBox(0)
        let piece = ByteBuffer(bytes: TestBytes.pattern(100_000))
        let source = BodySource { write in
            for _ in 0..<400 {
                try await write(piece)
                produced.withLockedValue { $0 += piece.readableBytes }
            }
        }
        let request = bench.request("/a", method: "PUT", body: .stream(length: 40_000_000, source))
        async let response = bench.client.send(request)
        // The kernel's buffers fill up, and then the source waits.
        var before = -1
        try await eventually {
            let now = produced.withLockedValue { $0 }
            try await Task.sleep(for: .milliseconds(200))
            defer { before = now }
            return now == before && now > 0
        }
        #expect(produced.withLockedValue { $0 } < 30_000_000)
        gate.open()
        #expect(String(buffer: try await response.collectBody(upTo: 100)) == "done")
        #expect(bench.origin.last("/a")?.body.count == 40_000_000)
    }

    @Test func aServerThatTakesNothingIsATimeout() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer().readingBody(after: Latch()))
        var request = bench.request("/a", method: "PUT", body: .bytes(ByteBuffer(bytes: TestBytes.pattern(30_000_000))))
        request.deadlines.bodyIdle = .milliseconds(200)
        let exchanged = try await Exchanged(bench.client, request, on: eventLoop)
        #expect(try await exchanged.over().failures.first?.kind == .bodyTimeout)
    }

    @Test func aSlowSourceIsNotTheServersFault() async throws {
        let bench = try await Bench()
        bench.origin.onAnything { ScriptedAnswer(body: "\($0.body.count)") }
        let latch = Latch()
        let source = BodySource { write in
            try await write(ByteBuffer(string: "abc"))
            await latch.wait()
            try await write(ByteBuffer(string: "def"))
        }
        var request = bench.request("/a", method: "PUT", body: .stream(length: nil, source))
        request.deadlines.bodyIdle = .milliseconds(500)
        let exchanged = try await Exchanged(bench.client, request, on: eventLoop)
        try await eventually { latch.waiters == 1 }
        try await Task.sleep(for: .milliseconds(750))
        #expect(!exchanged.isOver)
        latch.open()
        try await exchanged.over()
        #expect(exchanged.text == "6")
    }

    /// The response's body waits for the request's: as long as either moves, nothing stands still.
    @Test func anUploadBehindAResponseThatHasBegunKeepsItAlive() async throws {
        let bench = try await Bench()
        let latch = Latch()
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n"
        let answer = ScriptedAnswer.raw(.send(Array(head.utf8)), .hold(latch), .send([0x78]))
        bench.origin.on("/a", answer.beforeBody())
        var request = bench.request("/a", method: "POST", body: .pushed(length: nil))
        request.deadlines.bodyIdle = .seconds(2)
        let exchanged = try await Exchanged(bench.client, request, on: eventLoop)
        try await eventually { exchanged.status == 200 && exchanged.now.writableCalls > 0 }
        let end = ContinuousClock.now + .seconds(3)
        while ContinuousClock.now < end {
            try await exchanged.onLoop { $0.writeBody(ByteBuffer(string: "more")) }
            try await Task.sleep(for: .milliseconds(50))
        }
        #expect(!exchanged.isOver)
        try await exchanged.onLoop { $0.finishBody() }
        latch.open()
        try await exchanged.over()
        #expect(exchanged.text == "x")
    }

    @Test func bodiesThroughTLS() async throws {
        let folder = try TemporaryFolder()
        let trust = ClientConfiguration.Trust.file(try folder.write(TestCertificates.authority, to: "ca.pem"))
        let bench = try await Bench(tls: true, trust: trust)
        bench.origin.onAnything { ScriptedAnswer(body: "\($0.body.count)") }
        let body = TestBytes.pattern(3_000_000)
        let request = bench.request("/a", method: "PUT", body: .stream(length: nil, pieces(body, of: 50_000)))
        let response = try await bench.client.send(request)
        #expect(String(buffer: try await response.collectBody(upTo: 100)) == "3000000")
        #expect(bench.origin.last("/a")?.body == body)
    }

    @Test func lengthsThatDoNotAgreeAreErrors() async throws {
        let bench = try await Bench()
        bench.origin.onAnything { _ in ScriptedAnswer() }
        for (length, body) in [(5, "abcdef"), (7, "abcdef")] as [(UInt64, String)] {
            let source = pieces(Array(body.utf8), of: 2)
            let request = bench.request("/a", method: "PUT", body: .stream(length: length, source))
            let exchanged = try await Exchanged(bench.client, request, on: eventLoop)
            #expect(try await exchanged.over().failures.first?.kind == .uploadFailed)
        }
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func aFailingSourceFailsTheRequest() async throws {
        struct Broken: Error {}
        let bench = try await Bench()
        let source = BodySource { write in
            try await write(ByteBuffer(string: "abc"))
            throw Broken()
        }
        let request = bench.request("/a", method: "PUT", body: .stream(length: 6, source))
        let error = await #expect(throws: ClientError.self) { try await bench.client.send(request) }
        #expect(error?.kind == .uploadFailed && error?.message.contains("Broken") == true)
    }

    /// RFC 9112, section 9.5: an answer may come before the request is sent; then the connection is of no further use.
    @Test func anEarlyAnswerEndsTheUpload() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(413, body: "too large").beforeBody(readingAfter: Latch()))
        let body = ByteBuffer(bytes: TestBytes.pattern(20_000_000))
        let request = bench.request("/a", method: "PUT", body: .bytes(body))
        let exchanged = try await Exchanged(bench.client, request, on: eventLoop)
        let log = try await exchanged.over()
        #expect(log.ends == 1 && exchanged.status == 413 && exchanged.text == "too large")
        bench.origin.on("/b", ScriptedAnswer(body: "x"))
        #expect(try await bench.get("/b", on: eventLoop).text == "x")
        #expect(bench.origin.connectionsAccepted == 2)
    }
}
