import CacheStore
import HTTPWire
import NIOConcurrencyHelpers
import Telemetry
import TestSupport
import Testing

@Suite("What is not looked up is relayed to an HTTP origin")
struct RelayTests {
    /// Sends this text on a connection of its own and takes one answer.
    private func ask(_ stage: Stage, _ text: String, to method: Method = .get) async throws -> RawClient.Response {
        let client = try await stage.connect()
        try await client.send(text)
        let response = try await client.response(to: method)
        await client.close()
        return response
    }

    private func ask(
        _ stage: Stage,
        _ method: String,
        _ path: String,
        _ fields: String = "",
        body: String? = nil
    ) async throws -> RawClient.Response {
        try await ask(stage, Self.request(method, path, fields, body: body), to: method == "HEAD" ? .head : .post)
    }

    static func request(_ method: String, _ path: String, _ fields: String = "", body: String? = nil) -> String {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        return "\(method) \(path) HTTP/1.1\r\nHost: edge.test\r\n\(fields)\(length)\r\n\(body ?? "")"
    }

    /// Waits until the value has stopped growing.
    private func settled(_ what: String, _ value: () -> Int) async throws -> Int {
        var last = -1
        var since = ContinuousClock.now
        try await eventually(within: .seconds(40), what) {
            let now = value()
            if now != last { (last, since) = (now, .now) }
            return now > 0 && ContinuousClock.now - since > .milliseconds(400)
        }
        return last
    }

    // MARK: Methods and bodies

    @Test("a body with its length, and one in chunks: each arrives as it was sent, and the answer comes back")
    func bodies() async throws {
        try await scenario(.http) { stage in
            let answer = ScriptedAnswer(201, ["Location": "/new", "Set-Cookie": "a=1", "X-Unknown": "1"], body: "made")
            stage.origin.on("/a", answer)
            let body = Texts.css(300_000)
            let chunks = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer-Field: x\r\n\r\n"
            let cases = [
                (Self.request("POST", "/a?b=%7e&a=1", body: body), body, false),
                (Self.request("POST", "/a?b=%7e&a=1", "Transfer-Encoding: chunked\r\n") + chunks, "hello world", true),
                (Self.request("POST", "/a?b=%7e&a=1", body: ""), "", false),
                (Self.request("POST", "/a?b=%7e&a=1"), "", false),
            ]
            for (index, (text, expected, isChunked)) in cases.enumerated() {
                let response = try await ask(stage, text, to: .post)
                #expect(response.status == 201 && response.text == "made")
                #expect(response["X-Unknown"] == "1" && response["Set-Cookie"] == "a=1")
                #expect(response.cacheStatus == "edge; fwd=method; fwd-status=201" && response["Via"] == "1.1 edge")
                let sent = try #require(stage.origin.requests.last)
                try await eventually { stage.origin.requests.last?.body.count == expected.utf8.count }
                #expect(stage.origin.requests.last?.body == Array(expected.utf8), "\(index)")
                #expect(sent.method == "POST" && sent.target == "/a?b=~&a=1")
                let framing = sent.values("content-length") + sent.values("transfer-encoding")
                #expect(framing == [isChunked ? "chunked" : "\(expected.utf8.count)"], "\(index)")
                #expect(sent["trailer-field"] == nil)
            }
            #expect(stage.statistics.memoryObjects == 0)
            // Connections to the origin are used again, unless a slow machine has let one be idle for too long.
            #expect(stage.origin.connectionsAccepted < 4)
        }
    }

    @Test("any method", arguments: ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "M-SEARCH", "x!y"])
    func methods(method: String) async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(207, ["Cache-Control": "max-age=100"], body: "x"))
            for count in 1...2 {
                let response = try await ask(stage, method, "/a")
                #expect(response.status == 207 && response.text == "x" && response.isForwarded("method"))
                #expect(stage.origin.count("/a", method: method) == count && !response.isStored)
            }
        }
    }

    @Test("GET and HEAD with a body are neither answered from the store nor stored", arguments: ["GET", "HEAD"])
    func bodiesOfSafeMethods(method: String) async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(200, ["Cache-Control": "max-age=100"], body: "x"))
            #expect(try await stage.get("/a").isStored)
            for _ in 0..<2 {
                let response = try await ask(stage, method, "/a", body: "{}")
                #expect(response.status == 200 && response.isForwarded("bypass") && !response.isStored)
                try await eventually { stage.origin.requests.last?.body == Array("{}".utf8) }
                #expect(stage.origin.requests.last?.method == method)
            }
            // No body at all, though a length was given.
            #expect(try await ask(stage, "GET", "/a", body: "").isHit)
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test("a GET with a body at a bucket is a GET: the body is dropped, or the connection closed")
    func bodyAtBucket() async throws {
        try await scenario { stage in
            stage.origin.on("/site/a", ScriptedAnswer(200, ["Cache-Control": "max-age=100"], body: "x"))
            let client = try await stage.connect()
            for _ in 0..<2 {
                try await client.send(Self.request("GET", "/a", body: "hello"))
                let response = try await client.response()
                #expect(response.text == "x" && response["Connection"] == nil)
            }
            #expect(stage.origin.count("/site/a") == 1 && stage.origin.last("/site/a")?.body.isEmpty == true)
            try await client.send(
                "GET /a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 90000000\r\n\r\nGET /evil HTTP/1.1\r\n"
            )
            #expect(try await client.response().text == "x")
            #expect(try await client.untilClosed().ending == .closed)
            #expect(stage.origin.count("/site/evil") == 0)
        }
    }

    @Test("the next request on the connection finds its place behind a relayed body")
    func pipelined() async throws {
        try await scenario(.http) { stage in
            stage.origin.onAnything { ScriptedAnswer(body: "\($0.method) \($0.path) \($0.body.count)") }
            let client = try await stage.connect()
            try await client.send(
                Self.request("POST", "/a", body: "12345") + Self.request("GET", "/b")
                    + Self.request("PUT", "/c", "Transfer-Encoding: chunked\r\n") + "3\r\nabc\r\n0\r\n\r\n"
                    + Self.request("DELETE", "/d") + Self.request("GET", "/e")
            )
            for expected in ["POST /a 5", "GET /b 0", "PUT /c 3", "DELETE /d 0", "GET /e 0"] {
                #expect(try await client.response(to: .post).text == expected)
            }
            await client.close()
        }
    }

    // MARK: Pace

    @Test("an origin that does not read holds the client back, and then gets everything")
    func slowOrigin() async throws {
        try await scenario(.http) { stage in
            let gate = Latch()
            stage.origin.on("/a", ScriptedAnswer(body: "done").readingBody(after: gate))
            let total = 96 << 20
            let piece = TestBytes.pattern(1 << 20)
            let sent = NIOLockedValueBox(0)
            let client = try await stage.connect()
            try await client.send("PUT /a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: \(total)\r\n\r\n")
            let sending = Task {
                for _ in 0..<total / piece.count {
                    try await client.send(piece)
                    sent.withLockedValue { $0 += piece.count }
                }
            }
            // What two pairs of sockets take, and no more.
            #expect(try await settled("the client to be held back") { sent.withLockedValue { $0 } } < total / 2)
            gate.open()
            #expect(try await client.response(to: .put, within: .seconds(60)).text == "done")
            try await sending.value
            try await eventually { stage.origin.last("/a")?.body.count == total }
            let body = try #require(stage.origin.last("/a")?.body)
            #expect(Array(body[..<piece.count]) == piece && Array(body[(total - piece.count)...]) == piece)
            await client.close()
        }
    }

    @Test("a client that does not read holds the origin back")
    func slowClient() async throws {
        try await scenario(.http) { stage in
            let body = TestBytes.pattern(40 << 20)
            stage.origin.on("/a", ScriptedAnswer(bytes: body).inPieces(of: 256 << 10))
            let client = try await stage.connect(receiveBuffer: 16 << 10)
            try await client.setReading(false)
            try await client.send(Self.request("POST", "/a", body: "x"))
            #expect(try await settled("the origin to be held back") { stage.count(.originBytes) } < body.count / 2)
            try await client.setReading(true)
            #expect(try await client.response(to: .post, within: .seconds(60)).body == body)
            await client.close()
        }
    }

    // MARK: Ends

    /// More is missing than is read for the sake of the connection.
    @Test("a client that leaves takes its request at the origin with it", arguments: [true, false])
    func clientLeaves(duringUpload: Bool) async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(bytes: TestBytes.pattern(100_000)).holdingBody(after: 10, Latch()))
            let client = try await stage.connect()
            if duringUpload {
                try await client.send("PUT /a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 1000\r\n\r\nabc")
                try await stage.waitUntil(asked: "/a")
            } else {
                try await client.send(Self.request("PUT", "/a", body: "abc"))
                _ = try await client.bytes(20)
            }
            // A client that has only stopped sending may still want the answer.
            if duringUpload { await client.close() } else { await client.reset() }
            try await eventually("the origin's connection to end") { stage.origin.connectionsOpen == 0 }
            #expect(stage.fillsUnderWay == 0)
        }
    }

    @Test("an origin that ends before it answers: 502, and it is not asked again", arguments: [true, false])
    func originEnds(resets: Bool) async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/warm", ScriptedAnswer(body: "x"))
            stage.origin.on("/a", resets ? .resetting : .closing)
            for _ in 0..<2 {
                // The connection it goes out on has served before.
                _ = try await ask(stage, "POST", "/warm")
                let before = stage.origin.count("/a")
                let response = try await ask(stage, "POST", "/a", body: "once")
                #expect(response.status == 502)
                #expect(response.cacheStatus == "edge; fwd=method; detail=origin-broken")
                #expect(stage.origin.count("/a") == before + 1)
            }
        }
    }

    @Test("an answer that breaks off is broken for the client")
    func answerBreaks() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(body: "abcdef", framing: .chunked).cutting(after: 3))
            let client = try await stage.connect()
            try await client.send(Self.request("POST", "/a", body: "x"))
            let (bytes, _) = try await client.untilClosed()
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasPrefix("HTTP/1.1 200 ") && !text.hasSuffix("0\r\n\r\n"))
        }
    }

    @Test("no origin at all: 502, whatever the method")
    func unreachable() async throws {
        try await scenario(.http) { stage in
            await stage.origin.stop()
            for method in ["POST", "DELETE", "OPTIONS"] {
                let response = try await ask(stage, method, "/a", body: "x")
                #expect(response.status == 502)
                #expect(response.cacheStatus == "edge; fwd=method; detail=origin-unreachable")
            }
        }
    }

    @Test("an answer that comes before the body is complete reaches the client", arguments: [true, false])
    func earlyAnswer(closes: Bool) async throws {
        try await scenario(.http) { stage in
            let head = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n"
            let early: ScriptedAnswer =
                closes
                ? .raw(head + "Connection: close\r\n\r\ntoo big", thenClose: true)
                : .raw(head + "\r\ntoo big")
            stage.origin.on("/a", early.beforeBody())
            let client = try await stage.connect()
            try await client.send("PUT /a HTTP/1.1\r\nHost: edge.test\r\nContent-Length: 100000000\r\n\r\n")
            let sending = Task {
                let piece = TestBytes.pattern(1 << 20)
                for _ in 0..<95 { try await client.send(piece) }
            }
            let response = try await client.response(to: .put)
            #expect(response.status == 413 && response.text == "too big")
            // Nobody wants the rest: the edge closes, after a while for the answer to arrive.
            _ = try await client.untilClosed(within: .seconds(60))
            await client.close()
            _ = await sending.result
        }
    }

    // MARK: Expect and interim answers

    @Test("RFC 9110, 10.1.1: the origin's 100 is the client's, and its refusal saves the body")
    func expectContinue() async throws {
        try await scenario(.http) { stage in
            let go = Latch()
            stage.origin.on(
                "/a",
                .raw(.hold(go), .send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)), .hold(go)).beforeBody()
            )
            stage.origin.on("/no", ScriptedAnswer(401, body: "who?").beforeBody())
            let refused = try await stage.connect()
            let head = "Host: edge.test\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
            try await refused.send("PUT /no HTTP/1.1\r\n" + head)
            let answer = try await refused.response(to: .put)
            #expect(answer.status == 401 && answer.text == "who?" && answer["Connection"] == "close")
            #expect(stage.origin.last("/no")?["expect"] == "100-continue")
            await refused.close()

            let client = try await stage.connect()
            try await client.send("PUT /a HTTP/1.1\r\n" + head)
            try await stage.waitUntil(asked: "/a")
            #expect(client.bytesWaiting == 0)
            go.open()
            #expect(try await client.response(to: .put).status == 100)
            await client.close()
        }
    }

    @Test("RFC 9110, 10.1.1: an origin that does not know Expect gets the body all the same")
    func expectUnknown() async throws {
        try await scenario(.http) { stage in
            stage.origin.onAnything { ScriptedAnswer(body: String(decoding: $0.body, as: UTF8.self)) }
            let client = try await stage.connect()
            for framing in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
                try await client.send("PUT /a HTTP/1.1\r\nHost: edge.test\r\nExpect: 100-continue\r\n\(framing)\r\n")
                #expect(try await client.response(to: .put).status == 100)
                try await client.send(framing.hasPrefix("C") ? "hello" : "5\r\nhello\r\n0\r\n\r\n")
                #expect(try await client.response(to: .put).text == "hello")
            }
            // Who does not wait is not made to.
            try await client.send(Self.request("PUT", "/a", "Expect: 100-continue\r\n", body: "at once"))
            var answer = try await client.response(to: .put)
            if answer.status == 100 { answer = try await client.response(to: .put) }
            #expect(answer.text == "at once")
            await client.close()
        }
    }

    @Test("RFC 9110, 15.2: interim answers are passed on")
    func interim() async throws {
        try await scenario(.http) { stage in
            let hints =
                "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nConnection: x\r\nX: 1\r\n\r\n"
            stage.origin.on("/a", ScriptedAnswer(body: "x").afterInterim(hints))
            let client = try await stage.connect()
            try await client.send(Self.request("POST", "/a", body: "x"))
            #expect(try await client.response(to: .post).status == 102)
            let early = try await client.response(to: .post)
            #expect(early.status == 103 && early["Link"] == "</a.css>" && early["X"] == nil)
            #expect(try await client.response(to: .post).text == "x")
            await client.close()
            let old = try await ask(
                stage,
                "POST /a HTTP/1.0\r\nHost: edge.test\r\nContent-Length: 1\r\n\r\nx",
                to: .post
            )
            #expect(old.status == 200)
        }
    }
}
