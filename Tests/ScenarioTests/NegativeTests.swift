import CacheStore
import ControlPlane
import HTTPWire
import Settings
import Telemetry
import TestSupport
import Testing

@Suite("What is not there is remembered for a moment")
struct NegativeTests {
    /// Longer than any test takes.
    private static func long(_ site: inout SiteSettings) { site.negativeTTL = .seconds(3600) }

    private static let xml = ScriptedAnswer(404, ["Content-Type": "application/xml"], body: "<Error/>")

    @Test("a bucket's 404 is asked for once, whatever the method", arguments: [404, 410])
    func once(status: Int) async throws {
        try await scenario(site: SiteChange(Self.long)) { stage in
            stage.origin.on("/site/a", ScriptedAnswer(status, body: "<Error><Key>a</Key></Error>"))
            let miss = try await stage.get("/a")
            #expect(miss.status == status && miss.isForwarded("uri-miss; fwd-status=\(status)") && miss.isStored)
            #expect(miss.text == "There is nothing here.\n" && miss["Content-Type"] == "text/plain; charset=utf-8")
            let hit = try await stage.get("/a")
            #expect(hit.status == status && hit.isHit && hit.age != nil && hit.text == miss.text)
            let head = try await stage.head("/a")
            #expect(head.status == status && head.isHit && head["Content-Length"] == "23" && head.body.isEmpty)
            // Conditions and ranges are about a 200 (RFC 9110, sections 13.2.1 and 14.2).
            let odd = try await stage.get("/a", ["If-None-Match": "*", "Range": "bytes=0-1"])
            #expect(odd.status == status && odd.text == miss.text)
            #expect(stage.origin.count("/site/a") == 1)
        }
    }

    @Test("HEAD first: the GET after it knows too")
    func headFirst() async throws {
        try await scenario(site: SiteChange(Self.long)) { stage in
            stage.origin.on("/site/a", Self.xml)
            #expect(try await stage.head("/a").status == 404)
            let get = try await stage.get("/a")
            #expect(get.status == 404 && get.isHit && get.text == "There is nothing here.\n")
        }
    }

    private static func purge(_ stage: Stage, _ scope: String) {
        switch scope {
        case "url": stage.purge(url: "/d/a")
        case "prefix": stage.purge(.prefix(host: "edge.test", path: "/d/"))
        case "site": stage.purge(.site(host: "edge.test"))
        default: stage.purge(.all)
        }
    }

    @Test("an upload is there after its purge, at once", arguments: ["url", "prefix", "site", "all"])
    func purged(scope: String) async throws {
        try await scenario(site: SiteChange(Self.long)) { stage in
            stage.origin.on("/site/d/a", Self.xml, ScriptedAnswer(200, body: "here"))
            let first = try await stage.get("/d/a")
            #expect(first.status == 404)
            #expect(try await stage.get("/d/a").isHit)
            Self.purge(stage, scope)
            #expect(try await stage.get("/d/a").text == "here")
            #expect(try await stage.get("/d/a").isHit)
        }
    }

    @Test("rule N2: a purge during the question: the 404 is not kept")
    func purgedMeanwhile() async throws {
        try await scenario(site: SiteChange(Self.long)) { stage in
            let latch = Latch()
            stage.origin.on("/site/a", Self.xml.holdingHead(latch), ScriptedAnswer(200, body: "here"))
            let crowd = try await stage.crowd(1, "/a")
            try await stage.waitUntil(asked: "/site/a")
            stage.purge(url: "/a")
            latch.open()
            let response = try await crowd.responses()[0]
            #expect(response.status == 404 && !response.isStored && response.cacheStatus.contains("detail=purged"))
            #expect(try await stage.get("/a").text == "here")
        }
    }

    @Test("negative_ttl: 0 asks each time")
    func off() async throws {
        try await scenario(site: SiteChange { $0.negativeTTL = .seconds(0) }) { stage in
            stage.origin.on("/site/a", Self.xml, ScriptedAnswer(200, body: "here"))
            let miss = try await stage.get("/a")
            #expect(miss.status == 404 && !miss.isStored && miss.cacheStatus.contains("detail=not-found"))
            #expect(try await stage.get("/a").text == "here")
        }
    }

    @Test("when its time is over it is asked anew, without a condition, and never served instead of an error")
    func over() async throws {
        try await scenario(site: SiteChange { $0.negativeTTL = .seconds(1) }) { stage in
            stage.origin.on("/site/a", Self.xml)
            stage.origin.on(
                "/site/b",
                Self.xml,
                ScriptedAnswer(500),
                ScriptedAnswer(500),
                ScriptedAnswer(200, body: "b")
            )
            _ = try await stage.get("/a")
            #expect(try await stage.get("/b").status == 404)
            try await eventually("the end of its lifetime") {
                let again = try await stage.get("/a")
                return again.isForwarded("stale") && again.status == 404
            }
            #expect(stage.origin.requests.allSatisfy { $0["If-None-Match"] == nil && $0["If-Modified-Since"] == nil })
            try await eventually("the end of the other's lifetime") { try await stage.get("/b").status == 502 }
            #expect(try await stage.get("/b").text == "b")
        }
    }

    @Test("a 403 is kept for a second at most; errors of the bucket itself are not kept")
    func others() async throws {
        try await scenario(site: SiteChange { $0.negativeTTL = .seconds(3600) }) { stage in
            stage.origin.on("/site/a", ScriptedAnswer(403), ScriptedAnswer(200, body: "a"))
            let refused = try await stage.get("/a")
            #expect(refused.status == 403 && refused.isStored && refused.cacheStatus.contains("ttl=1"))
            try await eventually("the end of its lifetime") { try await stage.get("/a").status == 200 }
            stage.origin.on("/site/b", ScriptedAnswer(400))
            for _ in 0..<2 { #expect(try await stage.get("/b").isStored == false) }
            #expect(stage.origin.count("/site/b") == 2)
        }
    }

    @Test("what was there and is gone: the old one never comes back, on disk either")
    func gone() async throws {
        let folder = try TemporaryFolder()
        try await scenario(disk: folder, site: SiteChange(Self.long)) { stage in
            stage.origin.on(
                "/site/a",
                ScriptedAnswer(200, ["Cache-Control": "no-cache", "ETag": "\"1\""], body: "old"),
                Self.xml
            )
            let first = try await stage.get("/a")
            #expect(first.text == "old")
            await stage.flush()
            #expect(try await stage.get("/a").status == 404)
            #expect(try await stage.get("/a").isHit)
            await stage.flush()
            #expect(stage.statistics.diskObjects == 0)
            await stage.origin.stop()
            #expect(try await stage.get("/a").status == 404)
        }
    }

    @Test("RFC 9111, section 4.2.2: a server's 404 that says nothing gets the site's time, and its own body")
    func server() async throws {
        try await scenario(.http, site: SiteChange { $0.negativeTTL = .seconds(60) }) { stage in
            stage.origin.on("/a", ScriptedAnswer(404, ["X-Own": "1"], body: "theirs"))
            stage.origin.on("/b", ScriptedAnswer(404, ["Cache-Control": "no-store"], body: "b"))
            #expect(try await stage.get("/a").isStored)
            let hit = try await stage.get("/a")
            #expect(hit.isHit && hit.status == 404 && hit.text == "theirs" && hit["X-Own"] == "1")
            for _ in 0..<2 { #expect(try await stage.get("/b").cacheStatus.contains("detail=no-store")) }
        }
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(404, body: "theirs"))
            for _ in 0..<2 {
                let response = try await stage.get("/a")
                #expect(!response.isStored)
            }
        }
    }
}
