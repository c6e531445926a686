import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("RFC 9110, section 15.2: interim answers")
struct InterimTests {
    private static let hint = """
        HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-Hint: 1\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n
        """
    private static let final = """
        HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 4\r\n\r\nbody
        """

    @Test("a 103 goes to the client that has asked, at once, and nothing of it is stored")
    func passed() async throws {
        try await scenario(.http) { stage in
            let latch = Latch()
            stage.origin.on(
                "/a",
                .raw(.send(Array(Self.hint.utf8)), .hold(latch), .send(Array(Self.final.utf8)))
            )
            let client = try await stage.connect()
            try await client.send(Stage.request("/a"))
            let interim = try await client.response()
            #expect(interim.status == 103 && interim["Link"] == "</a.css>; rel=preload" && interim["X-Hint"] == "1")
            #expect(interim["X-Hop"] == nil && interim["Connection"] == nil && interim["Content-Length"] == nil)
            latch.open()
            let response = try await client.response()
            #expect(response.status == 200 && response.text == "body" && response["X-Hint"] == nil)
            try await client.send(Stage.request("/a"))
            let hit = try await client.response()
            #expect(hit.isHit && hit["Link"] == nil && hit["X-Hint"] == nil)
            await client.close()
        }
    }

    @Test("those who joined, and clients of HTTP/1.0, get the final answer alone", arguments: [1, 2])
    func others(loops: Int) async throws {
        try await scenario(.http, loops: loops) { stage in
            let before = Latch()
            stage.origin.on("/a", .raw(.hold(before), .send(Array((Self.hint + Self.hint + Self.final).utf8))))
            let crowd = try await stage.crowd(6, "/a")
            try await stage.waitUntil(collapsed: 5)
            before.open()
            let statuses = try await crowd.clients.asyncMap { try await $0.response().status }
            #expect(statuses.count { $0 == 103 } == 1 && statuses.count { $0 == 200 } == 5)
            await crowd.close()

            stage.origin.on("/b", .raw(Self.hint + Self.final))
            let old = try await stage.connect()
            try await old.send("GET /b HTTP/1.0\r\nHost: edge.test\r\n\r\n")
            #expect(try await old.response().status == 200)
        }
    }

    @Test("a client that leaves between the two takes nothing with it")
    func leaves() async throws {
        try await scenario(.http) { stage in
            let latch = Latch()
            stage.origin.on(
                "/a",
                .raw(.send(Array(Self.hint.utf8)), .hold(latch), .send(Array((Self.hint + Self.final).utf8)))
            )
            let client = try await stage.connect()
            try await client.send(Stage.request("/a"))
            #expect(try await client.response().status == 103)
            await client.reset()
            try await eventually("the client to be gone") { stage.clientsGone >= 1 }
            latch.open()
            try await eventually("the end of the fill") { stage.fillsUnderWay == 0 }
            #expect(try await stage.get("/a").isHit)
        }
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
