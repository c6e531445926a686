import TestSupport
import Testing

@Suite("RFC 9110 9: methods that are passed on")
struct MethodPlayTests {
    @Test(
        "RFC 9110 9.3: every method reaches the origin with its body and its fields",
        arguments: ["POST", "PUT", "PATCH", "DELETE", "M-SEARCH", "REPORT"]
    )
    func passed(_ method: String) async throws {
        try await play { stage in
            stage.origin("/a", .status(201, "X-Answer: 1", "Location: /b", body: "made"))
            try await stage.send(method, "/a?x=1", "Content-Type: text/x", "X-Mine: 2", body: "a body").expect(
                201,
                .fetched,
                .notStored,
                "X-Answer: 1",
                "Location: /b",
                "Via: 1.1 edge",
                .body("made"),
                .no("Age")
            )
            stage.expectAsked(
                "/a?x=1",
                1,
                .method(method),
                "Content-Type: text/x",
                "X-Mine: 2",
                "Via: 1.1 edge",
                .body("a body")
            )
        }
    }

    @Test("RFC 9110 9.3.3: an answer to POST is never reused for POST")
    func postTwice() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            for number in 1...3 {
                try await stage.send("POST", "/a", body: "x").expect(200, .fetched, .body("answer \(number)"))
            }
        }
    }

    @Test(
        "RFC 9110 9.3.1: a GET with a body is passed on, body and all, and neither stored nor answered from the store"
    )
    func getWithBody() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a").expect(.miss, .stored)
            try await stage.send("GET", "/a", body: "q=1").expect(200, .fetched, .notStored, .body("answer 2"))
            stage.expectAsked("/a", 2, .body("q=1"))
            try await stage.get("/a").expect(.hit, .body("answer 1"))
        }
    }

    @Test("RFC 9112 7.1: a body in chunks reaches the origin whole")
    func chunkedRequest() async throws {
        try await play { stage in
            stage.origin("/a", .ok(body: "done"))
            let client = try await stage.connect()
            try await client.send(
                "POST /a HTTP/1.1\r\nHost: edge.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n"
            )
            try await stage.answer(on: client, to: "POST").expect(200, .body("done"))
            stage.expectAsked("/a", 1, .body("abcde"), .no("X-Sum"))
            // The connection goes on.
            try await client.send(Play.request("GET", "/a", []))
            try await stage.answer(on: client).expect(200)
        }
    }

    @Test("RFC 9110 9.2.2: what is not idempotent is sent once, whatever happens to it", arguments: ["POST", "PATCH"])
    func once(_ method: String) async throws {
        try await play { stage in
            stage.origin("/a", .ok(), .closing)
            try await stage.send(method, "/a", body: "x").expect(200)
            try await stage.send(method, "/a", body: "x").expect(502)
            #expect(stage.asked("/a") == 2)
        }
    }

    @Test("RFC 9110 7.6.2: Max-Forwards: 0 is for this edge", arguments: ["OPTIONS", "TRACE"])
    func maxForwards(_ method: String) async throws {
        try await play { stage in
            stage.origin("/a", .ok())
            let answer = try await stage.send(method, "/a", "Max-Forwards: 0")
            #expect(stage.asked("/a") == 0, "\(answer.status)")
        }
    }

    @Test("RFC 9110 7.6.2: Max-Forwards is counted down")
    func countedDown() async throws {
        try await play { stage in
            stage.origin("/a", .ok())
            try await stage.send("OPTIONS", "/a", "Max-Forwards: 5").expect(200)
            stage.expectAsked("/a", 1, "Max-Forwards: 4", .method("OPTIONS"))
        }
    }

    @Test("RFC 9110 9.3.6: CONNECT is refused")
    func connect() async throws {
        try await play { stage in
            let client = try await stage.connect()
            try await client.send("CONNECT edge.test:443 HTTP/1.1\r\nHost: edge.test:443\r\n\r\n")
            let answer = try await stage.answer(on: client)
            #expect((400..<600).contains(answer.status) && stage.server.requests.isEmpty)
        }
    }

    @Test("RFC 9110 7.8: an Upgrade is not passed on; the answer is an ordinary one")
    func upgrade() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: no-store")
            try await stage.get("/a", "Connection: Upgrade", "Upgrade: websocket").expect(.body("answer 1"), 200)
            stage.expectAsked("/a", 1, .no("Upgrade"))
        }
    }

    @Test("RFC 9110 10.1.1: Expect: 100-continue: the client is told to go on, and its body arrives")
    func expectContinue() async throws {
        try await play { stage in
            stage.origin("/a", .ok(body: "done"))
            let client = try await stage.connect()
            try await client.send(
                "POST /a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            )
            try await eventually("100") { client.bytesWaiting > 0 }
            try await client.send("hello")
            let answer = try await stage.answer(on: client, to: "POST").expect(200, .body("done"))
            #expect(answer.interim.map(\.status) == [100])
            stage.expectAsked("/a", 1, .body("hello"))
        }
    }

    @Test("RFC 9110 10.1.1: another expectation is 417, or is passed on")
    func otherExpectation() async throws {
        try await play { stage in
            stage.origin("/a", .ok())
            let answer = try await stage.get("/a", "Expect: miracles")
            #expect([200, 417].contains(answer.status))
        }
    }

    @Test("RFC 9110 7.7: bodies stream both ways: an origin that answers at once is heard at once")
    func earlyAnswer() async throws {
        try await play { stage in
            stage.server.on("/a", ScriptedAnswer.status(413, body: "too much").beforeBody())
            let client = try await stage.connect()
            try await client.send("POST /a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 1000000\r\n\r\n12345")
            try await stage.answer(on: client, to: "POST").expect(413, .body("too much"))
        }
    }

    @Test(
        "RFC 9110 9.3.5: a bucket knows GET and HEAD alone",
        arguments: ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    )
    func bucket(_ method: String) async throws {
        try await play(.bucket) { stage in
            stage.origin("/a", .ok())
            try await stage.send(method, "/a", body: "x").expect(405, "Allow: GET, HEAD")
            #expect(stage.server.requests.isEmpty)
        }
    }
}
