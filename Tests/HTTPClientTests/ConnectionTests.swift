import HTTPClient
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Reuse, repetition and the pool, over sockets.
struct ConnectionTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    @Test func connectionsAreReusedAlsoFromTheEndCallback() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        for turn in 0..<20 {
            let log = try await bench.get("/a", on: eventLoop).now
            #expect(log.wasReused == (turn > 0))
        }
        #expect(bench.origin.connectionsAccepted == 1)
    }

    /// RFC 9112, section 9.3 and 9.6; and bytes after a response are nobody's response.
    @Test func connectionsThatCannotBeReusedAreNot() async throws {
        let bench = try await Bench()
        bench.origin.on("/close", ScriptedAnswer(200, ["Connection": "close"], body: "x"))
        bench.origin.on("/old", .raw("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx"))
        bench.origin.on("/more", .raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n\r\n"))
        for (index, path) in ["/close", "/old", "/more", "/close"].enumerated() {
            let exchanged = try await bench.get(path, on: eventLoop)
            #expect(exchanged.text == "x" && exchanged.now.ends == 1)
            #expect(bench.origin.connectionsAccepted == index + 1, "\(path)")
        }
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func bytesOnAnIdleConnectionCloseIt() async throws {
        let bench = try await Bench()
        let latch = Latch()
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"
        bench.origin.on("/a", .raw(.send(Array(answer.utf8)), .hold(latch), .send(Array(answer.utf8))))
        #expect(try await bench.get("/a", on: eventLoop).text == "x")
        latch.open()
        try await eventually { bench.origin.connectionsOpen == 0 }
        // It is forgotten too: what may not be repeated gets another at once.
        bench.origin.on("/b", ScriptedAnswer(body: "y"))
        let exchanged = try await bench.get("/b", method: "POST", on: eventLoop)
        #expect(exchanged.text == "y" && !exchanged.now.wasReused)
    }

    @Test func aConnectionTheServerClosedWhileIdleIsForgotten() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        _ = try await bench.get("/a", on: eventLoop)
        await bench.origin.closeConnections()
        let exchanged = try await bench.get("/a", on: eventLoop)
        #expect(exchanged.text == "x")
        #expect(bench.origin.count("/a") == 2)
    }

    /// RFC 9112, section 9.3.1: an idempotent request on a reused connection that dies without a byte goes out again.
    @Test(arguments: [ScriptedAnswer.closing, .resetting])
    func idempotentRequestsAreRepeatedOnceOnAFreshConnection(death: ScriptedAnswer) async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        bench.origin.on("/dies", death, ScriptedAnswer(body: "second"))
        _ = try await bench.get("/a", on: eventLoop)
        let exchanged = try await bench.get("/dies", on: eventLoop)
        #expect(exchanged.text == "second" && !exchanged.now.wasReused)
        #expect(bench.origin.count("/dies") == 2 && bench.origin.connectionsAccepted == 2)
    }

    @Test func theRepetitionIsNotRepeated() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        bench.origin.on("/dies", .closing)
        _ = try await bench.get("/a", on: eventLoop)
        let failure = try await bench.get("/dies", on: eventLoop).failure
        #expect(failure?.kind == .closedEarly && failure?.mayRetry == .never)
        #expect(bench.origin.count("/dies") == 2)
    }

    @Test func aBodyIsSentAgainWhole() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        bench.origin.on("/dies", .closing, ScriptedAnswer(body: "second"))
        let body = TestBytes.pattern(1_000_000)
        let bytes = ByteBuffer(bytes: body)
        let bodies: [ClientRequest.Body] = [
            .bytes(bytes),
            .stream(
                length: nil,
                BodySource {
                    AsyncStream {
                        $0.yield(bytes); $0.finish()
                    }
                }
            ),
        ]
        for sent in bodies {
            bench.origin.forgetRequests()
            bench.origin.on("/dies", .closing, ScriptedAnswer(body: "second"))
            _ = try await bench.get("/a", on: eventLoop)
            let request = bench.request("/dies", method: "PUT", body: sent)
            let exchanged = try await Exchanged(bench.client, request, on: eventLoop)
            try await exchanged.over()
            #expect(exchanged.text == "second")
            #expect(bench.origin.last("/dies")?.body == body && bench.origin.count("/dies") == 2)
        }
    }

    @Test func whatIsNotIdempotentIsNotRepeated() async throws {
        var limits = ClientLimits()
        limits.idleTimeUnrepeatable = .minutes(1)
        let bench = try await Bench(limits: limits)
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        bench.origin.on("/dies", .closing, ScriptedAnswer(body: "second"))
        _ = try await bench.get("/a", on: eventLoop)
        let failure = try await bench.get("/dies", method: "POST", on: eventLoop).failure
        #expect(failure?.kind == .closedEarly && failure?.mayRetry == .reusedConnectionOnly)
        #expect(bench.origin.count("/dies") == 1)
    }

    @Test func afterTheFirstByteNothingIsRepeated() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        bench.origin.on("/dies", .raw("H", thenClose: true))
        _ = try await bench.get("/a", on: eventLoop)
        let failure = try await bench.get("/dies", on: eventLoop).failure
        #expect(failure?.kind == .closedEarly && failure?.mayRetry == .never)
        #expect(bench.origin.count("/dies") == 1)
    }

    @Test func theFirstUseOfAConnectionIsNotRepeated() async throws {
        let bench = try await Bench()
        bench.origin.on("/dies", .closing)
        #expect(try await bench.get("/dies", on: eventLoop).failure?.kind == .closedEarly)
        #expect(bench.origin.count("/dies") == 1)
    }

    @Test func theNumberOfConnectionsIsBoundedAndTheRestWait() async throws {
        var limits = ClientLimits()
        limits.connections = 2
        limits.waiters = 3
        let bench = try await Bench(limits: limits)
        let latch = Latch()
        bench.origin.onAnything { _ in ScriptedAnswer(body: "x").holdingHead(latch) }
        var all: [Exchanged] = []
        for number in 0..<5 {
            all.append(try await Exchanged(bench.client, bench.request("/\(number)"), on: eventLoop))
            try await eventually { bench.origin.requests.count == min(number + 1, 2) }
        }
        let refused = try await bench.get("/refused", on: eventLoop).failure
        #expect(refused?.kind == .queueFull && refused?.mayRetry == .always)
        latch.open()
        for exchanged in all {
            try await exchanged.over()
            #expect(exchanged.text == "x")
        }
        #expect(bench.origin.connectionsAccepted == 2)
        // In their order.
        #expect(bench.origin.requests.map(\.path).prefix(2).sorted() == ["/0", "/1"])
    }

    @Test func whoWaitsTooLongForAConnectionHearsWhy() async throws {
        var limits = ClientLimits()
        limits.connections = 1
        let bench = try await Bench(limits: limits)
        let latch = Latch()
        bench.origin.on("/held", ScriptedAnswer(body: "x").holdingHead(latch))
        let holder = try await Exchanged(bench.client, bench.request("/held"), on: eventLoop)
        try await eventually { bench.origin.count("/held") == 1 }
        var request = bench.request("/late")
        request.deadlines.connect = .milliseconds(50)
        let late = try await Exchanged(bench.client, request, on: eventLoop)
        let failure = try await late.over().failures.first
        #expect(failure?.kind == .queueTimeout && failure?.message.contains("in use") == true)
        latch.open()
        #expect(try await holder.over().ends == 1)
        #expect(bench.origin.count("/late") == 0)
    }

    @Test func idleConnectionsAreClosedInTime() async throws {
        var limits = ClientLimits()
        limits.idleTime = .milliseconds(50)
        let bench = try await Bench(limits: limits)
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        _ = try await bench.get("/a", on: eventLoop)
        #expect(bench.origin.connectionsAccepted == 1)
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func shutdownClosesEverythingAndFailsWhatIsUnderWay() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        bench.origin.on("/held", ScriptedAnswer(body: "x").holdingHead(Latch()))
        let held = try await Exchanged(bench.client, bench.request("/held"), on: eventLoop)
        _ = try await bench.get("/a", on: eventLoop)
        await bench.client.shutdown()
        #expect(try await held.over().failures.first?.kind == .shutDown)
        #expect(try await bench.get("/a", on: eventLoop).failure?.kind == .shutDown)
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func refusalsNameTheEndpoint() async throws {
        let port = try FreePort.tcp()
        let client = Bench.client()
        let request = ClientRequest(Endpoint(host: "127.0.0.1", port: port), target: "/")
        let exchanged = try await Exchanged(client, request)
        let failure = try await exchanged.over().failures.first
        #expect(failure?.kind == .connectFailed && failure?.mayRetry == .always)
        #expect(failure?.message == "connection refused by 127.0.0.1:\(port)")
        // By name, there are several addresses to be refused by.
        let named = try await Exchanged(client, ClientRequest(Endpoint(host: "localhost", port: port), target: "/"))
        #expect(try await named.over().failures.first?.message == "connection refused by localhost:\(port)")
    }

    @Test func unknownHostsAreNamed() async throws {
        let request = ClientRequest(Endpoint(host: "no-such-host.invalid"), target: "/")
        let failure = try await Exchanged(Bench.client(), request).over().failures.first
        #expect(failure?.kind == .connectFailed)
        #expect(failure?.message == "the host name no-such-host.invalid cannot be resolved")
    }

    @Test func aThousandRefusalsInARow() async throws {
        let port = try FreePort.tcp()
        let client = Bench.client()
        let request = ClientRequest(Endpoint(host: "127.0.0.1", port: port), target: "/")
        var all: [Exchanged] = []
        for _ in 0..<1000 { all.append(try await Exchanged(client, request, on: eventLoop)) }
        for exchanged in all { #expect(try await exchanged.over().failures.first?.kind == .connectFailed) }
    }
}
