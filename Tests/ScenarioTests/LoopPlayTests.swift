import TestSupport
import Testing

@Suite("RFC 8586 and RFC 9110 7.6.3: loops; RFC 7239: who asks")
struct LoopPlayTests {
    @Test("RFC 8586 2: the origin sees a CDN-Loop with the edge's name behind those of others")
    func named() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: no-store")
            try await stage.get("/a").expect(200)
            let own = try #require(stage.server.last("/a")?["CDN-Loop"])
            try await stage.get("/a", "CDN-Loop: other").expect(200)
            stage.expectAsked("/a", 2, "CDN-Loop: other, \(own)")
        }
    }

    @Test("RFC 8586 2: a request that has been here is 508, and goes no further", arguments: ["GET", "POST"])
    func loop(_ method: String) async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: no-store")
            try await stage.get("/a").expect(200)
            let own = try #require(stage.server.last("/a")?["CDN-Loop"])
            try await stage.send(method, "/a", "CDN-Loop: other, \(own)").expect(508)
            #expect(stage.asked("/a") == 1)
        }
    }

    private static let claims = [
        "X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "Forwarded: for=6.6.6.6",
    ]

    @Test("RFC 7239 4: Forwarded and X-Forwarded-* say what the edge has seen, whatever the client claims")
    func forwarded() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: no-store")
            let client = try await stage.connect()
            try await client.send(Play.request("POST", "/a", Self.claims, body: "x"))
            try await stage.answer(on: client, to: "POST").expect(200)
            stage.expectAsked(
                "/a",
                1,
                "X-Forwarded-For: 127.0.0.1",
                "X-Forwarded-Proto: http",
                "X-Forwarded-Host: edge.test",
                .field("Forwarded", has: "for=127.0.0.1"),
                .field("Forwarded", lacks: "6.6.6.6")
            )
        }
    }

    @Test("RFC 7239 8.3: where the answer may be everyone's, the origin is not told who asks")
    func shared() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a", fields: Self.claims).expect(.miss)
            stage.expectAsked(
                "/a",
                1,
                "X-Forwarded-Proto: http",
                .no("X-Forwarded-For"),
                .no("X-Forwarded-Host"),
                .no("Forwarded")
            )
        }
    }
}
