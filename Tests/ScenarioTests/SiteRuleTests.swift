import HTTPWire
import TestSupport
import Testing

@Suite("Rules of a site: lifetimes by path")
struct SiteLifetimeTests {
    @Test("force_ttl holds whatever an answer says of its lifetime, and for no path beside the pattern")
    func forced() async throws {
        try await play(site: "rules: [{ match: /assets/*, force_ttl: 1h }]") { stage in
            stage.origin("/assets/a.js", "Cache-Control: max-age=0")
            stage.origin("/assets/deep/a.js", "Cache-Control: max-age=0")
            stage.origin("/assets/b.js", "Cache-Control: s-maxage=0, max-age=0", "Expires: 0")
            for path in ["/assets/a.js", "/assets/b.js"] {
                try await stage.get(path).expect(.miss, .stored)
                try await stage.get(path).expect(.hit)
            }
            for _ in 0..<2 { try await stage.get("/assets/deep/a.js").expect(.fetched) }
        }
    }

    @Test("never over no-store or private (RFC 9111 5.2.2.5, 5.2.2.7)", arguments: ["no-store", "private, max-age=60"])
    func forbidden(control: String) async throws {
        try await play(site: "rules: [{ match: '/**', force_ttl: 1h }]") { stage in
            stage.origin("/a", "Cache-Control: \(control)")
            for _ in 0..<2 { try await stage.get("/a").expect(.fetched, .notStored) }
        }
    }

    @Test("no-cache is confirmed by the origin all the same (RFC 9111 5.2.2.4)")
    func noCache() async throws {
        try await play(site: "rules: [{ match: '/**', force_ttl: 1h }]") { stage in
            stage.origin("/a", "Cache-Control: no-cache", "ETag: \"a\"")
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a").expect(.validated)
        }
    }

    @Test("default_ttl is for an answer that says nothing itself")
    func preset() async throws {
        try await play(site: "rules: [{ match: '*.css', default_ttl: 1h }]") { stage in
            stage.origin("/x/a.css", fields: [])
            stage.origin("/x/b.css", "Cache-Control: max-age=0")
            stage.origin("/x/a.js", fields: [])
            try await stage.get("/x/a.css").expect(.miss, .stored)
            try await stage.get("/x/a.css").expect(.hit)
            for _ in 0..<2 { try await stage.get("/x/b.css").expect(.fetched) }
            for _ in 0..<2 { try await stage.get("/x/a.js").expect(.fetched, .notStored) }
        }
    }

    @Test("the first rule that matches decides; a bucket's index document has the path of its object")
    func firstMatch() async throws {
        let rules = """
            default_ttl: 1h
            rules:
              - { match: "*.html", force_ttl: 0s }
              - { match: /docs/**, force_ttl: 1h }
            """
        try await play(.bucket, site: rules) { stage in
            for path in ["/docs/index.html", "/docs/a.css", "/index.html"] {
                stage.origin(path, "Cache-Control: max-age=0", "ETag: \"a\"")
            }
            try await stage.get("/docs/a.css").expect(.fetched)
            try await stage.get("/docs/a.css").expect(.hit)
            for path in ["/", "/docs/"] {
                try await stage.get(path).expect(.cacheStatus("stored"))
                try await stage.get(path).expect(.cacheStatus("fwd-status=304"))
            }
        }
    }

    @Test("a 304 gives the rule's lifetime again")
    func confirmed() async throws {
        try await play(site: "rules: [{ match: '/**', default_ttl: 1s }]") { stage in
            stage.origin("/a", "ETag: \"a\"")
            try await stage.get("/a").expect(.miss, .stored)
            try await eventually("an entry that is confirmed") {
                try await stage.get("/a").message.cacheStatus.contains("fwd-status=304")
            }
            // The second may end between two requests.
            try await eventually("a hit on what was confirmed") {
                try await stage.get("/a").message.cacheStatus.contains("; hit")
            }
        }
    }
}

@Suite("Rules of a site: the query")
struct SiteQueryTests {
    @Test("any order of parameters is one object, and the origin is asked in that of the key")
    func sorted() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a?b=1&a=2&a=1").expect(.cacheStatus("stored"))
            try await stage.get("/a?a=2&b=1&a=1").expect(.cacheStatus("; hit"), .body("answer 1"))
            try await stage.get("/a?a=1&a=2&b=1").expect(.forwarded("uri-miss"))
            try await stage.get("/a").expect(.forwarded("uri-miss"))
            try await stage.get("/a?").expect(.forwarded("uri-miss"))
            #expect(stage.asked("/a?a=2&a=1&b=1") == 1 && stage.asked("/a?b=1&a=2&a=1") == 0)
        }
    }

    @Test("only the parameters that count are in the key, and reach the origin")
    func listed() async throws {
        try await play(site: "query: [v, lang]") { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a?v=1&utm_source=x").expect(.cacheStatus("stored"))
            try await stage.get("/a?fbclid=y&v=1").expect(.cacheStatus("; hit"))
            try await stage.get("/a?v=2").expect(.forwarded("uri-miss"))
            try await stage.get("/a?utm_source=x").expect(.forwarded("uri-miss"))
            for path in ["/a", "/a?", "/a?gclid=z"] { try await stage.get(path).expect(.cacheStatus("; hit")) }
            #expect(stage.asked("/a?v=1") == 1 && stage.asked("/a?v=2") == 1 && stage.asked("/a") == 3)
        }
    }

    @Test("none, and exact")
    func words() async throws {
        try await play(site: "query: none") { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a?x=1").expect(.cacheStatus("stored"))
            for path in ["/a", "/a?y", "/a?"] { try await stage.get(path).expect(.cacheStatus("; hit")) }
            #expect(stage.server.last("/a")?.target == "/a")
        }
        try await play(site: "query: exact") { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a?b=1&a=2").expect(.miss)
            try await stage.get("/a?a=2&b=1").expect(.miss)
            try await stage.get("/a?b=1&a=2").expect(.hit)
        }
    }

    @Test("a purge reaches the object however its query is written")
    func purges() async throws {
        try await play(site: "query: [a, b]", control: true) { stage in
            stage.origin("/x", "Cache-Control: max-age=60")
            try await stage.get("/x?b=2&a=1").expect(.cacheStatus("stored"))
            try await stage.get("/x?a=2").expect(.cacheStatus("stored"))
            try await stage.purge("/x?utm=7&a=1&b=2")
            try await stage.get("/x?a=1&b=2").expect(.forwarded("uri-miss"))
            try await stage.get("/x?a=2").expect(.cacheStatus("; hit"))
        }
    }
}

@Suite("Rules of a site: fields of answers")
struct SiteFieldRuleTests {
    static let rules = """
        add_headers: { X-Site: apus, X-Both: edge }
        remove_headers: [Server, X-Gone]
        rules:
          - match: /assets/**
            add_headers: { Cache-Control: "public, max-age=31536000, immutable", X-Site: assets }
            remove_headers: [X-Both]
        """

    @Test("added and removed on a miss, a hit, a 304, a part, HEAD and an error")
    func everyAnswer() async throws {
        try await play(site: Self.rules) { stage in
            let fields = [
                "Cache-Control: max-age=60", "ETag: \"e\"", "Server: s", "X-Gone: 1", "X-Both: origin", "X-Own: 1",
            ]
            stage.origin("/a", fields: fields, body: "0123456789")
            let set: [Expectation] = ["X-Site: apus", "X-Both: edge", .no("Server"), .no("X-Gone")]
            func check(_ answer: Answer, _ more: Expectation...) {
                answer.message.check(set + more, at: #_sourceLocation)
            }
            check(try await stage.get("/a"), .miss, "X-Own: 1")
            check(try await stage.get("/a"), .hit, "X-Own: 1", "Cache-Control: max-age=60")
            check(try await stage.get("/a", "If-None-Match: \"e\""), 304)
            check(try await stage.head("/a"), .hit, 200)
            check(try await stage.get("/a", "Range: bytes=0-3"), .body("0123"), 206)
            stage.origin("/none", status: 404, fields: ["Server: s"])
            check(try await stage.get("/none"), 404)
            stage.origin("/broken", .status(500, "Server: s"))
            check(try await stage.get("/broken"), 500)
        }
    }

    @Test("a rule's fields go before the site's; Cache-Control is for browsers, and not for errors or what is private")
    func byPath() async throws {
        try await play(site: Self.rules) { stage in
            stage.origin("/assets/a", "Cache-Control: max-age=0", "ETag: \"e\"", "X-Both: origin")
            stage.origin("/assets/p", "Cache-Control: private")
            stage.origin("/assets/e", status: 404, fields: [])
            let long: Expectation = "Cache-Control: public, max-age=31536000, immutable"
            try await stage.get("/assets/a").expect(.miss, long, "X-Site: assets", .no("X-Both"))
            // What the origin said holds here.
            try await stage.get("/assets/a").expect(.validated, long, "X-Site: assets")
            try await stage.get("/assets/a", "If-None-Match: \"e\"").expect(304, long)
            try await stage.get("/assets/p").expect("Cache-Control: private", .notStored)
            try await stage.get("/assets/e").expect(404, .no("Cache-Control"), "X-Site: assets")
        }
    }

    @Test("new settings hold at once for what a disk has kept", arguments: [Stage.Kind.http, .bucket])
    func afterRestart(kind: Stage.Kind) async throws {
        try await play(kind, site: "add_headers: { X-A: \"1\", X-B: \"1\" }", disk: true) { stage in
            let fields = ["Cache-Control: max-age=600", "ETag: \"e\"", "X-B: origin", "X-C: origin", "Server: s"]
            stage.origin("/a", fields: fields, body: "body")
            try await stage.get("/a").expect(.miss, "X-A: 1", "X-B: 1", "X-C: origin")
            try await stage.restart(
                changing: "add_headers: { X-A: \"1\", X-B: \"1\" }",
                to: "add_headers: { X-A: \"2\", X-C: \"2\" }\n    remove_headers: [Server]"
            )
            for _ in 0..<2 {
                try await stage.get("/a").expect(.hit, "X-A: 2", "X-B: origin", "X-C: 2", .no("Server"), .body("body"))
            }
            try await stage.get("/a", "If-None-Match: \"e\"").expect(304, "X-A: 2", "X-C: 2")
        }
    }

    @Test("a large object in blocks: whole, in part, and a part of one that is not known")
    func blocks() async throws {
        try await play(site: Self.rules, cache: "large_object: 1MiB") { stage in
            let bytes = TestBytes.pattern(3 << 20)
            stage.originServes("/a", bytes, "Cache-Control: max-age=60", "Server: s", "X-Both: origin")
            let set: [Expectation] = ["X-Site: apus", "X-Both: edge", .no("Server")]
            func check(_ answer: Answer, _ more: Expectation...) {
                answer.message.check(set + more, at: #_sourceLocation)
            }
            check(try await stage.get("/a", "Range: bytes=2000000-2000009"), 206, .bytes(bytes[2_000_000...2_000_009]))
            check(try await stage.get("/a"), 200, .bytes(bytes))
            check(try await stage.get("/a"), 200, .bytes(bytes))
            check(try await stage.get("/a", "Range: bytes=9999999-"), 416)
            check(try await stage.get("/a", "If-None-Match: \"file\""), 304)
        }
    }

    @Test("many answers on one connection: each gets its own")
    func pipelined() async throws {
        try await play(site: Self.rules) { stage in
            stage.origin("/a", "Cache-Control: max-age=60", "X-Both: origin")
            stage.origin("/assets/b", "Cache-Control: max-age=60")
            for path in ["/a", "/assets/b"] { try await stage.get(path) }
            let client = try await stage.connect()
            let paths = (0..<40).map { $0 % 3 == 0 ? "/assets/b" : "/a" }
            try await client.send(paths.map { Play.request("GET", $0, []) }.joined())
            for path in paths {
                let wanted: Expectation = path == "/a" ? "X-Site: apus" : "X-Site: assets"
                try await stage.answer(on: client).expect(200, wanted)
            }
            await client.close()
        }
    }

    @Test("clients that leave while an answer is on its way harm nobody")
    func leaving() async throws {
        try await play(site: Self.rules) { stage in
            let held = Latch()
            stage.origin("/a", ScriptedAnswer.ok("Cache-Control: max-age=60").holdingHead(held))
            for client in try await stage.crowd(10, "/a") { await client.reset() }
            held.open()
            try await stage.get("/a").expect(200, "X-Site: apus", "X-Both: edge")
            try await stage.get("/a").expect(.cacheStatus("; hit"), "X-Site: apus")
        }
    }
}

@Suite("Rules of a site: CORS, security and https")
struct SiteSecurityTests {
    static let star: Expectation = "Access-Control-Allow-Origin: *"

    @Test("a bucket's fonts are for all pages, by suffix or type, without a word in the settings")
    func bucketFonts() async throws {
        try await play(.bucket) { stage in
            stage.origin("/a.woff2", "Content-Type: application/octet-stream")
            stage.origin("/font", "Content-Type: font/woff2")
            stage.origin("/a.css", "Content-Type: text/css")
            stage.origin("/own.woff2", "Access-Control-Allow-Origin: https://a.test")
            for _ in 0..<2 {
                try await stage.get("/a.woff2").expect(200, Self.star)
                try await stage.get("/font").expect(200, Self.star)
                try await stage.get("/a.css").expect(200, .no("Access-Control-Allow-Origin"))
                try await stage.get("/own.woff2").expect(200, "Access-Control-Allow-Origin: https://a.test")
            }
        }
    }

    @Test("none, and all")
    func words() async throws {
        try await play(.bucket, site: "cors: none") { stage in
            stage.origin("/a.woff2", "Content-Type: font/woff2")
            try await stage.get("/a.woff2").expect(200, .no("Access-Control-Allow-Origin"))
        }
        try await play(site: "cors: all") { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            for _ in 0..<2 { try await stage.get("/a").expect(200, Self.star) }
        }
    }

    @Test("security fields where the origin has none, also on the edge's own errors")
    func security() async throws {
        try await play(.bucket, site: "security_headers: true\nremove_headers: [X-Frame-Options]") { stage in
            stage.origin("/a", "X-Frame-Options: DENY", "Referrer-Policy: no-referrer")
            for _ in 0..<2 {
                try await stage.get("/a").expect(
                    "X-Content-Type-Options: nosniff",
                    "Referrer-Policy: no-referrer",
                    .no("X-Frame-Options"),
                    .no("Strict-Transport-Security")
                )
            }
            stage.origin("/none", .status(404))
            try await stage.get("/none").expect(404, "X-Content-Type-Options: nosniff")
        }
    }

    @Test("http is sent to https, with the client's own target, but for a certificate authority's questions")
    func redirects() async throws {
        try await play(site: "redirect_https: true") { stage in
            stage.origin("/.well-known/acme-challenge/abc_-9", "Cache-Control: no-store", body: "proof")
            try await stage.get("/a%2Fb/../c?x=1&a=2", "Host: WWW.Test:8080").expect(
                301,
                "Location: https://www.test/a%2Fb/../c?x=1&a=2",
                .cacheStatus("detail=redirect-https"),
                "Cache-Control: max-age=3600"
            )
            try await stage.get("http://www.test?q").expect(301, "Location: https://www.test/?q")
            try await stage.head("/").expect(301, "Location: https://edge.test/")
            try await stage.get("/.well-known/acme-challenge/abc_-9").expect(200, .body("proof"))
            for path in ["/.well-known/acme-challenge/", "/.well-known/acme-challenge/../a"] {
                try await stage.get(path).expect(301)
            }
            #expect(stage.asked("/c") == 0)
            #expect(try await stage.metric("apus_requests_total{result=\"redirected\"}") == 5)
        }
    }

    @Test("no site for a host is 421, unless one has the star")
    func unknownHost() async throws {
        try await play(hosts: ["a.test", "*.b.test"]) { stage in
            stage.origin("/x", fields: [])
            for host in ["a.test", "A.test:80", "x.b.test"] { try await stage.get("/x", "Host: \(host)").expect(200) }
            for host in ["b.test", "c.test", "xa.test", "127.0.0.1"] {
                try await stage.get("/x", "Host: \(host)").expect(421, .cacheStatus("detail=unknown-host"))
            }
        }
    }
}
