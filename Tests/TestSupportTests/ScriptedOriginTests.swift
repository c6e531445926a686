import TestSupport
import Testing

/// The origin is checked with curl, a client that nobody here wrote.
struct ScriptedOriginTests {
    private func curl(_ arguments: String...) async throws -> ProcessRunner.Result {
        try await ProcessRunner.run("curl", ["-sS", "-m", "20"] + arguments)
    }

    @Test func answersInTurnAndRecords() async throws {
        let origin = try await ScriptedOrigin.start()
        origin.on("/a", ScriptedAnswer(200, ["X-Turn": "1"], body: "one"), ScriptedAnswer(503, body: "two"))
        let first = try await curl("-i", "-H", "X-Mine: yes", origin.url + "/a?q=1")
        #expect(first.output.hasPrefix("HTTP/1.1 200 OK\r\nX-Turn: 1\r\nContent-Length: 3\r\n\r\none"))
        #expect(try await curl("-w", "%{http_code}", origin.url + "/a").output == "two503")
        #expect(try await curl("-w", "%{http_code}", origin.url + "/a").output == "two503")
        #expect(try await curl("-w", "%{http_code}", origin.url + "/none").output == "no script404")
        #expect(origin.count("/a") == 3)
        #expect(origin.count("/a?q=1") == 1)
        #expect(origin.requests.first?["x-mine"] == "yes")
        #expect(origin.requests.first?.method == "GET")
        #expect(origin.connectionsAccepted == 4)
    }

    @Test func recordsBodies() async throws {
        let origin = try await ScriptedOrigin.start()
        origin.on("/up") { ScriptedAnswer(body: String($0.body.count)) }
        let folder = try TemporaryFolder()
        let body = TestBytes.pattern(300_000)
        let file = try folder.write(body, to: "body")
        #expect(try await curl("-H", "Expect:", "-T", file, origin.url + "/up").output == "300000")
        #expect(
            try await curl("-H", "Expect:", "-T", file, "-H", "Transfer-Encoding: chunked", origin.url + "/up").output
                == "300000"
        )
        #expect(origin.requests.map(\.body) == [body, body])
    }

    @Test func holdsUntilTheLatchOpens() async throws {
        let origin = try await ScriptedOrigin.start()
        let head = Latch()
        let body = Latch()
        origin.on("/slow", ScriptedAnswer(body: "abcdef").holdingHead(head).holdingBody(after: 3, body))
        let process = try RunningProcess("curl", ["-sSN", "-m", "20", origin.url + "/slow"])
        try await eventually { head.waiters == 1 }
        head.open()
        try await eventually { body.waiters == 1 }
        body.open()
        #expect(try await process.wait() == .exited(0))
        #expect(process.output == "abcdef")
    }

    @Test func framings() async throws {
        let origin = try await ScriptedOrigin.start()
        origin.on("/chunked", ScriptedAnswer(body: "abcdef", framing: .chunked).inPieces(of: 2))
        origin.on("/close", ScriptedAnswer(body: "abcdef", framing: .untilClose))
        origin.on("/short", ScriptedAnswer(body: "abc", framing: .declared(6)).cutting(after: 3))
        origin.on("/reset", ScriptedAnswer(body: "abcdef").cutting(after: 3, reset: true))
        origin.on("/gone", .closing)
        #expect(try await curl(origin.url + "/chunked").standardOutput == "abcdef")
        #expect(try await curl(origin.url + "/close").standardOutput == "abcdef")
        #expect(try await curl(origin.url + "/short").status == .exited(18))
        let reset = try await curl(origin.url + "/reset")
        #expect(reset.status == .exited(56) && reset.standardOutput == "abc")
        #expect(try await curl(origin.url + "/gone").status == .exited(52))
        #expect(try await curl("-I", origin.url + "/chunked").status == .exited(0))
    }

    @Test func servesAnObjectAsAStoreDoes() async throws {
        let origin = try await ScriptedOrigin.start()
        origin.serve("/o", bytes: Array("0123456789".utf8), etag: "\"e\"")
        let code = ["-w", "%{http_code}", "-o", "/dev/null", origin.url + "/o"]
        #expect(try await ProcessRunner.run("curl", ["-sS", "-H", "If-None-Match: \"e\""] + code).output == "304")
        #expect(try await ProcessRunner.run("curl", ["-sS", "-H", "If-Match: \"x\""] + code).output == "412")
        #expect(try await curl("-r", "2-4", origin.url + "/o").output == "234")
    }

    @Test func stopsAndComesBackOnTheSamePort() async throws {
        let origin = try await ScriptedOrigin.start()
        origin.on("/a", ScriptedAnswer(body: "here"))
        #expect(try await curl(origin.url + "/a").output == "here")
        await origin.stop()
        #expect(try await curl(origin.url + "/a").status == .exited(7))
        try await origin.restart()
        #expect(try await curl(origin.url + "/a").output == "here")
    }

    @Test func servesTLSThatOnlyTheTestAuthorityVouchesFor() async throws {
        let origin = try await ScriptedOrigin.start(tls: true)
        origin.on("/a", ScriptedAnswer(body: "secret"))
        let folder = try TemporaryFolder()
        let authority = try folder.write(TestCertificates.authority, to: "ca.pem")
        #expect(try await curl("--cacert", authority, origin.url + "/a").output == "secret")
        #expect(try await curl(origin.url + "/a").status == .exited(60))
    }
}
