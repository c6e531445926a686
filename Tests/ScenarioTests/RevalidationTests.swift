import HTTPWire
import TestSupport
import Testing

/// An entry whose `max-age` is over when it arrives: it is stored, and stale at once.
@Suite("Stale entries")
struct RevalidationTests {
    static func old(_ body: String, etag: String? = "\"v1\"", _ control: String = "max-age=1") -> ScriptedAnswer {
        guard let etag else { return ScriptedAnswer(200, ["Cache-Control": control, "Age": "100"], body: body) }
        return ScriptedAnswer(200, ["ETag": etag, "Cache-Control": control, "Age": "100"], body: body)
    }

    @Test("304 freshens: the same body under a new Date and lifetime, and hits again (RFC 9111 3.2, 4.3.4)")
    func freshens() async throws {
        try await scenario { stage in
            let date = Texts.date()
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(
                    200,
                    [
                        "ETag": "\"v1\"", "Cache-Control": "max-age=1", "Date": Texts.date(secondsAgo: 100),
                        "X-Kept": "yes",
                    ],
                    body: "a"
                ),
                ScriptedAnswer(304, ["ETag": "\"v1\"", "Cache-Control": "max-age=1000", "Date": date])
            )
            _ = try await stage.get("/a")
            let again = try await stage.get("/a")
            #expect(again.status == 200 && again.text == "a" && again["Date"] == date)
            #expect(again.isForwarded("stale; fwd-status=304"))
            #expect(stage.origin.last("/site/a")?["If-None-Match"] == "\"v1\"")

            let hit = try await stage.get("/a")
            #expect(hit.isHit && hit["Date"] == date && hit["X-Kept"] == "yes")
            #expect(hit["Cache-Control"] == "max-age=1000" && hit["Content-Length"] == "1")
            let ttl = hit.cacheStatus.split(separator: "ttl=").last.flatMap { Int($0) }
            #expect((900...1000).contains(ttl ?? 0) && (hit.age ?? -1) < 100)
            #expect(stage.origin.count("/site/a") == 2)
        }
    }

    @Test("conditions are about a 200: a stored 404 or 301 is sent whole (RFC 9110 13.2.1)", arguments: [404, 301])
    func conditionsOnOtherStatuses(status: Int) async throws {
        try await scenario(.http) { stage in
            let fields: KeyValuePairs = ["ETag": "\"v1\"", "Cache-Control": "max-age=1000", "Location": "/b"]
            stage.origin.on("/a", ScriptedAnswer(status, fields, body: "gone"))
            #expect(try await stage.get("/a").status == status)
            let hit = try await stage.get("/a", ["If-None-Match": "\"v1\""])
            #expect(hit.isHit && hit.status == status && hit.text == "gone")
        }
    }

    @Test("200 replaces the entry and what was derived from it")
    func replaces() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a",
                Self.old("one"),
                ScriptedAnswer(200, ["ETag": "\"v2\"", "Cache-Control": "max-age=1000"], body: "two!")
            )
            #expect(try await stage.get("/a").text == "one")
            let second = try await stage.get("/a")
            #expect(second.text == "two!" && second.isForwarded("stale; fwd-status=200") && second.isStored)
            let hit = try await stage.get("/a")
            #expect(hit.isHit && hit.text == "two!" && hit["ETag"] == "\"v2\"" && hit["Content-Length"] == "4")
            #expect(try await stage.get("/a", ["If-None-Match": "\"v1\""]).status == 200)
        }
    }

    @Test("without an entity tag Last-Modified is the condition (RFC 9111 4.3.1)")
    func lastModified() async throws {
        try await scenario { stage in
            let modified = Texts.date(secondsAgo: 1_000)
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, ["Last-Modified": modified, "Cache-Control": "max-age=0"], body: "a"),
                ScriptedAnswer(304, ["Cache-Control": "max-age=50"])
            )
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a").text == "a")
            #expect(stage.origin.last("/site/a")?["If-Modified-Since"] == modified)
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test("a 304 about another entity is followed by a whole request (RFC 9111 4.3.4)")
    func foreign304() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a",
                Self.old("one"),
                ScriptedAnswer(304, ["ETag": "\"other\""]),
                ScriptedAnswer(200, ["ETag": "\"other\""], body: "two")
            )
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a").text == "two")
            #expect(stage.origin.last("/site/a")?["If-None-Match"] == nil)
            #expect(stage.origin.count("/site/a") == 3)
        }
    }

    @Test("a 304 to a request without a condition is the origin's fault: 502")
    func unasked304() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(304, ["ETag": "\"v1\""]))
            let response = try await stage.get("/a")
            #expect(response.status == 502 && response.cacheStatus.contains("detail=origin-304"))
        }
    }

    @Test("one revalidation for all who ask meanwhile")
    func collapsed() async throws {
        try await scenario(loops: 2) { stage in
            let latch = Latch()
            stage.origin.on(
                "/site/a",
                Self.old("one"),
                ScriptedAnswer(304, ["ETag": "\"v1\"", "Cache-Control": "max-age=60"]).holdingHead(latch)
            )
            _ = try await stage.get("/a")
            let crowd = try await stage.crowd(50, "/a")
            try await stage.waitUntil(collapsed: 49)
            latch.open()
            for response in try await crowd.responses() { #expect(response.text == "one") }
            #expect(stage.origin.count("/site/a") == 2)
        }
    }

    @Test("the origin fails: a bucket's stale copy is served, and says so (RFC 5861 4)", arguments: [500, 503, 0])
    func staleIfError(status: Int) async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", Self.old("one"), status == 0 ? .closing : ScriptedAnswer(status, body: "<E/>"))
            _ = try await stage.get("/a")
            for (round, method) in [Method.get, .head, .get].enumerated() {
                let stale = try await stage.get("/a", method: method)
                #expect(stale.status == 200 && stale["ETag"] == "\"v1\"" && stale["Content-Length"] == "3")
                #expect(stale.cacheStatus.contains("; detail=stale-if-error"))
                #expect((stale.age ?? -1) >= 100 && !stale.isStored)
                // The origin has just failed: the next requests do not wait for it to fail again.
                guard round == 0 else { continue }
                #expect(stale.isForwarded("stale"))
                #expect(stale.cacheStatus.contains("fwd-status=\(status)") == (status > 0))
            }
        }
    }

    @Test("the origin is away: the stale copy, to all who wait")
    func originAway() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", Self.old("one"))
            _ = try await stage.get("/a")
            await stage.origin.stop()
            for response in try await stage.crowd(20, "/a").responses() { #expect(response.text == "one") }
        }
    }

    @Test(
        "no stale copy where it is forbidden, or not allowed by anyone: 502 (RFC 9111 4.2.4)",
        arguments: [
            (Stage.Kind.bucket, "max-age=1, must-revalidate"), (.bucket, "max-age=1, proxy-revalidate"),
            (.bucket, "no-cache"), (.bucket, "s-maxage=1"),
            (.http, "max-age=1, stale-if-error=50"),
        ]
    )
    func noStale(kind: Stage.Kind, control: String) async throws {
        try await scenario(kind) { stage in
            stage.origin.on(kind == .bucket ? "/site/a" : "/a", Self.old("one", control), .closing)
            _ = try await stage.get("/a")
            for method in [Method.get, .head] {
                let response = try await stage.get("/a", method: method)
                #expect(response.status == 502 && response["ETag"] == nil)
                #expect(response.cacheStatus.contains("; detail=origin-") && response["Cache-Control"] == "no-store")
            }
        }
    }

    @Test("an error that a server answers with is passed on, where nobody allows a stale copy (RFC 9111 4.2.4)")
    func serverError() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", Self.old("one", "max-age=1"), ScriptedAnswer(500, body: "no"))
            _ = try await stage.get("/a")
            let response = try await stage.get("/a")
            #expect(response.status == 500 && response.text == "no")
        }
    }

    @Test("a server's stale-if-error allows it")
    func staleIfErrorDirective() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", Self.old("one", "max-age=1, stale-if-error=500"), ScriptedAnswer(503, body: "no"))
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a").text == "one")
        }
    }

    @Test("what the bucket says is gone is gone, also when the bucket fails afterwards")
    func deleted() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", Self.old("one"), ScriptedAnswer(404, body: "<E/>"), .closing)
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a").status == 404)
            // The bucket's no is itself an entry for a moment.
            let later = try await stage.get("/a")
            #expect(later.status == 404 || later.status == 502, "\(later.status) \(later.cacheStatus)")
        }
    }

    @Test("no-cache is stored, and confirmed each time (RFC 9111 5.2.2.4)")
    func noCache() async throws {
        try await scenario { stage in
            stage.origin.serve("/site/a", bytes: Array("a".utf8), etag: "\"v1\"", ["Cache-Control": "no-cache"])
            _ = try await stage.get("/a")
            for _ in 0..<2 {
                let response = try await stage.get("/a")
                #expect(response.text == "a" && response.isForwarded("stale; fwd-status=304"))
            }
        }
    }

    @Test("the origin sends 304 and goes on sending: the next answers are right")
    func bodyAfter304() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a",
                Self.old("one"),
                .raw("HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nContent-Length: 3\r\n\r\nxxx"),
                ScriptedAnswer(200, body: "next")
            )
            stage.origin.on("/site/b", ScriptedAnswer(200, body: "b"))
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a").text == "one")
            #expect(try await stage.get("/b").text == "b")
        }
    }
}
