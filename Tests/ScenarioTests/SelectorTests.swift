import TestSupport
import Testing

@Suite("Vary in answers that update, and CDN-Cache-Control (RFC 9111, section 4.1; RFC 9213)")
struct SelectorTests {
    @Test("RFC 9111 4.1: a 304 with another Vary is followed by a full request, whose answer is its selector's")
    func varyChanged() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a") { request in
                guard request["If-None-Match"] == nil else {
                    return ScriptedAnswer(304, ["Cache-Control": "max-age=60", "ETag": "\"a\"", "Vary": "X-User"])
                }
                let isFirst = stage.origin.count("/a") == 1
                let fields: KeyValuePairs =
                    isFirst
                    ? ["Cache-Control": "max-age=1", "Age": "9", "ETag": "\"a\""]
                    : ["Cache-Control": "max-age=60", "ETag": "\"a\"", "Vary": "X-User"]
                return ScriptedAnswer(200, fields, body: "for \(request["X-User"] ?? "nobody")")
            }
            _ = try await stage.get("/a", ["X-User": "1"])
            let second = try await stage.get("/a", ["X-User": "1"])
            #expect(second.text == "for 1")
            #expect(stage.origin.count("/a") == 3)
            let other = try await stage.get("/a", ["X-User": "2"])
            #expect(!other.isHit && other.text == "for 2")
            #expect(try await stage.get("/a", ["X-User": "1"]).isHit)
        }
    }

    @Test("RFC 9111 4.1: order and case of Accept-Language do not matter, weights do")
    func languages() async throws {
        try await scenario(.http) { stage in
            stage.origin.on(
                "/a",
                ScriptedAnswer(200, ["Cache-Control": "max-age=60", "Vary": "Accept-Language"], body: "a")
            )
            _ = try await stage.get("/a", ["Accept-Language": "en, de"])
            #expect(try await stage.get("/a", ["Accept-Language": "DE,en"]).isHit)
            let weighted = try await stage.get("/a", ["Accept-Language": "de;q=0.5, en"])
            #expect(weighted.isForwarded("vary-miss"))
        }
    }

    @Test("RFC 9213 2.2: CDN-Cache-Control decides for this cache, and both fields are passed on")
    func targeted() async throws {
        try await scenario(.http) { stage in
            stage.origin.on(
                "/a",
                ScriptedAnswer(
                    200,
                    ["CDN-Cache-Control": "max-age=60", "Cache-Control": "no-store", "Expires": "0"],
                    body: "a"
                )
            )
            _ = try await stage.get("/a")
            let hit = try await stage.get("/a")
            #expect(hit.isHit && hit["CDN-Cache-Control"] == "max-age=60" && hit["Cache-Control"] == "no-store")
            for (value, isHit) in [
                ("no-store", false), ("private", false), ("max-age=0", false), ("max-age= 60", true), ("", true),
                ("MAX-AGE=0", true), ("max-age=0, &", true), ("max-age=\"0\"", false), ("foo", false),
            ] {
                let path = "/b?\(isHit)\(value.utf8.reduce(0) { $0 &* 31 &+ Int($1) })"
                stage.origin.on(
                    path,
                    ScriptedAnswer(200, ["CDN-Cache-Control": value, "Cache-Control": "max-age=60"], body: "a")
                )
                _ = try await stage.get(path)
                let second = try await stage.get(path)
                #expect(second.isHit == isHit, "\(value)")
            }
        }
    }
}
