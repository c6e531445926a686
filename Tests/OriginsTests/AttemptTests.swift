import HTTPClient
import HTTPWire
import NIOCore
import Origins
import TestSupport
import Testing

/// The second try, giving up, and failures.
struct AttemptTests {
    @Test(arguments: [500, 502, 503, 504])
    func anErrorThatMayPassIsTriedOnceMore(status: Int) async throws {
        let bench = try await OriginBench()
        // In one write, so that its end is there before the second try begins.
        let error = ScriptedAnswer.raw("HTTP/1.1 \(status) Error\r\nContent-Length: 8\r\n\r\n<Error/>")
        bench.origin.on("/site/a", error, ScriptedAnswer(body: "second"))
        let fetched = try await bench.fetch("/a")
        #expect(fetched.text == "second" && fetched.answer?.head.status == 200)
        #expect(bench.origin.count("/site/a") == 2)
        // The first answer was read to its end, so that one connection sufficed.
        #expect(bench.origin.connectionsAccepted == 1)
    }

    /// A server's error is an answer like any other.
    @Test(arguments: [500, 502, 503, 504])
    func aServersErrorIsNotAskedForAgain(status: Int) async throws {
        let bench = try await OriginBench()
        bench.origin.on("/a", ScriptedAnswer(status, body: "first"), ScriptedAnswer(body: "second"))
        let fetched = try await Fetched(bench.server, bench.request("/a"), on: bench.eventLoop).over()
        #expect(fetched.text == "first" && fetched.answer?.head.status == status && bench.origin.count("/a") == 1)
    }

    @Test func theSecondErrorIsTheAnswer() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/site/a", ScriptedAnswer(503, ["Retry-After": "9"], body: "SlowDown"))
        let fetched = try await bench.fetch("/a")
        #expect(fetched.answer?.head.status == 503 && fetched.answer?.hidesBody == true)
        #expect(bench.origin.count("/site/a") == 2)
    }

    @Test func anEndlessErrorBodyIsNotReadToItsEnd() async throws {
        let bench = try await OriginBench()
        let endless = ScriptedAnswer(500, bytes: TestBytes.pattern(1_000_000), framing: .chunked)
        bench.origin.on("/site/a", endless.holdingBody(after: 1_000_000, Latch()), ScriptedAnswer(body: "second"))
        #expect(try await bench.fetch("/a").text == "second")
        try await eventually { bench.origin.connectionsOpen == 1 }
        #expect(bench.origin.connectionsAccepted == 2)
    }

    @Test func aRefusedConnectionIsTriedOnceMore() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/site/a", ScriptedAnswer(body: "back"))
        await bench.origin.stop()
        let failed = try await bench.fetch("/a").failure
        #expect(failed?.status == 502 && failed?.detail == "origin-unreachable")
        #expect(failed?.message == "connection refused by 127.0.0.1:\(bench.origin.port)")
        try await bench.origin.restart()
        #expect(try await bench.fetch("/a").text == "back")
    }

    @Test func timeThatRanOutIsA504AndNotSpentTwice() async throws {
        let bench = try await OriginBench(deadlines: ClientDeadlines(head: .milliseconds(50)))
        bench.origin.on("/site/a", ScriptedAnswer(body: "x").holdingHead(Latch()))
        let failure = try await bench.fetch("/a").failure
        #expect(failure?.status == 504 && failure?.detail == "origin-timeout")
        #expect(bench.origin.count("/site/a") == 1)
    }

    @Test func aBodyThatBreaksIsAFailureAfterTheAnswer() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/site/a", ScriptedAnswer(body: "abcdef").cutting(after: 3))
        let fetched = try await bench.fetch("/a")
        #expect(fetched.answer?.length == 6 && fetched.text == "abc" && fetched.now.ends == 0)
        #expect(fetched.failure?.detail == "origin-broken")
    }

    /// Every 304 and every error of a bucket is given up at its head by the edge: that must not cost the connection.
    @Test func givingUpAShortAnswerKeepsTheConnection() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/site/same", ScriptedAnswer(304))
        // In one write, so that its end is there when it is given up.
        let gone = "HTTP/1.1 404 Gone\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n<Error/>\r\n0\r\n\r\n"
        bench.origin.on("/site/gone", .raw(gone))
        bench.origin.on("/site/a", ScriptedAnswer(body: "x"))
        for path in ["/same", "/gone", "/same"] {
            let request = bench.request(path)
            let fetched = try await Fetched(bench.bucket, request, cancelAtHead: true, on: bench.eventLoop)
            try await eventually { fetched.answer != nil }
            for _ in 0..<5 { try await bench.eventLoop.submit {}.get() }
            #expect(!fetched.isOver && !fetched.now.isOutOfOrder)
        }
        #expect(try await bench.fetch("/a").text == "x")
        #expect(bench.origin.connectionsAccepted == 1)
    }

    /// A short rest is read for the connection's sake, but one that does not come is not waited for.
    @Test func givingUpAnAnswerThatTricklesClosesTheConnection() async throws {
        let bench = try await OriginBench()
        let trickle = ScriptedAnswer(bytes: TestBytes.pattern(1000), framing: .chunked).holdingBody(after: 10, Latch())
        bench.origin.on("/site/a", trickle)
        let fetched = try await Fetched(bench.bucket, bench.request("/a"), cancelAtHead: true, on: bench.eventLoop)
        try await eventually { fetched.answer != nil && bench.origin.connectionsOpen == 0 }
        #expect(!fetched.isOver && !fetched.now.isOutOfOrder)
    }

    @Test func givingUpALongAnswerClosesTheConnection() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/site/a", ScriptedAnswer(bytes: TestBytes.pattern(50_000_000)))
        let request = bench.request("/a")
        let fetched = try await Fetched(bench.bucket, request, cancelAtHead: true, on: bench.eventLoop)
        try await eventually { fetched.answer != nil && bench.origin.connectionsOpen == 0 }
        #expect(!fetched.isOver && !fetched.now.isOutOfOrder)
    }

    @Test func givingUpBeforeTheHeadAndBetweenTheTries() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/site/held", ScriptedAnswer(body: "x").holdingHead(Latch()))
        let held = try await Fetched(bench.bucket, bench.request("/held"), on: bench.eventLoop)
        try await eventually { bench.origin.count("/site/held") == 1 }
        try await held.cancel()
        try await eventually { bench.origin.connectionsOpen == 0 }
        #expect(!held.isOver && !held.now.isOutOfOrder)
        bench.origin.on("/site/a", ScriptedAnswer(503))
        let failing = try await Fetched(bench.bucket, bench.request("/a"), on: bench.eventLoop)
        try await eventually { bench.origin.count("/site/a") >= 1 }
        try await failing.cancel()
        #expect(bench.origin.count("/site/a") <= 2)
    }

    @Test func aPausedReaderHoldsTheOriginBack() async throws {
        let bench = try await OriginBench()
        let body = TestBytes.pattern(5_000_000)
        bench.origin.on("/site/a", ScriptedAnswer(bytes: body))
        let request = bench.request("/a")
        let fetched = try await Fetched(bench.bucket, request, pauseAtHead: true, on: bench.eventLoop)
        try await eventually { fetched.answer != nil }
        for _ in 0..<20 { try await bench.eventLoop.submit {}.get() }
        #expect(fetched.now.body.isEmpty && !fetched.isOver)
        try await fetched.onLoop { $0.resumeReading() }
        #expect(try await fetched.over().now.body == body)
    }
}
