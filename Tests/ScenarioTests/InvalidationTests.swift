import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("RFC 9111, 4.4: an unsafe method invalidates what is stored of its URL")
struct InvalidationTests {
    private func send(_ stage: Stage, _ method: String, _ path: String, _ fields: String = "") async throws
        -> RawClient.Response
    {
        let client = try await stage.connect()
        try await client.send(RelayTests.request(method, path, fields, body: "x"))
        let response = try await client.response(to: .post)
        await client.close()
        return response
    }

    /// Every GET gets another body; other methods what is given here.
    private func script(_ stage: Stage, _ answer: ScriptedAnswer = ScriptedAnswer(204)) async throws {
        let origin = stage.origin
        stage.origin.onAnything { [weak origin] request in
            guard request.method == "GET" else { return answer }
            let number = origin?.requests.count { $0.target == request.target && $0.method == "GET" } ?? 0
            return ScriptedAnswer(200, ["Cache-Control": "max-age=100", "Vary": "X-Form"], body: "\(number)")
        }
    }

    @Test("after an answer without an error", arguments: ["POST", "PUT", "DELETE", "PATCH", "FROB"], [200, 204, 303])
    func invalidates(method: String, status: Int) async throws {
        try await scenario(.http) { stage in
            try await script(stage, ScriptedAnswer(status))
            #expect(try await stage.get("/a?q=1").text == "1")
            #expect(try await stage.get("/a?q=1", ["X-Form": "b"]).text == "2")
            #expect(try await stage.get("/a").text == "1")
            #expect(try await stage.get("/b").text == "1")
            #expect(try await send(stage, method, "/a?q=1").status == status)
            // Every variant, and no other URL.
            #expect(try await stage.get("/a?q=1").text == "3")
            #expect(try await stage.get("/a?q=1", ["X-Form": "b"]).text == "4")
            #expect(try await stage.get("/a").isHit)
            #expect(try await stage.get("/b").isHit)
        }
    }

    @Test(
        "not after an error, and not after a safe method",
        arguments: [("POST", 404), ("PUT", 500), ("OPTIONS", 200)]
    )
    func leaves(method: String, status: Int) async throws {
        try await scenario(.http) { stage in
            try await script(stage, ScriptedAnswer(status))
            #expect(try await stage.get("/a").text == "1")
            #expect(try await send(stage, method, "/a").status == status)
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test(
        "also what Location and Content-Location name, if it is of the same host",
        arguments: [
            ("/b/c?d", true), ("http://edge.test/b/c?d", true), ("https://EDGE.test:443/b/./c?d#frag", true),
            ("c?d", true), ("//edge.test/b/c?d", true), ("http://ORIGIN/b/c?d", true),
            ("http://127.0.0.1:1/b/c?d", false),
            ("http://other.test/b/c?d", false), ("//edge.test.evil/b/c?d", false), ("/b", false),
            // Without a query it is every query's.
            ("/b/c", true), ("/b/c?e", false),
            ("ftp://edge.test/b/c?d", false), ("http://user@edge.test/b/c?d", false), ("", false), ("mailto:x", false),
        ],
        ["Location", "Content-Location"]
    )
    func references(to reference: (text: String, isKilled: Bool), in field: String) async throws {
        try await scenario(.http) { stage in
            var answer = ScriptedAnswer(201)
            let text = reference.text.split(separator: "ORIGIN", omittingEmptySubsequences: false)
            answer.add(name: field, value: text.joined(separator: "127.0.0.1:\(stage.origin.port)"))
            try await script(stage, answer)
            #expect(try await stage.get("/b/c?d").text == "1")
            #expect(try await send(stage, "POST", "/b/a?x=/y/").status == 201)
            #expect(try await stage.get("/b/c?d").isHit == !reference.isKilled)
        }
    }

    @Test("what is being fetched is not joined any more, and not stored", arguments: [1, 2])
    func underWay(loops: Int) async throws {
        try await scenario(.http, loops: loops) { stage in
            let latch = Latch()
            let stored: KeyValuePairs = ["Cache-Control": "max-age=100"]
            stage.origin.on(
                "/a",
                ScriptedAnswer(200, stored, body: "old").holdingBody(after: 1, latch),
                ScriptedAnswer(204),
                ScriptedAnswer(200, stored, body: "new")
            )
            let early = try await stage.crowd(1, "/a")
            _ = try await eventually("the head of the old one") { early.clients[0].bytesWaiting > 0 }
            #expect(try await send(stage, "PUT", "/a").status == 204)
            #expect(try await stage.get("/a").text == "new")
            latch.open()
            #expect(try await early.responses()[0].text == "old")
            let after = try await stage.get("/a")
            #expect(after.isHit && after.text == "new")
        }
    }

    @Test("a client that has its answer never gets older bytes, while many ask")
    func noOlderBytes() async throws {
        try await scenario(.http, loops: 2) { stage in
            let origin = stage.origin
            // The state of the resource is the number of PUTs that it has seen.
            stage.origin.onAnything { [weak origin] request in
                let puts = origin?.count("/a", method: "PUT") ?? 0
                guard request.method == "GET" else { return ScriptedAnswer(204) }
                return ScriptedAnswer(200, ["Cache-Control": "max-age=100"], body: "\(puts)")
            }
            try await withThrowingTaskGroup { group in
                for _ in 0..<4 {
                    group.addTask { for _ in 0..<50 { _ = try await stage.get("/a") } }
                }
                for number in 1...15 {
                    #expect(try await send(stage, "PUT", "/a").status == 204)
                    let seen = Int(try await stage.get("/a").text) ?? -1
                    #expect(seen >= number)
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("also on disk, over a restart")
    func onDisk() async throws {
        let folder = try TemporaryFolder()
        try await scenario(.http, disk: folder) { stage in
            try await script(stage)
            #expect(try await stage.get("/a").text == "1")
            #expect(try await stage.get("/b").text == "1")
            await stage.flush()
            #expect(try await send(stage, "DELETE", "/a").status == 204)
            await stage.flush()
            let again = try await stage.restarted()
            #expect(try await again.get("/a").text == "2")
            await again.strike()
        }
    }
}
