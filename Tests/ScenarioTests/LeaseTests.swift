import ControlPlane
import HTTPWire
import Telemetry
import TestSupport
import Testing

/// An edge that has no lease from control cannot know which purges it has missed.
@Suite("Without a lease")
struct LeaseTests {
    @Test("everything is confirmed by the origin before it is served")
    func revalidates() async throws {
        try await scenario(lease: .never) { stage in
            stage.origin.serve("/site/a", bytes: Array("a".utf8), etag: "\"v1\"", ["Cache-Control": "max-age=600"])
            _ = try await stage.get("/a")
            for times in 2...4 {
                let response = try await stage.get("/a")
                #expect(response.text == "a" && response.isForwarded("stale; fwd-status=304"))
                #expect(stage.origin.count("/site/a") == times)
            }
            stage.origin.serve("/site/a", bytes: Array("b".utf8), etag: "\"v2\"")
            #expect(try await stage.get("/a").text == "b")
        }
    }

    @Test("the origin is away: 502, and not the copy that nobody has confirmed")
    func noUnconfirmedCopy() async throws {
        try await scenario(lease: .never) { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, ["ETag": "\"v1\""], body: "a"))
            _ = try await stage.get("/a")
            for (answer, status) in [(ScriptedAnswer(503), 503), (.closing, 502)] {
                stage.origin.on("/site/a", answer)
                for method in [Method.get, .head] {
                    let response = try await stage.get("/a", method: method)
                    #expect(response.status == status && response["ETag"] == nil)
                }
            }
            await stage.origin.stop()
            #expect(try await stage.get("/a").status == 502)
        }
    }

    @Test("a request gets no answer to a question that is older than itself (rule N1)", arguments: [1, 2])
    func joinsNothingOlder(loops: Int) async throws {
        try await scenario(loops: loops, lease: .never) { stage in
            let latches = [Latch(), Latch()]
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, body: "old").holdingBody(after: 1, latches[0]),
                ScriptedAnswer(200, body: "new").holdingHead(latches[1])
            )
            let first = try await stage.crowd(1, "/a")
            try await eventually("the head") { first.clients[0].bytesWaiting > 0 }
            // The bucket changes here, and a purge that this edge does not hear of is called done.
            let second = try await stage.crowd(20, "/a")
            try await eventually("all requests") {
                stage.count(.fillsStarted) + stage.count(.requestsCollapsed) == 21
            }
            for latch in latches { latch.open() }
            for response in try await second.responses() { #expect(response.text == "new") }
            #expect(try await first.responses()[0].text == "old")
            // One asked at once, since the first had its head; the rest could not join that one, and shared the next.
            #expect((2...3).contains(stage.origin.count("/site/a")))
        }
    }

    @Test("still the origin gets one question at a time for a key, however many ask", arguments: [1, 2])
    func oneAtATime(loops: Int) async throws {
        try await scenario(loops: loops, lease: .never) { stage in
            let latches = [Latch(), Latch(), Latch()]
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, body: "0").holdingHead(latches[0]),
                ScriptedAnswer(200, body: "1").holdingHead(latches[1]),
                ScriptedAnswer(200, body: "2").holdingHead(latches[2])
            )
            var crowds: [Crowd] = []
            for round in 0..<3 {
                if round > 0 {
                    // Asked, or waiting for the one before to be answered.
                    if round > 1 { latches[round - 2].open() }
                    try await stage.waitUntil(asked: "/site/a", times: max(1, round))
                }
                crowds.append(try await stage.crowd(round == 0 ? 1 : 10, "/a"))
                if round == 0 { try await stage.waitUntil(asked: "/site/a") }
                try await stage.waitUntil(collapsed: 9 * round)
                #expect(stage.origin.count("/site/a") == max(1, round))
            }
            latches[1].open()
            latches[2].open()
            for (round, crowd) in crowds.enumerated() {
                for response in try await crowd.responses() { #expect(response.text == "\(round)") }
            }
            #expect(stage.origin.count("/site/a") == 3)
        }
    }

    @Test("the one before fails: the next asks all the same")
    func predecessorFails() async throws {
        try await scenario(lease: .never) { stage in
            let latch = Latch()
            stage.origin.on("/site/a", .raw(.hold(latch), .close), ScriptedAnswer(200, body: "new"))
            let first = try await stage.crowd(1, "/a")
            try await stage.waitUntil(asked: "/site/a")
            let second = try await stage.crowd(5, "/a")
            try await stage.waitUntil(collapsed: 4)
            latch.open()
            #expect(try await first.responses()[0].status == 502)
            for response in try await second.responses() { #expect(response.text == "new") }
        }
    }

    @Test("a purge comes while a request waits to ask: the entry it has found is no condition any more (rule N3)")
    func purgeBeforeAsking() async throws {
        try await scenario(lease: .never) { stage in
            let latch = Latch()
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, ["ETag": "\"same\""], body: "old"),
                ScriptedAnswer(304, ["ETag": "\"same\""]).holdingHead(latch),
                ScriptedAnswer(200, ["ETag": "\"same\""], body: "new")
            )
            _ = try await stage.get("/a")
            let first = try await stage.crowd(1, "/a")
            try await stage.waitUntil(asked: "/site/a", times: 2)
            let second = try await stage.crowd(1, "/a")
            try await eventually("the second request") { stage.count(.fillsStarted) == 3 }
            stage.purge(.url(host: "edge.test", path: "/a", query: nil))
            latch.open()
            #expect(try await first.responses()[0].text == "old")
            #expect(try await second.responses()[0].text == "new")
            #expect(stage.origin.last("/site/a")?["If-None-Match"] == nil)
        }
    }
}
