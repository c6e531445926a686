import TestSupport
import Testing

@Suite("RFC 9111 4.4: invalidation")
struct InvalidationPlayTests {
    private static func reusable(_ stage: Play, _ path: String) async throws {
        stage.origin(path) { request in
            request.method == "GET"
                ? .ok("Cache-Control: max-age=600", "ETag: \"\(path)\"", body: path) : .ok(body: "done")
        }
        try await stage.get(path).expect(.miss, .stored)
        try await stage.get(path).expect(.hit)
    }

    @Test(
        "an unsafe method that succeeds makes the URL's answer invalid",
        arguments: ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"]
    )
    func unsafe(_ method: String) async throws {
        try await play { stage in
            try await Self.reusable(stage, "/a")
            try await stage.send(method, "/a", body: "x").expect(200, .body("done"))
            try await stage.get("/a").expect(.fetched, .body("/a"))
            try await stage.get("/a").expect(.hit)
        }
    }

    @Test("a safe one does not", arguments: ["GET", "HEAD", "OPTIONS"])
    func safe(_ method: String) async throws {
        try await play { stage in
            try await Self.reusable(stage, "/a")
            try await stage.send(method, "/a").expect(200)
            try await stage.get("/a").expect(.hit)
        }
    }

    @Test("nor one that fails", arguments: [400, 403, 404, 409, 500, 503])
    func failed(_ status: Int) async throws {
        try await play { stage in
            stage.origin("/a") { request in
                request.method == "GET" ? .ok("Cache-Control: max-age=600", body: "a") : .status(status, body: "no")
            }
            try await stage.get("/a").expect(.miss)
            try await stage.send("POST", "/a", body: "x").expect(.status(status))
            try await stage.get("/a").expect(.hit)
        }
    }

    @Test("a redirection is a success", arguments: [201, 204, 303])
    func successes(_ status: Int) async throws {
        try await play { stage in
            stage.origin("/a") { request in
                request.method == "GET" ? .ok("Cache-Control: max-age=600", body: "a") : .status(status, "X: 1")
            }
            try await stage.get("/a").expect(.miss)
            try await stage.send("POST", "/a", body: "x").expect(.status(status))
            try await stage.get("/a").expect(.fetched)
        }
    }

    @Test(
        "so are the URLs that Location and Content-Location name, of the same host",
        arguments: ["Location", "Content-Location"],
        ["POST", "DELETE", "M-SEARCH"]
    )
    func named(_ field: String, _ method: String) async throws {
        try await play { stage in
            for path in ["/b", "/c", "/d"] { try await Self.reusable(stage, path) }
            stage.origin(
                "/a",
                .ok("\(field): /b", body: "done"),
                .ok("\(field): http://edge.test/c"),
                .ok("\(field): http://other.test/d")
            )
            for _ in 0..<3 { try await stage.send(method, "/a", body: "x").expect(200) }
            try await stage.get("/b").expect(.fetched)
            try await stage.get("/c").expect(.fetched)
            try await stage.get("/d").expect(.hit)
        }
    }

    @Test("the query belongs to the URL")
    func query() async throws {
        try await play { stage in
            for path in ["/a?x=1", "/a?x=2"] { try await Self.reusable(stage, path) }
            try await stage.send("POST", "/a?x=1", body: "x").expect(200)
            try await stage.get("/a?x=1").expect(.fetched)
            try await stage.get("/a?x=2").expect(.hit)
        }
    }

    @Test("every variant is invalid")
    func variants() async throws {
        try await play { stage in
            stage.origin("/a") { request in
                request.method == "GET" ? .ok("Cache-Control: max-age=600", "Vary: Foo", body: "a") : .ok()
            }
            for foo in ["1", "2"] { try await stage.get("/a", "Foo: \(foo)").expect(.fetched) }
            try await stage.send("PUT", "/a", body: "x").expect(200)
            for foo in ["1", "2"] { try await stage.get("/a", "Foo: \(foo)").expect(.fetched) }
        }
    }

    @Test("on disk, too, and over a restart (design, numbers 3)")
    func disk() async throws {
        try await play(disk: true) { stage in
            for path in ["/a", "/b"] { try await Self.reusable(stage, path) }
            try await stage.send("DELETE", "/a").expect(200)
            try await stage.restart()
            try await stage.get("/b").expect(.hit)
            try await stage.get("/a").expect(.fetched)
        }
    }

    @Test("an answer that is still coming when it happens is not stored as if it were newer")
    func duringAFill() async throws {
        try await play { stage in
            let held = Latch()
            stage.server.on(
                "/a",
                ScriptedAnswer.ok("Cache-Control: max-age=600", body: "old bytes").holdingBody(after: 3, held)
            )
            let client = try await stage.crowd(1, "/a")[0]
            try await eventually("a part") { client.bytesWaiting > 0 }
            stage.origin("/a") { request in
                request.method == "GET" ? .ok("Cache-Control: max-age=600", body: "new bytes") : .ok()
            }
            try await stage.send("PUT", "/a", body: "new bytes").expect(200)
            held.open()
            try await stage.answer(on: client).expect(.body("old bytes"))
            try await stage.get("/a").expect(.body("new bytes"))
        }
    }
}
