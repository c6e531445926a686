import TestSupport
import Testing

@Suite("RFC 9111 4.2: freshness")
struct FreshnessTests {
    @Test("RFC 9111 5.2.2.1: max-age=60 is reused")
    func maxAge() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a").expect(.miss, .stored, .body("answer 1"))
            try await stage.get("/a").expect(.hit, .age(0...60), .body("answer 1"))
        }
    }
}
