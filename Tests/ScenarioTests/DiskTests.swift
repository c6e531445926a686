import CacheStore
import ControlPlane
import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("With a disk")
struct DiskTests {
    @Test("a restarted edge serves what it had admitted, forms too, byte for byte")
    func restart() async throws {
        let folder = try TemporaryFolder()
        try await scenario(disk: folder) { stage in
            let css = Texts.css(40_000)
            let large = TestBytes.pattern(700_000)
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(200, ["ETag": "\"a\"", "Content-Type": "text/css"], body: css)
            )
            stage.origin.on("/site/large", ScriptedAnswer(200, ["ETag": "\"l\"", "X-Kept": "1"], bytes: large))
            stage.origin.on("/site/once", ScriptedAnswer(200, bytes: large))
            var before: [String: RawClient.Response] = [:]
            for coding in ["identity", "gzip", "br"] {
                before[coding] = try await stage.get("/a.css", ["Accept-Encoding": coding])
            }
            // The second request is what admits a large one.
            for _ in 0..<2 { _ = try await stage.get("/large") }
            _ = try await stage.get("/once")

            let next = try await stage.restarted()
            for round in 0..<2 {
                for (coding, old) in before {
                    let response = try await next.get("/a.css", ["Accept-Encoding": coding])
                    #expect(response.isHit && response.body == old.body, "\(coding) \(round)")
                    for name in ["ETag", "Content-Encoding", "Vary", "Content-Type", "Date"] {
                        #expect(response[name] == old[name])
                    }
                }
                let response = try await next.get("/large")
                #expect(response.isHit && response.body == large && response["X-Kept"] == "1")
            }
            #expect(next.count(.compressedGzip) + next.count(.compressedBrotli) == 0)
            #expect(stage.origin.count("/site/a.css") == 1 && stage.origin.count("/site/large") == 1)
            let once = try await next.get("/once")
            #expect(once.isForwarded("uri-miss") && once.body == large)
            await next.strike()
        }
    }

    @Test("many ask at once for what is on disk: one read, no request to the origin", arguments: [1, 2])
    func crowd(loops: Int) async throws {
        let folder = try TemporaryFolder()
        try await scenario(loops: loops, disk: folder) { stage in
            let body = TestBytes.pattern(60_000)
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: body))
            _ = try await stage.get("/a")
            let next = try await stage.restarted()
            for response in try await next.crowd(50, "/a").responses() { #expect(response.body == body) }
            #expect(stage.origin.count("/site/a") == 1)
            await next.strike()
        }
    }

    @Test("a purge is remembered over a restart, and what it killed stays dead (rule N7)")
    func purged() async throws {
        let folder = try TemporaryFolder()
        try await scenario(disk: folder) { stage in
            stage.origin.onAnything { ScriptedAnswer(200, ["ETag": "\"same\""], body: $0.path) }
            for path in ["/a", "/b"] { _ = try await stage.get(path) }
            stage.purge(.url(host: "edge.test", path: "/a", query: nil))
            let next = try await stage.restarted()
            #expect(try await next.get("/b").isHit)
            #expect(try await next.get("/a").isForwarded("uri-miss"))
            #expect(stage.origin.last("/site/a")?["If-None-Match"] == nil)
            #expect(next.purgeNumber == 1)
            await next.strike()
        }
    }

    @Test("a 304's head is what a restarted edge has; a stale entry is confirmed from disk, too")
    func freshened() async throws {
        let folder = try TemporaryFolder()
        try await scenario(disk: folder) { stage in
            let old: KeyValuePairs = ["ETag": "\"v1\"", "Cache-Control": "max-age=1", "Age": "100"]
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, old, body: "a"),
                ScriptedAnswer(304, ["ETag": "\"v1\"", "Cache-Control": "max-age=500", "X-New": "1"])
            )
            stage.origin.on(
                "/site/b",
                ScriptedAnswer(200, old, body: "b"),
                ScriptedAnswer(304, ["ETag": "\"v1\"", "Cache-Control": "max-age=500", "X-New": "1"])
            )
            for _ in 0..<2 { _ = try await stage.get("/a") }
            _ = try await stage.get("/b")
            let next = try await stage.restarted()
            let freshened = try await next.get("/a")
            #expect(freshened.isHit && freshened.text == "a" && freshened["X-New"] == "1")
            let confirmed = try await next.get("/b")
            #expect(confirmed.isForwarded("stale; fwd-status=304") && confirmed.text == "b")
            let hit = try await next.get("/b")
            #expect(hit.isHit && hit["X-New"] == "1")
            await next.strike()
        }
    }

    @Test("what the memory tier cannot take is sent from disk, part by part", arguments: [1, 2])
    func fromDiskAlone(loops: Int) async throws {
        let folder = try TemporaryFolder()
        try await scenario(loops: loops, memoryMiB: 64, disk: folder) { stage in
            let body = TestBytes.pattern((3 << 20) + 5)
            let old: KeyValuePairs = ["ETag": "\"v1\"", "Content-Type": "text/css", "Cache-Control": "max-age=60"]
            stage.origin.on("/site/a", ScriptedAnswer(200, old, bytes: body))
            for _ in 0..<2 { _ = try await stage.get("/a") }

            let next = try await stage.restarted(memoryMiB: 8)
            for _ in 0..<2 {
                let response = try await next.get("/a", ["Accept-Encoding": "gzip"])
                #expect(response.isHit && response.body == body && response["Content-Encoding"] == nil)
            }
            let head = try await next.head("/a")
            #expect(head.isHit && head["Content-Length"] == "\(body.count)")
            #expect(try await next.get("/a", ["If-None-Match": "\"v1\""]).status == 304)
            for response in try await next.crowd(6, "/a").responses() { #expect(response.body == body) }

            let slow = try await next.connect(receiveBuffer: 16 << 10)
            try await slow.setReading(false)
            try await slow.send(Stage.request("/a") + Stage.request("/a"))
            let leaving = try await next.crowd(3, "/a")
            for client in leaving.clients { await client.reset() }
            try await slow.setReading(true)
            for _ in 0..<2 { #expect(try await slow.response().body == body) }
            await slow.close()
            #expect(stage.origin.count("/site/a") == 1)
            await next.strike()
        }
    }

    @Test("what lies on disk alone is confirmed by a 304 and goes on being served")
    func freshenedOnDiskAlone() async throws {
        let folder = try TemporaryFolder()
        try await scenario(disk: folder) { stage in
            let body = TestBytes.pattern(3 << 20)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, ["ETag": "\"v1\"", "Cache-Control": "max-age=1", "Age": "100"], bytes: body),
                ScriptedAnswer(304, ["ETag": "\"v1\"", "Cache-Control": "max-age=1", "Age": "100"])
            )
            for _ in 0..<3 { _ = try await stage.get("/a") }
            let next = try await stage.restarted(memoryMiB: 8)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(304, ["ETag": "\"v1\"", "Cache-Control": "max-age=500", "X-New": "1"])
            )
            for round in 0..<3 {
                let response = try await next.get("/a")
                #expect(response.body == body && response["X-New"] == "1" && response.isHit == (round > 0))
            }
            await next.strike()
        }
    }

    @Test("what memory has thrown out comes back from disk")
    func evicted() async throws {
        let folder = try TemporaryFolder()
        try await scenario(memoryMiB: 8, disk: folder) { stage in
            stage.origin.onAnything { request in
                ScriptedAnswer(200, bytes: TestBytes.pattern(60_000, seed: UInt64(request.path.utf8.count)))
            }
            let paths = (1...300).map { "/" + String(repeating: "x", count: $0) }
            for path in paths {
                _ = try await stage.get(path)
                // The write queue is bounded, and a slow disk would lose what comes too fast.
                await stage.flush()
            }
            #expect(stage.statistics.memoryEvictions > 0)
            #expect(stage.statistics.memoryUsedBytes <= stage.statistics.memoryLimitBytes)
            await stage.flush()
            let client = try await stage.connect()
            for path in paths.shuffled() {
                try await client.send(Stage.request(path))
                let response = try await client.response()
                #expect(response.isHit, "\(path.utf8.count)")
                #expect(response.body == TestBytes.pattern(60_000, seed: UInt64(path.utf8.count + 5)))
            }
            await client.close()
            #expect(stage.origin.requests.count == paths.count)
        }
    }
}
