import CacheStore
import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Collapsed requests")
struct CollapseTests {
    @Test("200 clients wait for a cold object: one GET, and every body is right", arguments: [1, 2])
    func cold(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(500_000)
            stage.origin.on("/site/big", ScriptedAnswer(200, ["ETag": "\"v1\""], bytes: body).holdingHead(latch))
            let crowd = try await stage.crowd(200, "/big")
            try await stage.waitUntil(collapsed: 199)
            latch.open()
            var collapsed = 0
            for response in try await crowd.responses() {
                #expect(response.status == 200 && response.body == body)
                collapsed += response.isCollapsed ? 1 : 0
            }
            #expect(collapsed == 199)
            #expect(stage.origin.count("/site/big") == 1)
            #expect(try await stage.get("/big").isHit)
        }
    }

    @Test("those who come while the body is streaming get it from the first byte", arguments: [1, 2])
    func midway(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latches = [Latch(), Latch()]
            let body = TestBytes.pattern(900_000)
            stage.origin.on(
                "/site/big",
                ScriptedAnswer(200, bytes: body).holdingBody(after: 100_000, latches[0])
                    .holdingBody(after: 600_000, latches[1])
            )
            var crowds = [try await stage.crowd(20, "/big")]
            for (index, latch) in latches.enumerated() {
                let held = index == 0 ? 100_000 : 600_000
                try await eventually("\(held) bytes at the edge") { stage.count(.originBytes) >= held }
                crowds.append(try await stage.crowd(20, "/big"))
                try await stage.waitUntil(collapsed: 20 * (index + 2) - 1)
                latch.open()
            }
            for crowd in crowds {
                for response in try await crowd.responses() { #expect(response.body == body) }
            }
            #expect(stage.origin.count("/site/big") == 1)
        }
    }

    @Test("without a length, too: everyone's chunks end where the body does", arguments: [1, 2])
    func chunked(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(400_000)
            stage.origin.on(
                "/site/big",
                ScriptedAnswer(200, bytes: body, framing: .chunked).holdingBody(after: 200_000, latch)
            )
            let crowd = try await stage.crowd(60, "/big")
            try await stage.waitUntil(collapsed: 59)
            latch.open()
            for response in try await crowd.responses() { #expect(response.body == body) }
            #expect(stage.origin.count("/site/big") == 1)
        }
    }

    @Test(
        "a bucket's answer that is not stored depends on the key alone: all who wait get it",
        arguments: [("no-store", 5), ("private", 5), ("no-store", 0), ("private", 300_000)]
    )
    func unstored(control: String, length: Int) async throws {
        try await scenario(loops: 2) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(length)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, ["Cache-Control": control], bytes: body).holdingHead(latch)
            )
            let crowd = try await stage.crowd(40, "/a")
            try await stage.waitUntil(collapsed: 39)
            latch.open()
            for response in try await crowd.responses() {
                #expect(response.status == 200 && response.body == body && !response.isStored)
            }
            #expect(stage.origin.count("/site/a") == 1)
            #expect(try await stage.get("/a").isForwarded("uri-miss"))
        }
    }

    @Test("its end may come before the other loop has heard of its beginning")
    func unstoredAtOnce() async throws {
        try await scenario(loops: 2) { stage in
            let clients = [try await stage.connect(), try await stage.connect()]
            for round in 0..<40 {
                let latch = Latch()
                let head = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nab"
                stage.origin.on("/site/\(round)", .raw(.hold(latch), .send(Array(head.utf8))))
                for client in clients { try await client.send(Stage.request("/\(round)")) }
                try await stage.waitUntil(collapsed: round + 1)
                latch.open()
                for client in clients { #expect(try await client.response().text == "ab") }
            }
            for client in clients { await client.close() }
        }
    }

    @Test("a bucket's error is one request, and everyone's answer", arguments: [404, 403])
    func errors(status: Int) async throws {
        try await scenario(loops: 2) { stage in
            let latch = Latch()
            stage.origin.on("/site/a", ScriptedAnswer(status, body: "<Error/>").holdingHead(latch))
            let crowd = try await stage.crowd(40, "/a")
            try await stage.waitUntil(collapsed: 39)
            latch.open()
            for response in try await crowd.responses() { #expect(response.status == status) }
            #expect(stage.origin.count("/site/a") == 1)
        }
    }

    @Test("some leave while they wait or read: the others get everything", arguments: [1, 2])
    func someLeave(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let head = Latch()
            let rest = Latch()
            let body = TestBytes.pattern(800_000)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, bytes: body).holdingHead(head).holdingBody(after: 9_000, rest)
            )
            let first = try await stage.crowd(30, "/a")
            try await stage.waitUntil(collapsed: 29)
            for client in first.clients[..<10] { await client.reset() }
            head.open()
            try await eventually("the first bytes") { first.clients[29].bytesWaiting > 9_000 }
            for client in first.clients[10..<20] { await client.reset() }
            rest.open()
            for client in first.clients[20...] { #expect(try await client.response().body == body) }
            await first.close()
            #expect(stage.origin.count("/site/a") == 1)
        }
    }

    @Test("everyone has left: the fill completes all the same and is stored")
    func everyoneLeaves() async throws {
        try await scenario { stage in
            let latch = Latch()
            let body = TestBytes.pattern(500_000)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body).holdingBody(after: 1_000, latch))
            let crowd = try await stage.crowd(3, "/a")
            try await eventually("the head") { crowd.clients[0].bytesWaiting > 500 }
            for client in crowd.clients { await client.reset() }
            latch.open()
            try await eventually("the entry") { stage.count(.stores) == 1 }
            let hit = try await stage.get("/a")
            #expect(hit.isHit && hit.body == body)
        }
    }

    @Test("everyone has left a body that is not stored: the origin's is given up")
    func everyoneLeavesAWindow() async throws {
        try await scenario(.http) { stage in
            let latch = Latch()
            stage.origin.on(
                "/a",
                ScriptedAnswer(200, ["Cache-Control": "no-store"], bytes: TestBytes.pattern(500_000))
                    .holdingBody(after: 1_000, latch)
            )
            let crowd = try await stage.crowd(1, "/a")
            try await eventually("the head") { crowd.clients[0].bytesWaiting > 500 }
            await crowd.clients[0].reset()
            try await eventually("the end of the fill") { stage.fillsUnderWay == 0 }
            try await eventually("the end of the connection") { stage.origin.connectionsOpen == 0 }
            latch.open()
        }
    }
}
