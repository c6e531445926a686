import ControlPlane
import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Purges")
struct PurgeTests {
    static func version(_ number: Int, _ fields: KeyValuePairs<String, String> = ["ETag": "\"same\""]) -> ScriptedAnswer
    {
        ScriptedAnswer(200, fields, body: "v\(number)")
    }

    @Test("a hit before is a miss afterwards, whatever the scope")
    func scopes() async throws {
        try await scenario { stage in
            stage.origin.onAnything { _ in
                ScriptedAnswer(200, ["x-amz-meta-cache-tag": "blue, green"], body: "a")
            }
            let scopes: [(PurgeScope, covers: Bool)] = [
                (.url(host: "edge.test", path: "/docs/", query: nil), true),
                (.url(host: "edge.test", path: "/docs/index.html", query: "x=1"), true),
                (.prefix(host: "edge.test", path: "/do"), true), (.site(host: "any.host"), true), (.all, true),
                (.tag("green", host: nil), true), (.tag("blue", host: "edge.test"), true),
                (.url(host: "edge.test", path: "/docs", query: nil), false),
                (.prefix(host: "edge.test", path: "/docs/x"), false), (.tag("red", host: nil), false),
            ]
            _ = try await stage.get("/docs/")
            for (scope, covers) in scopes {
                #expect(try await stage.get("/docs/?q").isHit)
                stage.purge(scope)
                let next = try await stage.get("/docs/")
                #expect(next.isHit == !covers, "\(scope)")
                if covers { #expect(next.isForwarded("uri-miss") && next.isStored) }
            }
        }
    }

    @Test("what a hard purge has killed is not even a condition (rule N3)")
    func noCondition() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", Self.version(1), Self.version(2))
            #expect(try await stage.get("/a").text == "v1")
            stage.purge(url: "/a")
            let next = try await stage.get("/a")
            #expect(next.text == "v2" && stage.origin.last("/site/a")?["If-None-Match"] == nil)
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test("nor does it help out when the origin fails")
    func noStale() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", Self.version(1), .closing)
            _ = try await stage.get("/a")
            stage.purge(.all)
            let next = try await stage.get("/a")
            #expect(next.status == 502 && next.text != "v1")
        }
    }

    @Test("a soft purge makes it stale: served while one revalidation runs, and also if that fails")
    func soft() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", Self.version(1), Self.version(2))
            _ = try await stage.get("/a")
            stage.purge(url: "/a", soft: true)
            await stage.origin.stop()
            let stale = try await stage.get("/a")
            #expect(stale.text == "v1" && stale.isHit && stale.cacheStatus.hasSuffix("; detail=soft-purge"))
            try await eventually("the failed revalidation") { stage.count(.originErrors) == 1 }
            try await stage.origin.restart()
            try await eventually("the new version") { try await stage.get("/a").text == "v2" }
            #expect(stage.origin.count("/site/a") == 2)
        }
    }

    @Test("a soft purge of what must be revalidated: the origin is asked first")
    func softMustRevalidate() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a",
                Self.version(1, ["ETag": "\"same\"", "Cache-Control": "max-age=60, must-revalidate"]),
                ScriptedAnswer(304, ["ETag": "\"same\""])
            )
            _ = try await stage.get("/a")
            stage.purge(url: "/a", soft: true)
            let confirmed = try await stage.get("/a")
            #expect(confirmed.text == "v1" && confirmed.isForwarded("stale; fwd-status=304"))
            #expect(try await stage.get("/a").isHit)
        }
    }

    enum When: CaseIterable, Sendable { case beforeHead, inBody }

    @Test(
        "during a fill: who asks afterwards does not join it, and its result is for nobody else (rules N1, N2)",
        arguments: When.allCases,
        [false, true]
    )
    func duringFill(when: When, olderEndsFirst: Bool) async throws {
        try await scenario(loops: 2) { stage in
            let latches = [Latch(), Latch()]
            let bodies = [TestBytes.pattern(50_000, seed: 1), TestBytes.pattern(50_000, seed: 2)]
            let answers = (0..<2).map { round in
                let answer = ScriptedAnswer(200, ["ETag": "\"same\""], bytes: bodies[round])
                return when == .inBody
                    ? answer.holdingBody(after: 20_000, latches[round]) : answer.holdingHead(latches[round])
            }
            stage.origin.on("/site/a", answers[0], answers[1])
            let older = try await stage.crowd(3, "/a")
            try await stage.waitUntil(asked: "/site/a")
            try await stage.waitUntil(collapsed: 2)
            if when == .inBody {
                try await eventually("a part of the body") { stage.count(.originBytes) >= 20_000 }
            }
            stage.purge(.url(host: "edge.test", path: "/a", query: nil))
            let newer = try await stage.crowd(3, "/a")
            try await stage.waitUntil(asked: "/site/a", times: 2)
            try await stage.waitUntil(collapsed: 4)
            for crowd in olderEndsFirst ? [older, newer] : [newer, older] {
                latches[crowd.clients[0] === older.clients[0] ? 0 : 1].open()
                let expected = bodies[crowd.clients[0] === older.clients[0] ? 0 : 1]
                for response in try await crowd.responses() { #expect(response.body == expected) }
                if olderEndsFirst, crowd.clients[0] === older.clients[0] { #expect(stage.count(.stores) == 0) }
            }
            let hit = try await stage.get("/a")
            #expect(hit.isHit && hit.body == bodies[1])
            #expect(stage.origin.count("/site/a") == 2)
        }
    }

    @Test("of any tag during a fill: its tags are not known yet, so it is not joined")
    func tagDuringFill() async throws {
        try await scenario { stage in
            let latch = Latch()
            stage.origin.on(
                "/site/a",
                Self.version(1, ["x-amz-meta-cache-tag": "t"]).holdingHead(latch),
                Self.version(2)
            )
            let older = try await stage.crowd(1, "/a")
            try await stage.waitUntil(asked: "/site/a")
            stage.purge(.tag("t", host: nil))
            #expect(try await stage.get("/a").text == "v2")
            latch.open()
            #expect(try await older.responses()[0].text == "v1")
            #expect(try await stage.get("/a").text == "v2")
        }
    }

    @Test("during a revalidation: its 304 revives nothing (rule N3)")
    func duringRevalidation() async throws {
        try await scenario { stage in
            let latch = Latch()
            stage.origin.on(
                "/site/a",
                Self.version(1, ["ETag": "\"same\"", "Cache-Control": "max-age=1", "Age": "100"]),
                ScriptedAnswer(304, ["ETag": "\"same\"", "Cache-Control": "max-age=500"]).holdingHead(latch),
                Self.version(2)
            )
            _ = try await stage.get("/a")
            let waiting = try await stage.crowd(1, "/a")
            try await stage.waitUntil(asked: "/site/a", times: 2)
            stage.purge(url: "/a")
            latch.open()
            // It began before the purge.
            #expect(try await waiting.responses()[0].text == "v1")
            #expect(try await stage.get("/a").text == "v2")
            #expect(stage.origin.last("/site/a")?["If-None-Match"] == nil)
        }
    }

    @Test("while a form is being made: the form goes with its entry (rule N4)")
    func duringCompression() async throws {
        try await scenario { stage in
            let texts = [Texts.css(900_000, seed: 1), Texts.css(900_000, seed: 2)]
            let fields: KeyValuePairs = ["ETag": "\"same\"", "Content-Type": "text/css"]
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(200, fields, body: texts[0]),
                ScriptedAnswer(200, fields, body: texts[1])
            )
            _ = try await stage.get("/a.css")
            let waiting = try await stage.crowd(1, "/a.css", ["Accept-Encoding": "br"])
            stage.purge(url: "/a.css")
            let next = try await stage.get("/a.css", ["Accept-Encoding": "br"])
            #expect(try Texts.decoded(next) == texts[1])
            _ = try await waiting.responses()
            for accepted in ["br", "gzip", "identity"] {
                let response = try await stage.get("/a.css", ["Accept-Encoding": accepted])
                #expect(try Texts.decoded(response) == texts[1])
            }
        }
    }

    @Test("a loop of requests never sees the old bytes once a purge has returned", arguments: [1, 2])
    func loop(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let current = Current()
            stage.origin.on("/site/a") { _ in Self.version(current.served) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                let done = Latch()
                defer { done.open() }
                for _ in 0..<4 {
                    group.addTask {
                        let client = try await stage.connect()
                        while !done.isOpen {
                            let oldest = current.oldest
                            try await client.send(Stage.request("/a"))
                            let text = try await client.response().text
                            #expect(try #require(Int(text.dropFirst())) >= oldest)
                        }
                        await client.close()
                    }
                }
                for number in 1...60 {
                    let asked = stage.origin.count("/site/a")
                    current.publish(number) { stage.purge(url: "/a") }
                    try await stage.waitUntil(asked: "/site/a", times: asked + 1)
                }
                done.open()
                try await group.waitForAll()
            }
        }
    }
}
