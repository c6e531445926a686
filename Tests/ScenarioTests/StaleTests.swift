import TestSupport
import Testing

@Suite("RFC 9111 4.2.4 and RFC 5861: stale answers")
struct StaleTests {
    /// What the origin does when it is asked again.
    enum Failure: String, Sendable, CaseIterable { case closes, resets, away, error503 = "503", error500 = "500" }

    private static func fail(_ failure: Failure, _ stage: Play, _ path: String) async {
        switch failure {
        case .closes: stage.origin(path, .closing)
        case .resets: stage.origin(path, .resetting)
        case .away: await stage.server.stop()
        case .error503: stage.origin(path, .status(503, body: "error"))
        case .error500: stage.origin(path, .status(500, body: "error"))
        }
    }

    @Test("RFC 5861 4: stale-if-error", arguments: Failure.allCases)
    func staleIfError(_ failure: Failure) async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=1, stale-if-error=3600", "Age: 100")
            try await stage.get("/a").expect(.miss)
            await Self.fail(failure, stage, "/a")
            try await stage.get("/a").expect(200, .stale, .body("answer 1"), .age(100...200))
        }
    }

    @Test("RFC 5861 4: its time is over", arguments: [Failure.closes, .error503])
    func tooStale(_ failure: Failure) async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=1, stale-if-error=50", "Age: 100")
            try await stage.get("/a").expect(.miss)
            await Self.fail(failure, stage, "/a")
            try await stage.get("/a").expect(.status(failure == .closes ? 502 : 503))
        }
    }

    @Test(
        "RFC 9111 4.2.4: never where a directive forbids stale answers",
        arguments: ["must-revalidate", "proxy-revalidate", "s-maxage=1", "no-cache"],
        [Failure.closes, .error503]
    )
    func forbidden(_ directive: String, _ failure: Failure) async throws {
        try await play(site: "stale_if_error: 1d") { stage in
            stage.origin("/a", "Cache-Control: max-age=1, stale-if-error=3600, \(directive)", "Age: 100", "ETag: \"a\"")
            try await stage.get("/a").expect(200)
            await Self.fail(failure, stage, "/a")
            try await stage.get("/a").expect(.status(failure == .closes ? 502 : 503), .no("Age"))
        }
    }

    @Test(
        "RFC 9111 4.2.4: without a connection a stale answer needs no permission",
        arguments: [Failure.closes, .away]
    )
    func disconnected(_ failure: Failure) async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=1", "Age: 100")
            try await stage.get("/a").expect(.miss)
            await Self.fail(failure, stage, "/a")
            try await stage.get("/a").expect(200, .stale, .body("answer 1"))
        }
    }

    @Test(
        "RFC 9111 4.3.3: an error is an answer: it is sent where nothing permits a stale one",
        arguments: [500, 502, 503, 504]
    )
    func errorIsAnAnswer(_ status: Int) async throws {
        try await play { stage in
            stage.origin("/a", .ok("Cache-Control: max-age=1", "Age: 100"), .status(status, body: "error"))
            try await stage.get("/a").expect(200)
            try await stage.get("/a").expect(.status(status), .body("error"))
        }
    }

    @Test("RFC 5861 4: the site's own stale_if_error", arguments: [500, 502, 503, 504])
    func ofTheSite(_ status: Int) async throws {
        try await play(site: "stale_if_error: 1h") { stage in
            stage.origin("/a", .ok("Cache-Control: max-age=1", "Age: 100"), .status(status, body: "error"))
            try await stage.get("/a").expect(200)
            try await stage.get("/a").expect(200, .stale, .body("body"))
        }
    }

    @Test("RFC 5861 4: other errors are answers", arguments: [404, 410, 403, 501, 599])
    func notAFailure(_ status: Int) async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=1, stale-if-error=3600", "Age: 100"),
                .status(status, body: "gone")
            )
            try await stage.get("/a").expect(200)
            try await stage.get("/a").expect(.status(status), .body("gone"))
        }
    }

    @Test("RFC 5861 3: stale-while-revalidate answers at once and asks once, whatever the origin's pace")
    func whileRevalidating() async throws {
        try await play { stage in
            let held = Latch()
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=1, stale-while-revalidate=3600", "Age: 100", body: "old"),
                ScriptedAnswer.ok("Cache-Control: max-age=60", body: "new").holdingHead(held)
            )
            try await stage.get("/a").expect(.miss, .body("old"))
            for _ in 0..<5 { try await stage.get("/a").expect(200, .body("old"), .age(100...200)) }
            try await eventually("the question") { stage.asked("/a") == 2 }
            held.open()
            try await eventually("the new answer") { try await stage.get("/a").text == "new" }
            try await stage.get("/a").expect(.hit, .body("new"))
            #expect(stage.asked("/a") == 2)
        }
    }

    @Test("RFC 5861 3: confirmed in the background by a 304")
    func confirmedInTheBackground() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=1, stale-while-revalidate=3600", "Age: 100", "ETag: \"a\"", body: "old"),
                .notModified("Cache-Control: max-age=60", "X-New: 1")
            )
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a").expect(200, .body("old"), .no("X-New"))
            try await eventually("the confirmation") { try await stage.get("/a")["X-New"] == "1" }
            try await stage.get("/a").expect(.hit, .body("old"), .age(0...50))
            stage.expectAsked("/a", 2, .field("If-None-Match", has: "\"a\""))
        }
    }

    @Test("RFC 5861 3: its time is over: the client waits for the answer")
    func windowIsOver() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=1, stale-while-revalidate=50", "Age: 100")
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a").expect(.fetched, .body("answer 2"))
        }
    }

    @Test(
        "RFC 9111 5.2.2.2, RFC 5861 3: must-revalidate beats stale-while-revalidate",
        arguments: ["must-revalidate", "proxy-revalidate", "no-cache"]
    )
    func mustRevalidate(_ directive: String) async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=1, stale-while-revalidate=3600, \(directive)", "Age: 100")
            try await stage.get("/a").expect(200)
            try await stage.get("/a").expect(.fetched, .body("answer 2"))
        }
    }

    @Test("RFC 5861 3: the origin fails in the background: the stale answer goes on, and the origin is not beaten")
    func failsInTheBackground() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=1, stale-while-revalidate=3600", "Age: 100", body: "old"),
                .status(503, body: "error")
            )
            try await stage.get("/a").expect(.miss)
            for _ in 0..<20 { try await stage.get("/a").expect(200, .body("old")) }
            try await eventually("the question") { stage.asked("/a") >= 2 }
            for _ in 0..<20 { try await stage.get("/a").expect(200, .body("old")) }
            #expect(stage.asked("/a") < 12)
        }
    }
}
