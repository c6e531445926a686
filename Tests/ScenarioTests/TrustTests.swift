import HTTPWire
import TestSupport
import Testing

@Suite("What one client may not do to others, and an origin not to the edge")
struct TrustTests {
    @Test("a background revalidation that turns out private is for nobody: its client is not there", arguments: [1, 2])
    func backgroundPrivate(loops: Int) async throws {
        try await scenario(.http, loops: loops) { stage in
            let latch = Latch()
            let stale: KeyValuePairs = ["Cache-Control": "max-age=1, stale-while-revalidate=600", "Age": "5"]
            stage.origin.on("/a") { request in
                guard let user = request["Cookie"] else { return ScriptedAnswer(200, stale, body: "all") }
                let answer = ScriptedAnswer(200, ["Cache-Control": "private"], body: user)
                return user == "A" ? answer.holdingHead(latch) : answer
            }
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a", ["Cookie": "A"]).text == "all")
            try await stage.waitUntil(asked: "/a", times: 2)
            // Takes nothing stale, so that it joins the fill under way.
            let other = try await stage.crowd(1, "/a", ["Cookie": "B", "Cache-Control": "max-age=100"])
            try await stage.waitUntil(collapsed: 1)
            latch.open()
            #expect(try await other.responses()[0].text == "B")
        }
    }

    @Test("a HEAD that finds something stale has it revalidated by a GET")
    func backgroundAfterHead() async throws {
        try await scenario(.http) { stage in
            stage.origin.on(
                "/a",
                ScriptedAnswer(
                    200,
                    ["Cache-Control": "max-age=1, stale-while-revalidate=600", "Age": "5"],
                    body: "one"
                ),
                ScriptedAnswer(200, ["Cache-Control": "max-age=60"], body: "two")
            )
            _ = try await stage.get("/a")
            #expect(try await stage.head("/a").isHit)
            try await eventually("the new version") { try await stage.get("/a").text == "two" }
            #expect(stage.origin.requests.map(\.method) == ["GET", "GET"])
        }
    }

    @Test("RFC 9110 7.6.1: a field that Connection names selects no variant, since the origin does not see it")
    func connectionOption() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a") { request in
                let origin = request["Origin"] ?? "none"
                return ScriptedAnswer(200, ["Cache-Control": "max-age=60", "Vary": "Origin"], body: origin)
            }
            let hidden = try await stage.get("/a", ["Origin": "https://shop.test", "Connection": "Origin"])
            #expect(hidden.text == "none")
            let shown = try await stage.get("/a", ["Origin": "https://shop.test"])
            #expect(shown.text == "https://shop.test")
        }
    }

    @Test("credentials of one client do not drive out what is stored for all (RFC 9111 3.5)", arguments: [200, 304])
    func credentials(status: Int) async throws {
        try await scenario(.http) { stage in
            let fields: KeyValuePairs = ["Cache-Control": "max-age=60", "ETag": "\"1\""]
            stage.origin.on("/a") { request in
                request["Authorization"] != nil && status == 304 && request["If-None-Match"] != nil
                    ? ScriptedAnswer(304, fields) : ScriptedAnswer(200, fields, body: "a")
            }
            _ = try await stage.get("/a")
            for method in [Method.get, .head] {
                let own: KeyValuePairs = ["Authorization": "Basic eDp5", "Cache-Control": "no-cache"]
                let answer = try await stage.get("/a", own, method: method)
                #expect(answer.status == 200 && !answer.isHit)
            }
            let asked = stage.origin.requests.count
            #expect(try await stage.get("/a").isHit)
            #expect(stage.origin.requests.count == asked)
        }
    }

    @Test("positions that no body has are no part of anything (RFC 9110 14.4)", arguments: ["/a", "/site/a"])
    func hugePart(path: String) async throws {
        try await scenario(path == "/a" ? .http : .bucket) { stage in
            let fields: KeyValuePairs = [
                "Content-Range": "bytes 0-18446744073709551614/18446744073709551615", "Cache-Control": "max-age=60",
                "ETag": "\"1\"",
            ]
            stage.origin.on(path) { request in
                request["Range"] == nil
                    ? ScriptedAnswer(200, ["ETag": "\"1\""], body: "whole")
                    : ScriptedAnswer(206, fields, body: "part", framing: .chunked)
            }
            _ = try? await stage.get("/a", ["Range": "bytes=0-"])
            let whole = try await stage.get("/a")
            #expect(whole.status == 200)
        }
    }
}
