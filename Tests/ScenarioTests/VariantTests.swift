import TestSupport
import Testing

@Suite("Variants and the directives of requests (RFC 9111, sections 4.1 and 5.2.1)")
struct VariantTests {
    /// An answer that names the language it was asked for.
    private static func translated(_ fields: KeyValuePairs<String, String>)
        -> @Sendable (RecordedRequest) ->
        ScriptedAnswer
    {
        { request in ScriptedAnswer(200, fields, body: "in \(request["Accept-Language"] ?? "none")") }
    }

    @Test("each is kept, and chosen by the fields that Vary names")
    func kept() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", Self.translated(["Cache-Control": "max-age=60", "Vary": "Accept-Language"]))
            for language in ["de", "fr", "de, fr"] {
                let first = try await stage.get("/a", ["Accept-Language": language])
                #expect(first.text == "in \(language)" && first.isStored)
            }
            for language in ["fr", "de", "de ,fr"] {
                let hit = try await stage.get("/a", ["Accept-Language": language])
                #expect(hit.isHit && hit.text == "in \(language == "de ,fr" ? "de, fr" : language)")
            }
            let other = try await stage.get("/a")
            #expect(other.isForwarded("vary-miss") && other.text == "in none")
            #expect(stage.origin.count("/a") == 4)
        }
    }

    @Test("requests that select different ones wait for different fills, the same for the same")
    func collapse() async throws {
        try await scenario(.http, loops: 2) { stage in
            let latch = Latch()
            stage.origin.on("/a") { request in
                let language = request["Accept-Language"] ?? ""
                let answer = ScriptedAnswer(
                    200,
                    ["Cache-Control": "max-age=60", "Vary": "Accept-Language"],
                    body: language
                )
                return language == "en" ? answer : answer.holdingHead(latch)
            }
            _ = try await stage.get("/a", ["Accept-Language": "en"])
            let crowds = [
                try await stage.crowd(5, "/a", ["Accept-Language": "de"]),
                try await stage.crowd(5, "/a", ["Accept-Language": "fr"]),
            ]
            try await stage.waitUntil(collapsed: 8)
            latch.open()
            for (crowd, language) in zip(crowds, ["de", "fr"]) {
                for response in try await crowd.responses() { #expect(response.text == language) }
            }
            #expect(stage.origin.count("/a") == 3)
        }
    }

    @Test("a head that turns out to vary: who waits and selects another asks alone")
    func surprise() async throws {
        try await scenario(.http, loops: 2) { stage in
            let latch = Latch()
            stage.origin.on("/a") { request in
                ScriptedAnswer(200, ["Cache-Control": "max-age=60", "Vary": "X-A"], body: request["X-A"] ?? "")
                    .holdingHead(latch)
            }
            let first = try await stage.crowd(1, "/a", ["X-A": "1"])
            try await stage.waitUntil(asked: "/a")
            let second = try await stage.crowd(3, "/a", ["X-A": "2"])
            try await stage.waitUntil(collapsed: 3)
            latch.open()
            #expect(try await first.responses()[0].text == "1")
            for response in try await second.responses() { #expect(response.text == "2") }
            #expect(try await stage.get("/a", ["X-A": "1"]).isHit)
            #expect(try await stage.get("/a", ["X-A": "2"]).isHit)
        }
    }

    @Test("a purge of the URL kills all of them")
    func purge() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", Self.translated(["Cache-Control": "max-age=60", "Vary": "Accept-Language"]))
            for language in ["de", "fr"] { _ = try await stage.get("/a", ["Accept-Language": language]) }
            stage.purge(url: "/a")
            for language in ["de", "fr"] {
                #expect(!(try await stage.get("/a", ["Accept-Language": language]).isHit))
            }
        }
    }

    @Test("5.2.1.7: only-if-cached gets what is fresh, or 504, and the origin is never asked")
    func onlyIfCached() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(200, ["Cache-Control": "max-age=60"], body: "a"))
            let miss = try await stage.get("/a", ["Cache-Control": "only-if-cached"])
            #expect(miss.status == 504 && miss.cacheStatus.contains("only-if-cached"))
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a", ["Cache-Control": "only-if-cached"]).isHit)
            #expect(stage.origin.count("/a") == 1)
        }
    }

    @Test(
        "5.2.1: a request may ask for more than what is fresh",
        arguments: ["no-cache", "max-age=0", "min-fresh=100", "max-age=5"]
    )
    func stricter(directive: String) async throws {
        try await scenario(.http) { stage in
            stage.origin.on(
                "/a",
                ScriptedAnswer(200, ["Cache-Control": "max-age=60", "Age": "10", "ETag": "\"1\""], body: "a"),
                ScriptedAnswer(304, ["ETag": "\"1\"", "Cache-Control": "max-age=60"])
            )
            _ = try await stage.get("/a")
            let validated = try await stage.get("/a", ["Cache-Control": directive])
            #expect(validated.text == "a" && validated.isForwarded("request; fwd-status=304"))
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test("a bucket's site does not let a reload in a browser cost an origin request")
    func reloadAtBucket() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, ["ETag": "\"1\""], body: "a"))
            _ = try await stage.get("/a")
            for directive in ["no-cache", "max-age=0"] {
                #expect(try await stage.get("/a", ["Cache-Control": directive, "Pragma": "no-cache"]).isHit)
            }
            #expect(stage.origin.count("/site/a") == 1)
        }
    }

    @Test("RFC 5861 3: a stale answer at once, and one revalidation in the background")
    func staleWhileRevalidate() async throws {
        try await scenario(.http, loops: 2) { stage in
            let latch = Latch()
            stage.origin.on(
                "/a",
                ScriptedAnswer(
                    200,
                    ["Cache-Control": "max-age=1, stale-while-revalidate=600", "Age": "5", "ETag": "\"1\""],
                    body: "one"
                ),
                ScriptedAnswer(200, ["Cache-Control": "max-age=60", "ETag": "\"2\""], body: "two").holdingHead(latch)
            )
            _ = try await stage.get("/a")
            for _ in 0..<5 {
                let stale = try await stage.get("/a")
                #expect(stale.text == "one" && stale.isHit && stale.cacheStatus.contains("stale-while-revalidate"))
            }
            try await stage.waitUntil(asked: "/a", times: 2)
            latch.open()
            try await eventually("the new version") { try await stage.get("/a").text == "two" }
            #expect(stage.origin.count("/a") == 2)
            #expect(stage.origin.last("/a")?["If-None-Match"] == "\"1\"")
        }
    }

    @Test("RFC 9111 4.2.4: without a connection to the origin a stale answer, unless a directive forbids it")
    func disconnected() async throws {
        for (directives, expected) in [
            ("max-age=1", 200), ("max-age=1, must-revalidate", 502), ("s-maxage=1", 502),
            ("max-age=1, proxy-revalidate", 502),
        ] {
            try await scenario(.http) { stage in
                stage.origin.on(
                    "/a",
                    ScriptedAnswer(200, ["Cache-Control": directives, "Age": "5"], body: "one"),
                    .closing
                )
                _ = try await stage.get("/a")
                let answer = try await stage.get("/a")
                #expect(answer.status == expected, "\(directives)")
            }
        }
    }

    @Test("a client's own conditions and ranges go to the origin where nothing is kept, and its answer comes back")
    func ownConditions() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/me") { request in
                request["If-None-Match"] == "\"mine\""
                    ? ScriptedAnswer(304, ["ETag": "\"mine\""])
                    : ScriptedAnswer(200, ["Cache-Control": "private", "ETag": "\"mine\""], body: "me")
            }
            _ = try await stage.get("/me")
            let unchanged = try await stage.get("/me", ["If-None-Match": "\"mine\""])
            #expect(unchanged.status == 304 && unchanged.text.isEmpty)
        }
    }

    @Test("an origin that sends http on to https: nobody else gets that, for the scheme is not in the key")
    func redirectToTLS() async throws {
        try await scenario(.http) { stage in
            let fields: KeyValuePairs = ["Cache-Control": "max-age=60", "Location": "https://edge.test/a"]
            stage.origin.on("/a", ScriptedAnswer(301, fields))
            for _ in 0..<2 {
                let answer = try await stage.get("/a")
                #expect(answer.status == 301 && !answer.isStored && !answer.isHit)
            }
            #expect(stage.origin.last("/a")?["X-Forwarded-Proto"] == "http")
        }
    }
}
