import CacheStore
import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Nothing is left over")
struct LeakTests {
    @Test("thousands of requests given up at every stage: no fill under way, no memory held", arguments: [1, 2])
    func abortedRequests(loops: Int) async throws {
        try await scenario(.http, loops: loops, memoryMiB: 8) { stage in
            let body = TestBytes.pattern(80_000)
            stage.origin.onAnything { request in
                switch request.path.utf8.last.map({ $0 % 5 }) {
                case 0: .closing
                case 1: ScriptedAnswer(200, ["Cache-Control": "private"], bytes: body)
                case 2: ScriptedAnswer(200, ["Cache-Control": "max-age=60"], bytes: body, framing: .chunked)
                case 3: ScriptedAnswer(200, ["Cache-Control": "max-age=60"], bytes: body).cutting(after: 50_000)
                default: ScriptedAnswer(200, ["Cache-Control": "max-age=60", "Content-Type": "text/css"], bytes: body)
                }
            }
            // Each time 50 clients on 20 keys, who leave at different moments.
            for cycle in 0..<12 {
                var clients: [RawClient] = []
                for index in 0..<50 {
                    let client = try await stage.connect(receiveBuffer: 8 << 10)
                    try await client.send(
                        Stage.request("/\(cycle)/\(index % 20)", [("Accept-Encoding", index % 2 == 0 ? "gzip" : "x")])
                            + Stage.request("/\(cycle)/\(index % 7)")
                    )
                    clients.append(client)
                    if index % 3 == 0 { await client.reset() }
                }
                if cycle % 2 == 0 {
                    try await eventually("some bytes") { clients.contains { $0.bytesWaiting > 1_000 } }
                }
                for client in clients { await client.reset() }
            }
            try await eventually("the end of every fill") { stage.fillsUnderWay == 0 }
            let ended = [EdgeCounter.fillsCompleted, .fillsBroken, .fillsAbandoned].map(stage.count).reduce(0, +)
            #expect(stage.count(.fillsStarted) == ended)
            try await eventually("no memory but that of what is stored") { stage.unaccountedBytes == 0 }
            #expect(stage.count(.fillsStarted) > 100)
        }
    }

    @Test("a stopped edge is let go, whatever it was doing")
    func stopped() async throws {
        try await scenario(loops: 2) { stage in
            let latch = Latch()
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, bytes: TestBytes.pattern(90_000)).holdingBody(after: 9, latch)
            )
            stage.origin.on("/site/b", ScriptedAnswer(200, body: "b").holdingHead(latch))
            stage.origin.on("/site/c", ScriptedAnswer(200, ["Content-Type": "text/css"], body: Texts.css(900_000)))
            let crowds = [
                try await stage.crowd(3, "/a"), try await stage.crowd(3, "/b"),
                try await stage.crowd(3, "/c", ["Accept-Encoding": "br"]),
            ]
            try await stage.waitUntil(asked: "/site/b")
            // Fails unless the old one goes.
            let next = try await stage.restarted()
            latch.open()
            for crowd in crowds { await crowd.close() }
            #expect(try await next.get("/b").text == "b")
            await next.strike()
        }
    }
}
