import TestSupport
import Testing

@Suite("Decision 4: large objects in blocks")
struct BlocksPlayTests {
    /// Ten mebibytes: above the limit of 8 MiB.
    private static let large = TestBytes.pattern(10 << 20)
    private static let mebibyte = 1 << 20

    private static func sent(_ stage: Play) -> Int {
        stage.server.requests.reduce(0) { sum, request in
            sum + (request["Range"].flatMap { ByteRange.of($0, length: large.count)?.count } ?? large.count)
        }
    }

    @Test(
        "RFC 9111 3.4: a range of an unknown large object costs its block, again nothing, and the whole only what is missing"
    )
    func completed() async throws {
        try await play(cache: "memory: 64MiB") { stage in
            stage.originServes("/a", Self.large, "Cache-Control: max-age=600")
            let range = 3 * Self.mebibyte + 100..<3 * Self.mebibyte + 200
            let field = "Range: bytes=\(range.lowerBound)-\(range.upperBound - 1)"
            try await stage.get("/a", field).expect(
                206,
                .bytes(Self.large[range]),
                "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(Self.large.count)"
            )
            let cost = Self.sent(stage)
            #expect(cost <= Self.mebibyte)
            // The rest of the block may still be coming.
            try await eventually("a hit") { try await stage.get("/a", field).isHit }
            try await stage.get("/a", field).expect(206, .hit, .bytes(Self.large[range]))
            #expect(Self.sent(stage) == cost)
            try await stage.get("/a").expect(200, .bytes(Self.large))
            #expect(Self.sent(stage) <= Self.large.count + Self.mebibyte)
            try await eventually("a hit") { try await stage.get("/a").isHit }
            try await stage.get("/a").expect(200, .hit, .bytes(Self.large))
        }
    }

    @Test("RFC 9110 13.1.1: the object changes in between: no part of the old one with one of the new one")
    func changed() async throws {
        try await play(cache: "memory: 64MiB") { stage in
            let other = TestBytes.pattern(10 << 20, seed: 2)
            stage.originServes("/a", Self.large, etag: "\"one\"", "Cache-Control: max-age=600")
            try await stage.get("/a", "Range: bytes=0-99").expect(206, .bytes(Self.large[0..<100]), "ETag: \"one\"")
            stage.originServes("/a", other, etag: "\"two\"", "Cache-Control: max-age=600")
            let answer = try await stage.get("/a", "Range: bytes=5000000-5000099")
            if answer["ETag"] == "\"two\"" {
                answer.expect(206, .bytes(other[5_000_000..<5_000_100]))
            } else {
                answer.expect(.status(answer.status >= 500 ? answer.status : 0))
            }
            try await eventually("the new one, whole") { try await stage.get("/a").bytes == other }
            try await stage.get("/a", "Range: bytes=0-99").expect(206, .bytes(other[0..<100]), "ETag: \"two\"")
        }
    }

    @Test("a purge kills every block")
    func purged() async throws {
        try await play(cache: "memory: 64MiB", control: true) { stage in
            stage.originServes("/a", Self.large, "Cache-Control: max-age=600")
            try await stage.get("/a", "Range: bytes=0-99").expect(206)
            try await eventually("a hit") { try await stage.get("/a", "Range: bytes=0-99").isHit }
            try await stage.purge("/a")
            let before = stage.asked("/a")
            try await stage.get("/a", "Range: bytes=0-99").expect(206, .bytes(Self.large[0..<100]))
            #expect(stage.asked("/a") > before)
        }
    }

    @Test("several clients read a cold large object at once: the origin sends it about once")
    func together() async throws {
        try await play(cache: "memory: 64MiB") { stage in
            stage.originServes("/a", Self.large, "Cache-Control: max-age=600")
            let crowd = try await stage.crowd(4, "/a")
            for answer in try await stage.answers(crowd) { answer.expect(200, .bytes(Self.large)) }
            #expect(Self.sent(stage) <= Self.large.count + 2 * Self.mebibyte)
        }
    }
}
