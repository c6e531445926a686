import HTTPWire
import TestSupport
import Testing

@Suite("Answers of an HTTP site that are not for everyone")
struct SharingTests {
    @Test(
        "reach only the client that asked, and are hit-for-miss afterwards (RFC 9111 3)",
        arguments: [
            ["Cache-Control": "private, max-age=60"], ["Cache-Control": "no-store"],
            ["Cache-Control": "max-age=60", "Vary": "*"], [:],
        ] as [[String: String]]
    )
    func unshareable(fields: [String: String]) async throws {
        try await scenario(.http, loops: 2) { stage in
            let latches = [Latch(), Latch()]
            stage.origin.on("/me") { request in
                var text = "HTTP/1.1 200 OK\r\nSet-Cookie: s=\(request["X-User"] ?? "")\r\nContent-Length: 8\r\n"
                for (name, value) in fields { text += "\(name): \(value)\r\n" }
                let round = request["X-User"]?.hasPrefix("A") == true ? 0 : 1
                return .raw(.hold(latches[round]), .send(Array((text + "\r\nhello \(request["X-User"] ?? "")").utf8)))
            }
            for (round, name) in ["A", "B"].enumerated() {
                let clients = [try await stage.connect(), try await stage.connect(), try await stage.connect()]
                for (index, client) in clients.enumerated() {
                    try await client.send(Stage.request("/me", [("X-User", "\(name)\(index)")]))
                    // Only the first of all is waited for; afterwards nobody waits for another.
                    if round > 0 { try await stage.waitUntil(asked: "/me", times: 3 + index + 1) }
                    if round == 0, index > 0 { try await stage.waitUntil(collapsed: index) }
                    if index == 0 { try await stage.waitUntil(asked: "/me", times: 3 * round + 1) }
                }
                latches[round].open()
                for (index, client) in clients.enumerated() {
                    let response = try await client.response()
                    #expect(response.text == "hello \(name)\(index)" && response["Set-Cookie"] == "s=\(name)\(index)")
                    #expect(!response.isStored && response.isForwarded("uri-miss"))
                    await client.close()
                }
                #expect(stage.origin.count("/me") == 3 * (round + 1))
            }
        }
    }

    @Test("the client that asked has left: the others still do not get its answer", arguments: [1, 2])
    func ownerLeaves(loops: Int) async throws {
        try await scenario(.http, loops: loops) { stage in
            let latch = Latch()
            stage.origin.on("/me") { request in
                let user = request["X-User"] ?? ""
                let text = "HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 2\r\n\r\n\(user)"
                return user == "u0" ? .raw(.hold(latch), .send(Array(text.utf8))) : .raw(text)
            }
            var clients: [RawClient] = []
            for index in 0..<6 {
                clients.append(try await stage.connect())
                try await clients[index].send(Stage.request("/me", [("X-User", "u\(index)")]))
                if index == 0 { try await stage.waitUntil(asked: "/me") }
            }
            try await stage.waitUntil(collapsed: 5)
            await clients[0].reset()
            latch.open()
            for index in 1..<6 {
                #expect(try await clients[index].response().text == "u\(index)")
                await clients[index].close()
            }
        }
    }

    @Test("with Authorization: shared only where the answer permits it (RFC 9111 3.5)")
    func authorization() async throws {
        try await scenario(.http) { stage in
            stage.origin.onAnything { request in
                let control = request.path == "/public" ? "public, max-age=60" : "max-age=60"
                return ScriptedAnswer(200, ["Cache-Control": control], body: request["Authorization"] ?? "nobody")
            }
            for path in ["/public", "/members"] {
                let mine = try await stage.get(path, ["Authorization": "Basic me"])
                #expect(mine.text == "Basic me")
            }
            #expect(try await stage.get("/public").isHit)
            #expect(try await stage.get("/members").text == "nobody")
        }
    }

    @Test("Set-Cookie alone forbids nothing, when the answer says that it may be stored")
    func setCookie() async throws {
        try await scenario(.http) { stage in
            stage.origin.on("/a", ScriptedAnswer(200, ["Cache-Control": "max-age=60", "Set-Cookie": "a=b"], body: "a"))
            _ = try await stage.get("/a")
            #expect(try await stage.get("/a").isHit)
        }
    }

    @Test("a request's no-store is its own affair: others go on sharing (RFC 9111 5.2.1.5)")
    func requestNoStore() async throws {
        try await scenario(.http) { stage in
            let latch = Latch()
            let answer = ScriptedAnswer(200, ["Cache-Control": "max-age=60"], body: "a")
            stage.origin.on("/a", answer, answer.holdingHead(latch))
            let own = try await stage.get("/a", ["Cache-Control": "no-store"])
            #expect(own.text == "a" && !own.isStored)
            let crowd = try await stage.crowd(10, "/a")
            try await stage.waitUntil(collapsed: 9)
            latch.open()
            for response in try await crowd.responses() { #expect(response.text == "a") }
            #expect(stage.origin.count("/a") == 2)
        }
    }

    @Test("a 304 that forbids sharing from now on is obeyed at once", arguments: ["private", "no-store"])
    func withdrawn(control: String) async throws {
        try await scenario(.http) { stage in
            let latch = Latch()
            stage.origin.on("/a") { request in
                guard request["If-None-Match"] == nil else {
                    let text = "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\nCache-Control: \(control)\r\n\r\n"
                    return .raw(.hold(latch), .send(Array(text.utf8)))
                }
                let user = request["X-User"] ?? "nobody"
                let value = user == "nobody" ? "max-age=0" : control
                return ScriptedAnswer(200, ["ETag": "\"v1\"", "Cache-Control": value], body: user)
            }
            _ = try await stage.get("/a")
            let clients = [try await stage.connect(), try await stage.connect()]
            try await clients[0].send(Stage.request("/a", [("X-User", "u0")]))
            try await stage.waitUntil(asked: "/a", times: 2)
            try await clients[1].send(Stage.request("/a", [("X-User", "u1")]))
            try await stage.waitUntil(collapsed: 1)
            latch.open()
            #expect(try await clients[0].response().text == "nobody")
            #expect(try await clients[1].response().text == "u1")
            for client in clients { await client.close() }
            // Not stored any more.
            #expect(try await stage.get("/a", ["X-User": "u2"]).text == "u2")
        }
    }
}
