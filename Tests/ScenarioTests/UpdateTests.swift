import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("What later answers do to what is stored (RFC 9111, sections 3.1, 4.3.3 and 4.3.5)")
struct UpdateTests {
    private static let old = ScriptedAnswer(
        200,
        ["Cache-Control": "max-age=1", "Age": "5", "ETag": "\"1\""],
        body: "one"
    )

    @Test("4.3.5: the answer to a HEAD that names the same tag makes the stored response fresh again")
    func headUpdates() async throws {
        try await scenario(.http) { stage in
            let fresh: KeyValuePairs = ["Cache-Control": "max-age=60", "ETag": "\"1\"", "X": "2"]
            stage.origin.on("/a") { $0.method == "HEAD" ? ScriptedAnswer(200, fresh, body: "one") : Self.old }
            _ = try await stage.get("/a")
            let head = try await stage.head("/a")
            #expect(head.isForwarded("stale") && head["X"] == "2")
            let hit = try await stage.get("/a")
            #expect(hit.isHit && hit.text == "one" && hit["X"] == "2")
            #expect(stage.origin.count("/a") == 2)
        }
    }

    @Test("4.3.5: one that names another tag, or another length, makes it be asked for again", arguments: ["2", "1"])
    func headInvalidates(tag: String) async throws {
        try await scenario(.http) { stage in
            let other: KeyValuePairs = ["Cache-Control": "max-age=60", "ETag": "\"\(tag)\""]
            stage.origin.on("/a") { $0.method == "HEAD" ? ScriptedAnswer(200, other, body: "and longer") : Self.old }
            _ = try await stage.get("/a")
            _ = try await stage.head("/a")
            let again = try await stage.get("/a")
            #expect(again.isForwarded("uri-miss"))
            #expect(stage.origin.last("/a")?["If-None-Match"] == nil)
        }
    }

    @Test("4.3.3: what may not be stored takes the place of what was, also when the origin fails next")
    func superseded() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", Self.old, ScriptedAnswer(200, ["Cache-Control": "no-store"], body: "two"), .closing)
            for expected in ["one", "two"] {
                let answer = try await stage.get("/a")
                #expect(answer.text == expected)
            }
            let failed = try await stage.get("/a")
            #expect(failed.status == 502)
        }
    }

    @Test("5.2.2.7: fields that private names reach the client that asked, and nobody else")
    func privateFields() async throws {
        try await scenario(.http, loops: 2) { stage in
            let latch = Latch()
            let fields: KeyValuePairs = [
                "Cache-Control": "max-age=60, private=\"x-user, set-cookie\"", "X-User": "u", "Set-Cookie": "a=b",
                "X-All": "1", "Content-Type": "text/css",
            ]
            stage.origin.on("/a", ScriptedAnswer(200, fields, body: Texts.css(4_000)).holdingHead(latch))
            let first = try await stage.crowd(1, "/a", ["Accept-Encoding": "gzip"])
            try await stage.waitUntil(asked: "/a")
            let others = try await stage.crowd(2, "/a")
            try await stage.waitUntil(collapsed: 2)
            latch.open()
            let own = try await first.responses()[0]
            #expect(own["X-User"] == "u" && own["Set-Cookie"] == "a=b" && own["X-All"] == "1")
            var responses = try await others.responses()
            responses.append(try await stage.get("/a"))
            for response in responses {
                #expect(response["X-User"] == nil && response["Set-Cookie"] == nil && response["X-All"] == "1")
            }
            #expect(stage.origin.count("/a") == 1)
        }
    }

    @Test("RFC 5861 3: a revalidation that fails in the background is not repeated by every request")
    func backgroundFailure() async throws {
        try await scenario(.http) { stage in
            let fields: KeyValuePairs = ["Cache-Control": "max-age=1, stale-while-revalidate=600", "Age": "5"]
            stage.origin.on("/a", ScriptedAnswer(200, fields, body: "one"), ScriptedAnswer(503, body: "no"))
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a").isHit)
            try await eventually("the failed revalidation") { stage.count(.originErrors) == 1 }
            for _ in 0..<20 {
                let stale = try await stage.get("/a")
                #expect(stale.text == "one")
            }
            #expect(stage.origin.count("/a") < 15)
        }
    }
}
