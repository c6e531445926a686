import CacheStore
import HTTPWire
import Settings
import Telemetry
import TestSupport
import Testing

@Suite("Origins that break")
struct BrokenOriginTests {
    @Test(
        "midway: every reader's connection breaks, nothing is stored, and the next request asks again",
        arguments: [ScriptedAnswer.Framing.length, .chunked],
        [1, 2]
    )
    func midway(framing: ScriptedAnswer.Framing, loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latch = Latch()
            let body = TestBytes.pattern(300_000)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, bytes: body, framing: framing).holdingBody(after: 100_000, latch)
                    .cutting(after: 150_000, reset: true),
                ScriptedAnswer(200, bytes: body)
            )
            let crowd = try await stage.crowd(20, "/a")
            try await stage.waitUntil(collapsed: 19)
            try await eventually("some bytes") { crowd.clients.allSatisfy { $0.bytesWaiting > 50_000 } }
            latch.open()
            for client in crowd.clients {
                let (bytes, ending) = try await client.untilClosed()
                // Whole for nobody: neither all of the bytes nor a last chunk, and no orderly end.
                #expect(bytes.count < 200_000 && !bytes.suffix(5).elementsEqual("0\r\n\r\n".utf8))
                #expect(ending == .broken)
            }
            #expect(stage.statistics.memoryObjects == 0)
            let again = try await stage.get("/a")
            #expect(again.isForwarded("uri-miss") && again.body == body)
            #expect(stage.origin.count("/site/a") == 2)
        }
    }

    @Test("fewer bytes than Content-Length said: broken, not stored")
    func truncated() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: TestBytes.pattern(5_000)).cutting(after: 4_000))
            let crowd = try await stage.crowd(1, "/a")
            let (bytes, ending) = try await crowd.clients[0].untilClosed()
            #expect(bytes.count < 5_000 && ending == .broken)
            #expect(stage.statistics.memoryObjects == 0)
        }
    }

    @Test("a request that waits for a compressed form of a body that breaks gets a clear 502, not half of it")
    func truncatedForm() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(200, ["Content-Type": "text/css"], body: Texts.css(50_000)).cutting(after: 30_000)
            )
            let response = try await stage.get("/a.css", ["Accept-Encoding": "br"])
            #expect(response.status == 502 && response["Content-Encoding"] == nil)
        }
    }

    @Test("no answer, half a head, no HTTP: 502 with a word in Cache-Status")
    func nothing() async throws {
        try await scenario { stage in
            let answers: [(String, ScriptedAnswer)] = [
                ("/closing", .closing), ("/resetting", .resetting),
                ("/half", .raw("HTTP/1.1 200 OK\r\nContent-Le", thenClose: true)),
                ("/nonsense", .raw("SMTP ready\r\n\r\n", thenClose: true)),
                ("/lengths", .raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab")),
            ]
            for (path, answer) in answers {
                stage.origin.on("/site" + path, answer)
                let response = try await stage.get(path)
                #expect(response.status == 502, "\(path)")
                #expect(response.isForwarded("uri-miss; detail=origin-"), "\(path): \(response.cacheStatus)")
            }
            await stage.origin.stop()
            let away = try await stage.get("/away")
            #expect(away.status == 502 && away.cacheStatus.contains("detail=origin-unreachable"))
        }
    }

    @Test("those who wait for an answer that does not come are told, each")
    func nothingForMany() async throws {
        try await scenario(loops: 2) { stage in
            let latch = Latch()
            stage.origin.on("/site/a", .raw(.hold(latch), .close))
            let crowd = try await stage.crowd(30, "/a")
            try await stage.waitUntil(collapsed: 29)
            latch.open()
            for response in try await crowd.responses() { #expect(response.status == 502) }
        }
    }

    @Test("an origin that recovers is asked again at once")
    func recovers() async throws {
        try await scenario(site: SiteChange { $0.negativeTTL = .seconds(0) }) { stage in
            stage.origin.on("/site/a", ScriptedAnswer(404), ScriptedAnswer(200, body: "here"))
            #expect(try await stage.get("/a").status == 404)
            #expect(try await stage.get("/a").text == "here")
            await stage.origin.stop()
            #expect(try await stage.get("/b").status == 502)
            try await stage.origin.restart()
            stage.origin.on("/site/b", ScriptedAnswer(200, body: "b"))
            #expect(try await stage.get("/b").text == "b")
        }
    }
}
