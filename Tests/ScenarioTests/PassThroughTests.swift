import CacheStore
import HTTPWire
import NIOCore
import Telemetry
import TestSupport
import Testing

@testable import Edge

/// The memory tier of 8 MiB takes objects of at most 1 MiB here.
@Suite("Bodies that are not stored pass through a window")
struct PassThroughTests {
    static let cap = 1 << 20

    @Test(
        "an object above the cap arrives whole, is not stored, and leaves no memory taken",
        arguments: [ScriptedAnswer.Framing.length, .chunked, .untilClose],
        [1, 2]
    )
    func large(framing: ScriptedAnswer.Framing, loops: Int) async throws {
        try await scenario(loops: loops, memoryMiB: 8) { stage in
            let body = TestBytes.pattern(6 * Self.cap + 17)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body, framing: framing).inPieces(of: 60_000))
            let before = stage.statistics.memoryUsedBytes
            for _ in 0..<2 {
                let response = try await stage.get("/a")
                #expect(response.body == body)
            }
            #expect(stage.origin.count("/site/a") == 2)
            #expect(stage.statistics.memoryObjects == 0)
            try await eventually("memory to be given back") { stage.statistics.memoryUsedBytes == before }
        }
    }

    @Test("all who waited share one window, fast and slow", arguments: [1, 2])
    func shared(loops: Int) async throws {
        try await scenario(loops: loops, memoryMiB: 8) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(4 * Self.cap)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body).holdingHead(latch).inPieces(of: 50_000))
            let crowd = try await stage.crowd(8, "/a")
            try await stage.waitUntil(collapsed: 7)
            for client in crowd.clients[..<3] { try await client.setReading(false) }
            latch.open()
            try await eventually("what the slow ones hold back") { stage.count(.originBytes) > Self.cap }
            for client in crowd.clients[..<3] { try await client.setReading(true) }
            for response in try await crowd.responses() { #expect(response.body == body) }
            #expect(stage.origin.count("/site/a") == 1)
        }
    }

    @Test("one that takes nothing does not stop the others for good", arguments: [1, 2])
    func stalledReader(loops: Int) async throws {
        try await scenario(loops: loops, memoryMiB: 8, windowStall: .seconds(2)) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(9 * Self.cap)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body).holdingHead(latch).inPieces(of: 256 << 10))
            let stalled = try await stage.connect(receiveBuffer: 16 << 10)
            try await stalled.setReading(false)
            try await stalled.send(Stage.request("/a"))
            try await stage.waitUntil(asked: "/site/a")
            let crowd = try await stage.crowd(2, "/a")
            try await stage.waitUntil(collapsed: 2)
            latch.open()
            for client in crowd.clients {
                let response = try await client.response(within: .seconds(60))
                #expect(response.body == body)
            }
            await crowd.close()
            #expect(stage.failures("client-stalled") == 1 && stage.origin.count("/site/a") == 1)
            try await eventually("the end of the stalled one") { stalled.ending != nil }
            #expect(stalled.bytesWaiting < body.count)
        }
    }

    @Test("a slow reader holds the origin back: what lies between them is bounded")
    func slowReader() async throws {
        try await scenario(memoryMiB: 8) { stage in
            let body = TestBytes.pattern(40 * Self.cap)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body).inPieces(of: 256 << 10))
            let client = try await stage.connect(receiveBuffer: 16 << 10)
            try await client.setReading(false)
            try await client.send(Stage.request("/a"))
            var last = -1
            try await eventually("the origin to be held back") {
                let now = stage.count(.originBytes)
                defer { last = now }
                // Twice the same, a while apart, and more than nothing.
                try await Task.sleep(for: .milliseconds(100))
                return now == last && now > Self.cap
            }
            // The window, and the kernel's buffers of at most 4 MiB on either side of the edge.
            #expect(last < 12 * Self.cap)
            try await client.setReading(true)
            #expect(try await client.response(within: .seconds(40)).body == body)
            await client.close()
        }
    }

    @Test("the slow one leaves: the others go on", arguments: [1, 2])
    func slowReaderLeaves(loops: Int) async throws {
        try await scenario(loops: loops, memoryMiB: 8) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(16 * Self.cap)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body).holdingHead(latch).inPieces(of: 256 << 10))
            let slow = try await stage.connect(receiveBuffer: 16 << 10)
            try await slow.setReading(false)
            try await slow.send(Stage.request("/a"))
            try await stage.waitUntil(asked: "/site/a")
            let others = try await stage.crowd(4, "/a")
            try await stage.waitUntil(collapsed: 4)
            latch.open()
            try await eventually("a full window") { stage.count(.originBytes) > 2 * Self.cap }
            await slow.reset()
            for response in try await others.responses() { #expect(response.body == body) }
        }
    }

    @Test("fills hold the whole budget: what comes then passes through, and is served all the same")
    func noRoom() async throws {
        try await scenario(memoryMiB: 8) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(900_000)
            var crowds: [Crowd] = []
            for number in 0..<12 {
                stage.origin.on("/site/\(number)", ScriptedAnswer(200, bytes: body).holdingBody(after: 10, latch))
                crowds.append(try await stage.crowd(1, "/\(number)"))
            }
            try await eventually("refusals") { stage.notStored(.store(.noRoom)) > 0 }
            latch.open()
            for crowd in crowds {
                let responses = try await crowd.responses()
                #expect(responses[0].body == body)
            }
            let used = stage.statistics.memoryUsedBytes
            #expect(used <= 8 << 20)
        }
    }
}
