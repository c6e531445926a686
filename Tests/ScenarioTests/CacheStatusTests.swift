import TestSupport
import Testing

@Suite("RFC 9211: Cache-Status")
struct CacheStatusTests {
    @Test("RFC 9211 2.1, 2.4: a hit says how long it lasts")
    func hit() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=600", "Age: 100")
            try await stage.get("/a").expect(.field("Cache-Status", has: "edge; fwd=uri-miss"), .stored)
            let answer = try await stage.get("/a").expect(.hit)
            let ttl = Int(answer.message.cacheStatus.after("ttl=").prefix { $0.isNumber })
            #expect(ttl.map((450...500).contains) == true, "\(answer.message.cacheStatus)")
        }
    }

    @Test("RFC 9211 2: it is added to what a cache behind has said")
    func appended() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=600", "Cache-Status: inner; hit")
            let miss = try await stage.get("/a")
            #expect(miss.message.cacheStatus.hasPrefix("inner; hit, edge; fwd=uri-miss"))
            let hit = try await stage.get("/a")
            #expect(hit.message.cacheStatus.hasPrefix("inner; hit, edge; hit"))
        }
    }

    static let reasons = [
        Case(
            "uri-miss, stored",
            answer: ["Cache-Control: max-age=60"],
            [],
            [.forwarded("uri-miss"), .stored, .cacheStatus("fwd-status=200")]
        ),
        Case("no-store", answer: ["Cache-Control: no-store"], [], [.notStored, .cacheStatus("detail=no-store")]),
        Case("private", answer: ["Cache-Control: private"], [], [.notStored, .cacheStatus("detail=private")]),
        Case("nothing to reuse it by", answer: [], [], [.notStored, .cacheStatus("detail=no-freshness")]),
        Case(
            "Vary: *",
            answer: ["Cache-Control: max-age=9", "Vary: *"],
            [],
            [.notStored, .cacheStatus("detail=vary-star")]
        ),
        Case(
            "authenticated",
            answer: ["Cache-Control: max-age=60"],
            ["Authorization: x"],
            [.notStored, .cacheStatus("detail=authorization")]
        ),
    ]

    @Test("RFC 9211 2.2 to 2.8: why an answer is stored or not", arguments: reasons)
    func reason(_ reason: Case) async throws {
        try await play { stage in
            stage.origin("/a", fields: reason.answer)
            try await stage.get("/a", fields: reason.request).message.check(reason.expected, at: #_sourceLocation)
        }
    }

    @Test(
        "RFC 9211 2.5: what is not stored does not say so",
        arguments: ["no-store", "private", "private, max-age=60", "public"]
    )
    func notStored(_ directives: String) async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: \(directives)")
            try await stage.get("/a").expect(.forwarded("uri-miss"), .notStored, .cacheStatus("fwd-status=200"))
        }
    }

    @Test("RFC 9211 2.2: stale, and what the origin said to that")
    func stale() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=0", "ETag: \"a\"")
            try await stage.get("/a").expect(.miss)
            try await stage.get("/a").expect(.forwarded("stale"), .cacheStatus("fwd-status=304"))
        }
    }

    @Test("RFC 9211 2.6: who waited for another's question says so")
    func collapsed() async throws {
        try await play { stage in
            let held = Latch()
            stage.origin("/a", ScriptedAnswer.ok("Cache-Control: max-age=60").holdingHead(held))
            let crowd = try await stage.crowd(5, "/a")
            try await stage.waitUntil(collapsed: 4)
            held.open()
            let answers = try await stage.answers(crowd)
            #expect(answers.count { $0.message.cacheStatus.contains("; collapsed") } == 4)
        }
    }

    @Test("RFC 9211 2: /metrics counts what Cache-Status says")
    func metrics() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            stage.origin("/b", "Cache-Control: max-age=0", "ETag: \"b\"")
            for path in ["/a", "/a", "/a", "/b", "/b"] { try await stage.get(path).expect(200) }
            #expect(try await stage.metric("apus_requests_total{result=\"hit\"}") == 2)
            #expect(try await stage.metric("apus_requests_total{result=\"miss\"}") == 2)
            #expect(try await stage.metric("apus_requests_total{result=\"revalidated\"}") == 1)
            #expect(try await stage.metric("apus_origin_requests_total") == 3)
        }
    }

    @Test("RFC 9211 2.8: the request's no-store has its name")
    func requestNoStore() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a", "Cache-Control: no-store").expect(
                .notStored,
                .cacheStatus("detail=request-no-store")
            )
        }
    }
}
