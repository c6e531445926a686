import CacheStore
import HTTPWire
import Telemetry
import TestSupport
import Testing

@testable import Edge

@Suite("All clients of a fill leave")
struct LeavingTests {
    private static let mebibyte = 1 << 20

    private func leave(_ stage: Stage, after bytes: Int, count: Int = 3) async throws {
        let crowd = try await stage.crowd(count, "/a")
        try await stage.waitUntil(asked: "/site/a")
        try await eventually("\(bytes) bytes") { stage.count(.originBytes) >= bytes }
        for client in crowd.clients { await client.reset() }
    }

    @Test("little is missing: it is finished, and the next request is a hit", arguments: [1, 2])
    func finished(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(3 * Self.mebibyte)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, bytes: body).holdingBody(after: 2 * Self.mebibyte + 100, latch)
            )
            try await leave(stage, after: 2 * Self.mebibyte + 100)
            // The origin goes on when nobody waits any more.
            try await eventually("the clients to be gone") { stage.clientsGone >= 3 }
            latch.open()
            try await eventually("the end of the fill") { stage.fillsUnderWay == 0 }
            let hit = try await stage.get("/a")
            #expect(hit.isHit && hit.body == body && stage.count(.fillsAbandoned) == 0)
        }
    }

    @Test(
        "much is missing: the origin is let go, the memory is given back, and a new request asks anew",
        arguments: [ScriptedAnswer.Framing.length, .chunked],
        [1, 2]
    )
    func abandoned(framing: ScriptedAnswer.Framing, loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(6 * Self.mebibyte)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, bytes: body, framing: framing).holdingBody(after: 2 * Self.mebibyte, latch),
                ScriptedAnswer(200, bytes: body, framing: framing)
            )
            try await leave(stage, after: 2 * Self.mebibyte)
            if case .chunked = framing {
                // Looked at when they leave, or when more comes.
                try await eventually("the clients to be gone") { stage.clientsGone >= 3 }
                latch.open()
            }
            try await eventually("the end of the fill") { stage.fillsUnderWay == 0 }
            #expect(stage.count(.fillsAbandoned) == 1 && stage.count(.fillsBroken) == 0)
            #expect(stage.statistics.memoryObjects == 0 && stage.unaccountedBytes == 0)
            try await eventually("the origin's connection to be closed") { stage.origin.connectionsOpen == 0 }
            let again = try await stage.get("/a")
            #expect(again.isForwarded("uri-miss") && again.isStored && again.body == body)
            #expect(stage.origin.count("/site/a") == 2)
            latch.open()
        }
    }

    @Test("a client that has the part that it wanted has not left: the rest is stored")
    func part() async throws {
        try await scenario { stage in
            let latch = Latch()
            let body = TestBytes.pattern(4 * Self.mebibyte)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, ["ETag": "\"1\""], bytes: body).holdingBody(after: 5000, latch)
            )
            let part = try await stage.get("/a", ["Range": "bytes=10-19"])
            #expect(part.status == 206 && part.body == Array(body[10..<20]))
            latch.open()
            try await eventually("the end of the fill") { stage.fillsUnderWay == 0 }
            let whole = try await stage.get("/a")
            #expect(whole.isHit && whole.body == body && stage.origin.count("/site/a") == 1)
        }
    }

    @Test("before there is a head nothing is known: it goes on, and is given up when the head says how much it is")
    func beforeTheHead() async throws {
        for length in [1000, 3 * Self.mebibyte] {
            try await scenario { stage in
                let latch = Latch()
                stage.origin.on("/site/a", ScriptedAnswer(200, bytes: TestBytes.pattern(length)).holdingHead(latch))
                try await leave(stage, after: 0)
                try await eventually("the clients to be gone") { stage.clientsGone >= 3 }
                #expect(stage.fillsUnderWay == 1)
                latch.open()
                try await eventually("the end of the fill") { stage.fillsUnderWay == 0 }
                #expect(stage.count(.fillsAbandoned) == (length > Self.mebibyte ? 1 : 0))
                #expect(try await stage.get("/a").isHit == (length < Self.mebibyte))
            }
        }
    }

    @Test("one that stays, or comes before the others leave, gets everything")
    func oneStays() async throws {
        try await scenario(loops: 2) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(6 * Self.mebibyte)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body).holdingBody(after: Self.mebibyte, latch))
            let first = try await stage.crowd(3, "/a")
            try await eventually("some bytes") { stage.count(.originBytes) >= Self.mebibyte }
            let late = try await stage.crowd(1, "/a")
            try await stage.waitUntil(collapsed: 3)
            for client in first.clients { await client.reset() }
            try await eventually("the clients to be gone") { stage.clientsGone >= 3 }
            latch.open()
            let response = try await late.responses()[0]
            #expect(response.body == body && response.isCollapsed && stage.origin.count("/site/a") == 1)
        }
    }

    @Test("requests that come while it is decided join or ask anew, and always get everything", arguments: [1, 2])
    func race(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let body = TestBytes.pattern(2 * Self.mebibyte)
            stage.origin.onAnything { _ in
                ScriptedAnswer(200, bytes: body).inPieces(of: 400_000, every: .milliseconds(2))
            }
            for round in 0..<25 {
                let leaving = try await stage.crowd(2, "/\(round)")
                try await eventually("some bytes") { leaving.clients.contains { $0.bytesWaiting > 1000 } }
                async let coming = stage.get("/\(round)")
                for client in leaving.clients { await client.reset() }
                let response = try await coming
                #expect(response.status == 200 && response.body == body, "\(round): \(response.cacheStatus)")
            }
            try await eventually("the end of every fill") { stage.fillsUnderWay == 0 }
            try await eventually("no memory but that of what is stored") { stage.unaccountedBytes == 0 }
        }
    }
}
