import HTTPClient
import NIOCore
import TestSupport
import Testing

/// The async interface.
struct AsyncTests {
    @Test func bodiesAreReadNoFasterThanAskedFor() async throws {
        let bench = try await Bench()
        let body = TestBytes.pattern(20_000_000)
        bench.origin.on("/a", ScriptedAnswer(bytes: body).inPieces(of: 1_000_000))
        let response = try await bench.client.send(bench.request("/a"))
        var received: [UInt8] = []
        for try await piece in response.body {
            received.append(contentsOf: piece.readableBytesView)
            if received.count < 1_000_000 { try await Task.sleep(for: .milliseconds(1)) }
        }
        #expect(received == body)
    }

    @Test func aBodyThatIsTooLongIsRefusedAndTheConnectionClosed() async throws {
        let bench = try await Bench()
        bench.origin.on("/length", ScriptedAnswer(body: "abcdef"))
        bench.origin.on("/chunked", ScriptedAnswer(body: "abcdef", framing: .chunked).inPieces(of: 1))
        for path in ["/length", "/chunked"] {
            let response = try await bench.client.send(bench.request(path))
            let error = await #expect(throws: ClientError.self) { try await response.collectBody(upTo: 5) }
            #expect(error?.kind == .bodyTooLarge)
            let again = try await bench.client.send(bench.request(path))
            #expect(String(buffer: try await again.collectBody(upTo: 6)) == "abcdef")
        }
    }

    @Test func aBodyThatBreaksThrows() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "abcdef").cutting(after: 3))
        let response = try await bench.client.send(bench.request("/a"))
        let error = await #expect(throws: ClientError.self) { try await response.collectBody(upTo: 100) }
        #expect(error?.kind == .closedEarly)
    }

    @Test func cancellingTheTaskCancelsTheRequest() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x").holdingHead(Latch()))
        let task = Task { try await bench.client.send(bench.request("/a")) }
        try await eventually { bench.origin.count("/a") == 1 }
        task.cancel()
        let error = await #expect(throws: ClientError.self) { _ = try await task.value }
        #expect(error?.kind == .cancelled)
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        let bench = try await Bench()
        let latch = Latch()
        let task = Task {
            await latch.wait()
            return try await bench.client.send(bench.request("/a"))
        }
        task.cancel()
        latch.open()
        let error = await #expect(throws: ClientError.self) { _ = try await task.value }
        #expect(error?.kind == .cancelled && bench.origin.requests.isEmpty)
    }

    @Test func aResponseThatIsDroppedClosesItsConnection() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "abcdef").holdingBody(after: 3, Latch()))
        do {
            let response = try await bench.client.send(bench.request("/a"))
            #expect(response.status == 200)
        }
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func breakingOffClosesTheConnection() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "abcdef").holdingBody(after: 3, Latch()))
        let response = try await bench.client.send(bench.request("/a"))
        for try await piece in response.body {
            #expect(piece.readableBytes == 3)
            break
        }
        _ = consume response
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func invalidRequestsThrow() async throws {
        let bench = try await Bench()
        let error = await #expect(throws: ClientError.self) { try await bench.client.send(bench.request("/a b")) }
        #expect(error?.kind == .invalidRequest)
    }
}
