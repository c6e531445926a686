import TestSupport
import Testing

@Suite("RFC 9110 9.3.2 and RFC 9111 4.3.5: HEAD")
struct HeadTests {
    @Test("RFC 9110 9.3.2: HEAD is a hit on what GET has stored")
    func hit() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", "ETag: \"a\"")
            try await stage.get("/a").expect(.miss)
            try await stage.head("/a").expect(.hit, 200, "Content-Length: 8", "ETag: \"a\"", .body(""))
        }
    }

    @Test("RFC 9110 9.3.2: HEAD of something unknown asks the origin with HEAD, and stores nothing for GET")
    func miss() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.head("/a").expect(200, .fetched, .body(""))
            stage.expectAsked("/a", 1, .method("HEAD"))
            try await stage.get("/a").expect(.fetched, .stored, .body("answer 2"))
        }
    }

    @Test("RFC 9110 9.3.2: HEAD never asks a bucket for a body")
    func bucket() async throws {
        try await play(.bucket) { stage in
            stage.originServes("/a", TestBytes.pattern(300_000))
            try await stage.head("/a").expect(200, "Content-Length: 300000", .body(""))
            #expect(stage.server.requests.allSatisfy { $0.method == "HEAD" })
        }
    }

    @Test("RFC 9110 9.3.2: HEAD on one connection, then GET: nothing is left in between")
    func framing() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", body: "0123456789")
            let client = try await stage.connect()
            for _ in 0..<2 {
                try await client.send(Play.request("HEAD", "/a", []))
                try await stage.answer(on: client, to: "HEAD").expect(200, .body(""))
                try await client.send(Play.request("GET", "/a", []))
                try await stage.answer(on: client).expect(200, .body("0123456789"))
            }
        }
    }

    @Test("RFC 9110 9.3.2: HEAD does not wait for a GET's body")
    func besideAGet() async throws {
        try await play { stage in
            let held = Latch()
            stage.origin("/a", .ok("Cache-Control: max-age=60", body: "0123456789").holdingBody(after: 3, held))
            let client = try await stage.crowd(1, "/a")[0]
            try await eventually("the beginning") { client.bytesWaiting > 0 }
            try await stage.head("/a").expect(200, .body(""))
            held.open()
            try await stage.answer(on: client).expect(.body("0123456789"))
        }
    }

    @Test("RFC 9111 4.3.5: a stale entry and HEAD: the origin is asked, and GET gets the right body afterwards")
    func stale() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=0", "ETag: \"a\"")
            try await stage.get("/a").expect(.miss)
            try await stage.head("/a").expect(200, .fetched, .body(""), "ETag: \"a\"")
            try await stage.get("/a").expect(.validated, .body("answer 1"))
        }
    }
}
