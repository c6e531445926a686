import TestSupport
import Testing

@Suite("Design: collapse, hit-for-miss, streaming")
struct CollapsePlayTests {
    @Test("100 clients of a cold object: one request")
    func cold() async throws {
        try await play { stage in
            let held = Latch()
            let body = TestBytes.pattern(200_000)
            stage.origin("/a", ScriptedAnswer.ok("Cache-Control: max-age=60").withBody(body).holdingHead(held))
            let crowd = try await stage.crowd(100, "/a")
            try await stage.waitUntil(collapsed: 99)
            held.open()
            for answer in try await stage.answers(crowd) { answer.expect(200, .bytes(body)) }
            #expect(stage.asked("/a") == 1)
        }
    }

    @Test("an answer for its own client alone reaches nobody else", arguments: ["private, max-age=60", "no-store"])
    func notShared(_ directives: String) async throws {
        try await play { stage in
            let held = Latch()
            stage.origin("/a") { request in
                ScriptedAnswer.ok("Cache-Control: \(directives)", body: "for \(request["X-Me"] ?? "")").holdingHead(
                    held
                )
            }
            var clients: [RawClient] = []
            for number in 0..<8 { clients += try await stage.crowd(1, "/a", "X-Me: \(number)") }
            try await eventually("a question") { stage.asked("/a") > 0 }
            held.open()
            for (number, client) in clients.enumerated() {
                try await stage.answer(on: client).expect(200, .body("for \(number)"))
                await client.close()
            }
            #expect(stage.asked("/a") == 8)
        }
    }

    @Test("hit-for-miss: what was not shared once is not waited for by the next", arguments: ["private", "no-store"])
    func hitForMiss(_ directive: String) async throws {
        try await play { stage in
            let held = Latch()
            stage.origin(
                "/a",
                .ok("Cache-Control: \(directive)"),
                ScriptedAnswer.ok("Cache-Control: \(directive)").holdingHead(held)
            )
            try await stage.get("/a").expect(.fetched)
            let crowd = try await stage.crowd(6, "/a")
            try await eventually("a question of each") { stage.asked("/a") == 7 }
            held.open()
            for answer in try await stage.answers(crowd) { answer.expect(200) }
        }
    }

    @Test("the first byte comes before the last has left the origin")
    func firstByte() async throws {
        try await play { stage in
            let held = Latch()
            let body = TestBytes.pattern(100_000)
            stage.origin(
                "/a",
                ScriptedAnswer.ok("Cache-Control: max-age=60").withBody(body).holdingBody(after: 40_000, held)
            )
            let first = try await stage.crowd(1, "/a")[0]
            try await eventually("the first 40,000 bytes") { first.bytesWaiting >= 40_000 }
            let second = try await stage.crowd(1, "/a")[0]
            try await eventually("the same for the second") { second.bytesWaiting >= 40_000 }
            held.open()
            for client in [first, second] { try await stage.answer(on: client).expect(200, .bytes(body)) }
            try await stage.get("/a").expect(.hit, .bytes(body))
            #expect(stage.asked("/a") == 1)
        }
    }

    @Test("a fill that breaks breaks those it has reached, and the next client gets the whole")
    func breaks() async throws {
        try await play { stage in
            let held = Latch()
            let body = TestBytes.pattern(100_000)
            let answer = ScriptedAnswer.ok("Cache-Control: max-age=60").withBody(body)
            stage.origin("/a", answer.holdingBody(after: 40_000, held).cutting(after: 50_000))
            let crowd = try await stage.crowd(4, "/a")
            for client in crowd { try await eventually("40,000 bytes") { client.bytesWaiting >= 40_000 } }
            stage.origin("/a", answer)
            held.open()
            for client in crowd { await #expect(throws: (any Error).self) { try await stage.answer(on: client) } }
            try await stage.get("/a").expect(.fetched, .stored, .bytes(body))
        }
    }

    @Test("the one who asked leaves: the others get everything", arguments: [true, false])
    func firstLeaves(_ resets: Bool) async throws {
        try await play { stage in
            let held = Latch()
            let body = TestBytes.pattern(100_000)
            stage.origin(
                "/a",
                ScriptedAnswer.ok("Cache-Control: max-age=60").withBody(body).holdingBody(after: 1000, held)
            )
            let first = try await stage.crowd(1, "/a")[0]
            try await eventually("a part") { first.bytesWaiting >= 1000 }
            let others = try await stage.crowd(3, "/a")
            try await stage.waitUntil(collapsed: 3)
            if resets { await first.reset() } else { await first.close() }
            held.open()
            for answer in try await stage.answers(others) { answer.expect(200, .bytes(body)) }
            #expect(stage.asked("/a") == 1)
        }
    }

    @Test("a slow client holds nobody back")
    func slowClient() async throws {
        try await play { stage in
            let body = TestBytes.pattern(3_000_000)
            stage.originServes("/a", body, "Cache-Control: max-age=60")
            let slow = try await stage.connect(receiveBuffer: 4096)
            try await slow.setReading(false)
            try await slow.send(Play.request("GET", "/a", []))
            try await eventually("its question") { stage.asked("/a") == 1 }
            try await stage.get("/a").expect(200, .bytes(body))
            try await stage.get("/a").expect(.hit, .bytes(body))
            try await slow.setReading(true)
            try await stage.answer(on: slow).expect(200, .bytes(body))
        }
    }

    @Test("an origin's error is one question for a crowd, and nobody is kept waiting", arguments: [404, 500])
    func errors(_ status: Int) async throws {
        try await play { stage in
            let held = Latch()
            stage.origin("/a", ScriptedAnswer.status(status, "Cache-Control: max-age=5", body: "no").holdingHead(held))
            let crowd = try await stage.crowd(20, "/a")
            try await stage.waitUntil(collapsed: 19)
            held.open()
            for answer in try await stage.answers(crowd) { answer.expect(.status(status), .body("no")) }
            #expect(stage.asked("/a") == 1)
        }
    }
}
