import TestSupport
import Testing

@Suite("RFC 9111 4.1: Vary")
struct VaryTests {
    private static let fresh = "Cache-Control: max-age=60"

    static let rows = [
        Row("the same value", [fresh, "Vary: Foo"], first: ["Foo: 1"], second: ["Foo: 1"], .hit),
        Row("another value", [fresh, "Vary: Foo"], first: ["Foo: 1"], second: ["Foo: 2"], .varyMiss),
        Row("the second has none", [fresh, "Vary: Foo"], first: ["Foo: 1"], .varyMiss),
        Row("the first has none", [fresh, "Vary: Foo"], second: ["Foo: 1"], .varyMiss),
        Row("both have none", [fresh, "Vary: Foo"], .hit),
        Row("an empty value is not none", [fresh, "Vary: Foo"], first: ["Foo: "], .varyMiss),
        Row(
            "a field that is not named",
            [fresh, "Vary: Foo"],
            first: ["Foo: 1", "Bar: 1"],
            second: ["Foo: 1", "Bar: 2"],
            .hit
        ),
        Row("names in any case", [fresh, "Vary: fOO"], first: ["foo: 1"], second: ["FOO: 1"], .hit),
        Row("values keep their case", [fresh, "Vary: Foo"], first: ["Foo: a"], second: ["Foo: A"], .varyMiss),
        Row(
            "two fields, one differs",
            [fresh, "Vary: Foo, Bar"],
            first: ["Foo: 1", "Bar: 1"],
            second: ["Foo: 1", "Bar: 2"],
            .varyMiss
        ),
        Row(
            "two fields on two lines",
            [fresh, "Vary: Foo", "Vary: Bar"],
            first: ["Foo: 1", "Bar: 1"],
            second: ["Foo: 1", "Bar: 2"],
            .varyMiss
        ),
        Row(
            "two fields, their order does not matter",
            [fresh, "Vary: Foo, Bar"],
            first: ["Foo: 1", "Bar: 2"],
            second: ["Bar: 2", "Foo: 1"],
            .hit
        ),
        Row(
            "three fields, one omitted by both",
            [fresh, "Vary: A, B, C"],
            first: ["A: 1", "B: 2"],
            second: ["A: 1", "B: 2"],
            .hit
        ),
        Row("lines are combined", [fresh, "Vary: Foo"], first: ["Foo: 1", "Foo: 2"], second: ["Foo: 1, 2"], .hit),
        Row("blanks around commas", [fresh, "Vary: Foo"], first: ["Foo: 1,2"], second: ["Foo:  1 ,  2 "], .hit),
        Row(
            "the order of lines matters",
            [fresh, "Vary: Foo"],
            first: ["Foo: 1", "Foo: 2"],
            second: ["Foo: 2", "Foo: 1"],
            .varyMiss
        ),
        Row("*", [fresh, "Vary: *"], .fetched, .notStored),
        Row("* after a comma", [fresh, "Vary: , *"], .fetched),
        Row("* on a line of its own", [fresh, "Vary: Foo", "Vary: *"], .fetched),
        Row("* after a name", [fresh, "Vary: Foo, *"], .fetched),
        Row("* before a name", [fresh, "Vary: *, Foo"], .fetched),
        Row("an empty Vary", [fresh, "Vary: "], first: ["Foo: 1"], second: ["Foo: 2"], .hit),
        Row(
            "Accept-Encoding is the edge's own affair",
            [fresh, "Vary: Accept-Encoding"],
            first: ["Accept-Encoding: gzip"],
            second: ["Accept-Encoding: x"],
            .hit
        ),
        Row(
            "beside others, too",
            [fresh, "Vary: Accept-Encoding, Foo"],
            first: ["Accept-Encoding: gzip", "Foo: 1"],
            second: ["Foo: 2"],
            .varyMiss
        ),
    ]

    @Test("which second request the first one's answer fits", arguments: rows)
    func row(_ row: Row) async throws { try await row.play() }

    /// An origin that greets in the language asked for.
    private static func greeting(_ request: RecordedRequest) -> ScriptedAnswer {
        let language = request["Accept-Language"] ?? "none"
        return .ok(fresh, "Vary: Accept-Language", "ETag: \"\(language)\"", body: "in \(language)")
    }

    @Test("RFC 9111 4.1: variants lie side by side")
    func sideBySide() async throws {
        try await play { stage in
            stage.origin("/a", Self.greeting)
            for language in ["de", "en", "fr"] {
                try await stage.get("/a", "Accept-Language: \(language)").expect(
                    .fetched,
                    .stored,
                    .body("in \(language)")
                )
            }
            for language in ["fr", "de", "en"] {
                try await stage.get("/a", "Accept-Language: \(language)").expect(.hit, .body("in \(language)"))
            }
            #expect(stage.asked("/a") == 3)
        }
    }

    @Test("RFC 9111 4.1: of several that fit, the most recent")
    func newest() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=60", "Vary: Foo", body: "by Foo"),
                .ok("Cache-Control: max-age=60", "Vary: Bar", body: "by Bar")
            )
            try await stage.get("/a", "Foo: 1", "Bar: 1").expect(.miss, .body("by Foo"))
            try await stage.get("/a", "Foo: 2", "Bar: 1").expect(.varyMiss, .body("by Bar"))
            try await stage.get("/a", "Foo: 1", "Bar: 1").expect(.hit, .body("by Bar"))
            try await stage.get("/a", "Foo: 1", "Bar: 2").expect(.hit, .body("by Foo"))
        }
    }

    @Test("RFC 9111 4.1: a purge of the URL reaches every variant")
    func purged() async throws {
        try await play(control: true) { stage in
            stage.origin("/a", Self.greeting)
            try await stage.get("/a", "Accept-Language: de").expect(.miss)
            try await stage.get("/a", "Accept-Language: en").expect(.varyMiss)
            try await stage.purge("/a")
            try await stage.get("/a", "Accept-Language: de").expect(.fetched)
            try await stage.get("/a", "Accept-Language: en").expect(.fetched)
            try await stage.get("/a", "Accept-Language: en").expect(.hit)
        }
    }

    @Test("RFC 9111 4.3.1: a variant is validated with its own tag and the fields that select it")
    func validated() async throws {
        try await play { stage in
            stage.origin("/a") { request in
                let foo = request["Foo"] ?? ""
                let answer = ScriptedAnswer.ok(
                    "Cache-Control: max-age=0",
                    "Vary: Foo",
                    "ETag: \"\(foo)\"",
                    body: "for \(foo)"
                )
                return request["If-None-Match"] == "\"\(foo)\"" ? answer.withStatus(304) : answer
            }
            try await stage.get("/a", "Foo: 1").expect(.miss)
            try await stage.get("/a", "Foo: 2").expect(.fetched, .body("for 2"))
            try await stage.get("/a", "Foo: 1").expect(.validated, .body("for 1"))
            stage.expectAsked("/a", 3, "Foo: 1", .field("If-None-Match", has: "\"1\""))
        }
    }

    @Test("RFC 9111 4.1: clients that ask at once for different variants each get their own")
    func crowd() async throws {
        try await play { stage in
            stage.origin("/a", Self.greeting)
            try await stage.get("/a", "Accept-Language: x").expect(.miss)
            var clients: [(String, RawClient)] = []
            for number in 0..<24 {
                let language = ["de", "en", "fr"][number % 3]
                clients.append((language, try await stage.crowd(1, "/a", "Accept-Language: \(language)")[0]))
            }
            for (language, client) in clients {
                try await stage.answer(on: client).expect(200, .body("in \(language)"))
                await client.close()
            }
            #expect(stage.asked("/a") == 4)
        }
    }

    @Test("design, collapse: clients of a cold object whose Vary is not known yet get their own variants all the same")
    func coldCrowd() async throws {
        try await play { stage in
            let held = Latch()
            stage.origin("/a") { Self.greeting($0).holdingHead(held) }
            var clients: [(String, RawClient)] = []
            for number in 0..<12 {
                let language = ["de", "en", "fr"][number % 3]
                clients.append((language, try await stage.crowd(1, "/a", "Accept-Language: \(language)")[0]))
            }
            try await eventually("a question") { stage.asked("/a") >= 1 }
            held.open()
            for (language, client) in clients {
                try await stage.answer(on: client).expect(200, .body("in \(language)"))
                await client.close()
            }
        }
    }
}
