import CacheStore
import CachingRules
import HTTPWire
import Telemetry
import TestSupport
import Testing

@testable import Edge

@Suite("Cache-Status says why, by the name that the metrics count")
struct ReasonTests {
    @Test("RFC 9211, section 2.7: an answer that is not stored says why")
    func notStored() async throws {
        let cases: [(NoStoreReason, KeyValuePairs<String, String>)] = [
            (.noStore, ["Cache-Control": "no-store"]), (.isPrivate, ["Cache-Control": "private"]),
            (.varyStar, ["Cache-Control": "max-age=9", "Vary": "*"]), (.noFreshness, [:]),
        ]
        for (why, fields) in cases {
            try await scenario(.http) { stage in
                stage.origin.on("/a", ScriptedAnswer(200, fields, body: "a"))
                let status = try await stage.get("/a").cacheStatus
                #expect(status == "edge; fwd=uri-miss; fwd-status=200; detail=\(why.rawValue)")
                #expect(stage.notStored(.rule(why)) == 1 && stage.forwards(.uriMiss) == 1)
            }
        }
    }

    @Test("one that is stored says that, and nothing else")
    func stored() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(200, ["Cache-Control": "max-age=9"], body: "a"))
            let response = try await stage.get("/a")
            #expect(response.isStored && !response.cacheStatus.contains("detail"))
        }
    }

    @Test("the store's own reasons: an object that is too large")
    func tooLarge() async throws {
        try await scenario(memoryMiB: 8) { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, bytes: TestBytes.pattern(2 << 20), framing: .chunked))
            _ = try await stage.get("/a")
            #expect(stage.notStored(.store(.tooLarge)) == 1)
        }
    }

    @Test("failures by what was wrong, and none without a name")
    func failures() async throws {
        try await scenario { stage in
            stage.origin.on("/site/closing", .closing)
            #expect(try await stage.get("/closing").cacheStatus.contains("detail=origin-broken"))
            stage.origin.on("/site/304", ScriptedAnswer(304))
            #expect(try await stage.get("/304").cacheStatus.contains("detail=origin-304"))
            stage.origin.on("/site/500", ScriptedAnswer(500))
            #expect(try await stage.get("/500").cacheStatus.contains("detail=origin-error"))
            #expect(stage.failures("origin-broken") == 1 && stage.failures("origin-304") == 1)
            await stage.origin.stop()
            _ = try await stage.get("/a")
            #expect(stage.failures("origin-unreachable") == 1 && stage.failures(ReasonCounters.other) == 0)
        }
    }
}
