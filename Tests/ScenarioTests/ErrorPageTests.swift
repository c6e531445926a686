import CacheStore
import HTTPWire
import Settings
import Telemetry
import TestSupport
import Testing

@Suite("Errors with the site's own document")
struct ErrorPageTests {
    private static let page = "<h1>Not here</h1>"
    private static let html: KeyValuePairs = [
        "Content-Type": "text/html", "ETag": "\"page\"", "Last-Modified": "Sun, 06 Nov 1994 08:49:37 GMT",
    ]

    private static func pages(_ site: inout SiteSettings) {
        site.negativeTTL = .seconds(3600)
        site.errorDocuments = [
            ErrorDocument(statuses: 404...404, path: "/404.html"),
            ErrorDocument(statuses: 400...499, path: "/4xx.html"),
            ErrorDocument(statuses: 500...599, path: "/5xx.html"),
        ]
    }

    @Test("the document under the error's status, fetched once, and unconditional", arguments: [1, 2])
    func document(loops: Int) async throws {
        try await scenario(loops: loops, site: SiteChange(Self.pages)) { stage in
            stage.origin.on("/site/404.html", ScriptedAnswer(200, Self.html, body: Self.page))
            for (number, path) in ["/a", "/a", "/b"].enumerated() {
                let fields: KeyValuePairs = ["If-None-Match": "\"page\"", "Range": "bytes=0-3"]
                let response = try await stage.get(path, fields)
                #expect(response.status == 404 && response.text == Self.page, "\(number)")
                #expect(response["Content-Type"] == "text/html" && response["ETag"] == nil)
                #expect(response["Last-Modified"] == nil && response["Content-Range"] == nil)
                #expect(response["Cache-Control"] == "max-age=0, must-revalidate")
                #expect(response.isHit == (number == 1), "\(response.cacheStatus)")
            }
            let head = try await stage.head("/c")
            #expect(head.status == 404 && head["Content-Length"] == String(Self.page.utf8.count) && head.body.isEmpty)
            #expect(stage.origin.count("/site/404.html") == 1)
            #expect(stage.origin.last("/site/404.html")?["If-None-Match"] == nil)
            // Asked for itself, it is an object like any other.
            let own = try await stage.get("/404.html")
            #expect(own.status == 200 && own.isHit && own["ETag"] == "\"page\"")
        }
    }

    @Test("a crowd on missing objects costs one request for the document", arguments: [1, 2])
    func crowd(loops: Int) async throws {
        try await scenario(loops: loops, site: SiteChange(Self.pages)) { stage in
            let latch = Latch()
            stage.origin.on("/site/404.html", ScriptedAnswer(200, Self.html, body: Self.page).holdingHead(latch))
            let crowds = [try await stage.crowd(8, "/a"), try await stage.crowd(8, "/b")]
            try await stage.waitUntil(asked: "/site/404.html")
            latch.open()
            for crowd in crowds {
                for response in try await crowd.responses() {
                    #expect(response.status == 404 && response.text == Self.page)
                }
            }
            #expect(stage.origin.count("/site/404.html") == 1)
        }
    }

    @Test("one for the status goes before one for its class; the edge's own failures have theirs too")
    func classes() async throws {
        try await scenario(site: SiteChange(Self.pages)) { stage in
            stage.origin.on("/site/404.html", ScriptedAnswer(200, Self.html, body: Self.page))
            stage.origin.on("/site/4xx.html", ScriptedAnswer(200, Self.html, body: "four"))
            stage.origin.on("/site/5xx.html", ScriptedAnswer(200, Self.html, body: "five"))
            stage.origin.on("/site/forbidden", ScriptedAnswer(403))
            stage.origin.on("/site/broken", .closing)
            let forbidden = try await stage.get("/forbidden")
            #expect(forbidden.status == 403 && forbidden.text == "four")
            let broken = try await stage.get("/broken")
            #expect(broken.status == 502 && broken.text == "five" && broken.cacheStatus.contains("detail=origin-"))
            // Known already, it is sent although the bucket is away.
            await stage.origin.stop()
            let away = try await stage.get("/away")
            #expect(away.status == 502 && away.text == "five")
            // The client forbids to ask for anything.
            let cached = try await stage.get("/never", ["Cache-Control": "only-if-cached"])
            #expect(cached.status == 504)
        }
    }

    @Test("a document that cannot be had: the edge's own words, and no second request in a circle")
    func missing() async throws {
        for ttl in [Int64(3600), 0] {
            try await scenario(
                site: SiteChange {
                    Self.pages(&$0)
                    $0.negativeTTL = .seconds(ttl)
                }
            ) { stage in
                for path in ["/a", "/a", "/404.html"] {
                    let response = try await stage.get(path)
                    #expect(response.status == 404 && response.text == "There is nothing here.\n")
                }
                #expect(stage.origin.count("/site/404.html") == (ttl > 0 ? 1 : 3))
                stage.origin.on("/site/5xx.html", .closing)
                stage.origin.on("/site/broken", .closing)
                let broken = try await stage.get("/broken")
                #expect(broken.status == 502 && broken["Content-Type"] == "text/plain; charset=utf-8")
            }
        }
    }

    @Test("too large, of an unknown length, or breaking: the edge's own words")
    func unfit() async throws {
        let answers = [
            ScriptedAnswer(200, bytes: TestBytes.pattern(2 << 20)),
            ScriptedAnswer(200, bytes: TestBytes.pattern(2000), framing: .chunked).inPieces(of: 100),
            ScriptedAnswer(200, bytes: TestBytes.pattern(2000)).cutting(after: 1000),
            ScriptedAnswer(206, ["Content-Range": "bytes 0-9/100"], bytes: TestBytes.pattern(10)),
        ]
        for answer in answers {
            try await scenario(memoryMiB: 8, site: SiteChange(Self.pages)) { stage in
                stage.origin.on("/site/404.html", answer)
                let response = try await stage.get("/a")
                #expect(response.status == 404 && response.text == "There is nothing here.\n")
            }
        }
    }

    @Test("a purge of the document, and of the object, count each for itself")
    func purged() async throws {
        try await scenario(site: SiteChange(Self.pages)) { stage in
            stage.origin.on(
                "/site/404.html",
                ScriptedAnswer(200, Self.html, body: Self.page),
                ScriptedAnswer(200, Self.html, body: "new")
            )
            #expect(try await stage.get("/a").text == Self.page)
            stage.purge(url: "/404.html")
            let response = try await stage.get("/a")
            #expect(response.isHit && response.text == "new" && stage.origin.count("/site/a") == 1)
        }
    }

    @Test("a client that leaves while the document is fetched")
    func leaves() async throws {
        try await scenario(site: SiteChange(Self.pages)) { stage in
            let latch = Latch()
            stage.origin.on("/site/404.html", ScriptedAnswer(200, Self.html, body: Self.page).holdingHead(latch))
            let crowd = try await stage.crowd(2, "/a")
            try await stage.waitUntil(asked: "/site/404.html")
            for client in crowd.clients { await client.reset() }
            try await eventually("the clients to be gone") { stage.clientsGone >= 2 }
            latch.open()
            #expect(try await stage.get("/a").text == Self.page)
        }
    }
}
