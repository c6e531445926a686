import TestSupport
import Testing

@Suite("Design: purges, by the command against a control")
struct PurgePlayTests {
    static let scopes: [(String, covers: Bool)] = [
        ("/docs/a.css", true), ("/docs/a.css?v=1", true), ("--prefix=http://edge.test/docs/", true),
        ("--site=edge.test", true), ("--all", true), ("--tag=blue", true), ("/docs/b.css", false),
        ("/docs/a.css?v=2", false), ("--prefix=http://edge.test/docs/x", false), ("--tag=red", false),
    ]

    @Test("a hit before is a miss afterwards, for what the scope covers and for nothing else", arguments: scopes)
    func scope(_ scope: String, _ covers: Bool) async throws {
        try await play(control: true) { stage in
            stage.origin("/docs/a.css", "Cache-Control: max-age=600", "ETag: \"a\"", "Cache-Tag: green, blue")
            try await stage.get("/docs/a.css?v=1").expect(.miss, .stored)
            try await stage.get("/docs/a.css?v=1").expect(.hit)
            try await stage.purge(scope)
            if covers {
                // Not even a condition (rule N3).
                try await stage.get("/docs/a.css?v=1").expect(.miss, .body("answer 2"))
                stage.expectAsked("/docs/a.css", 2, .no("If-None-Match"))
            }
            try await stage.get("/docs/a.css?v=1").expect(.hit)
        }
    }

    @Test("soft: served stale at most once more, then confirmed")
    func soft() async throws {
        try await play(control: true) { stage in
            stage.origin("/a", "Cache-Control: max-age=600", "ETag: \"a\"")
            try await stage.get("/a").expect(.miss)
            try await stage.purge("/a", "--soft")
            try await eventually("the confirmation") {
                try await stage.get("/a").expect(200, .body("answer 1"))
                return stage.asked("/a") == 2
            }
            stage.expectAsked("/a", 2, .field("If-None-Match", has: "\"a\""))
            try await eventually("a hit") { try await stage.get("/a").isHit }
            #expect(stage.asked("/a") == 2)
        }
    }

    @Test("rule N2: a purge during a fill cannot be undone by it", arguments: [0, 5])
    func duringAFill(_ sent: Int) async throws {
        try await play(control: true) { stage in
            let held = Latch()
            let old = ScriptedAnswer.ok("Cache-Control: max-age=600", body: "old bytes")
            stage.origin("/a", sent == 0 ? old.holdingHead(held) : old.holdingBody(after: sent, held))
            let client = try await stage.crowd(1, "/a")[0]
            try await eventually("the question") { stage.asked("/a") == 1 }
            stage.origin("/a", "Cache-Control: max-age=600", body: "new bytes")
            try await stage.purge("/a")
            try await stage.get("/a").expect(200, .body("new bytes"))
            held.open()
            try await stage.answer(on: client).expect(200, .body("old bytes"))
            try await stage.get("/a").expect(.hit, .body("new bytes"))
        }
    }

    @Test("rule N7: a purge is remembered over a restart, on disk, too")
    func restart() async throws {
        try await play(disk: true, control: true) { stage in
            stage.origin("/a", "Cache-Control: max-age=600", body: "a")
            stage.origin("/b", "Cache-Control: max-age=600", body: "b")
            for path in ["/a", "/b"] { try await stage.get(path).expect(.miss, .stored) }
            try await stage.purge("/a")
            try await stage.restart()
            try await stage.get("/b").expect(.hit)
            try await stage.get("/a").expect(.miss)
        }
    }

    @Test("rule N8: control is gone: nothing is served that has not been confirmed, and everything is served that has")
    func withoutControl() async throws {
        try await play(control: true) { stage in
            stage.origin("/a", "Cache-Control: max-age=600", "ETag: \"a\"")
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a").expect(.hit)
            stage.control?.process.kill()
            try await eventually("the end of the lease") { try await !stage.get("/a").isHit }
            try await stage.get("/a").expect(.validated, .body("answer 1"))
        }
    }
}
