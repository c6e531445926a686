import HTTPClient
import HTTPWire
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import ControlPlane

@Suite struct AccessTests {
    @Test func withoutAKnownTokenTheAnswerIs401() async throws {
        try await withControl { (control) async throws in
            for (method, target) in [
                ("GET", "/v1/edges"), ("POST", "/v1/edges"), ("POST", "/v1/edges/e/renew"), ("DELETE", "/v1/edges/e"),
                ("POST", "/v1/purges"), ("GET", "/v1/purges"), ("GET", "/v1/purges/1"), ("GET", "/v1/log"),
            ] {
                let without = try await control.request(method, target)
                #expect(without.status == 401, "\(method) \(target)")
                #expect(without.fields["WWW-Authenticate"] == "Bearer realm=\"apus\"")
                #expect(without.text.contains("no token"))
                #expect(try await control.request(method, target, token: "wrong").status == 401)
            }
            for text in ["Basic YTpi", "Bearer", "Bearer ", TestToken.admin, "Bearer \(TestToken.admin) x"] {
                #expect(try await control.request("GET", "/v1/edges", authorization: text).status == 401, "\(text)")
            }
            #expect(
                try await control.request("GET", "/v1/edges", authorization: "bearer \(TestToken.admin)").status == 200
            )
            let health = try await control.request("GET", "/healthz")
            #expect(health.status == 200 && health.text == "ok\n")
        }
    }

    @Test func eachScopeOpensItsOwnDoors() async throws {
        try await withControl { (control) async throws in
            let purge = #"{"scopes":[{"all":true}]}"#
            let registration = #"{"id":"e","instance":"i","onLostControl":"revalidate"}"#
            func status(_ method: String, _ target: String, _ token: String, _ body: String? = nil) async throws -> Int
            {
                try await control.request(method, target, token: token, body: body).status
            }
            #expect(try await status("POST", "/v1/purges", TestToken.read, purge) == 403)
            #expect(try await status("POST", "/v1/purges", TestToken.edge, purge) == 403)
            #expect(try await status("POST", "/v1/purges", TestToken.host, purge) == 403)
            #expect(try await status("POST", "/v1/purges", TestToken.purge, purge) == 201)
            #expect(try await status("POST", "/v1/edges", TestToken.read, registration) == 403)
            #expect(try await status("POST", "/v1/edges", TestToken.purge, registration) == 403)
            #expect(try await status("POST", "/v1/edges", TestToken.edge, registration) == 201)
            #expect(try await status("GET", "/v1/edges", TestToken.edge) == 403)
            #expect(try await status("GET", "/v1/edges", TestToken.read) == 200)
            #expect(try await status("GET", "/v1/purges", TestToken.purge) == 403)
            #expect(try await status("GET", "/v1/log", TestToken.purge) == 403)
            #expect(try await status("DELETE", "/v1/edges/e", TestToken.edge) == 403)
            #expect(try await status("DELETE", "/v1/edges/e", TestToken.read) == 403)
            #expect(try await status("DELETE", "/v1/edges/e", TestToken.admin) == 204)
        }
    }

    @Test func aTokenForOneHostPurgesThatHostAndSeesNoEdges() async throws {
        try await withControl { (control) async throws in
            let edge = control.edge("secret-edge")
            try await edge.ready()
            func purge(_ scopes: String) async throws -> Int {
                try await control.request("POST", "/v1/purges", token: TestToken.host, body: "{\"scopes\":[\(scopes)]}")
                    .status
            }
            #expect(
                try await purge(#"{"url":"http://a.example/x"},{"prefix":"http://A.example/"},{"site":"a.example"}"#)
                    == 201
            )
            #expect(try await purge(#"{"tag":"t","site":"a.example"}"#) == 201)
            #expect(try await purge(#"{"url":"http://b.example/x"}"#) == 403)
            #expect(try await purge(#"{"url":"http://a.example/x"},{"url":"http://b.example/x"}"#) == 403)
            #expect(try await purge(#"{"tag":"t"}"#) == 403)
            let own = try await control.request("GET", "/v1/purges/1?wait=5&seen=0", token: TestToken.host)
            #expect(own.status == 200 && own.text.contains("\"done\":true") && !own.text.contains("secret-edge"))
            let other = try await control.control().purge([.all])
            let refused = try await control.request("GET", "/v1/purges/\(other.number)", token: TestToken.host)
            #expect(refused.status == 403 && !refused.text.contains("\"all\""))
            await edge.agent.leave()
        }
    }

    @Test func scopesAreReadFromTheirText() {
        #expect(AccessScope("admin") == .admin)
        #expect(AccessScope("purge:A.example:8080") == .purgeHost("a.example"))
        for text in ["", "purge:", "purge:two hosts", "Admin", "write"] { #expect(AccessScope(text) == nil, "\(text)") }
    }

    @Test func tokensDoNotPrintThemselves() throws {
        let token = try #require(BearerToken("very-secret"))
        #expect(!"\(token) \(String(reflecting: token))".contains("very-secret"))
        let access = AccessToken("very-secret", scopes: [.admin], name: "ops")
        #expect("\(access)" == "ops")
        for text in ["", "two words", "line\r\nX: y", "ü"] { #expect(BearerToken(text) == nil) }
    }
}

@Suite struct RequestTests {
    @Test(arguments: [
        ("{", 400, "not valid JSON"), ("[]", 400, "wrong type"), (#"{"scopes":[]}"#, 400, "no scopes"),
        (#"{"scopes":[{"url":"/a"}]}"#, 400, "http://HOST/PATH"), (#"{"scopes":"all"}"#, 400, "scopes"),
        ("", 400, "JSON"),
    ])
    func whatIsNoPurgeIsRefusedWithASentence(body: String, status: Int, words: String) async throws {
        try await withControl { (control) async throws in
            let answer = try await control.request("POST", "/v1/purges", token: TestToken.admin, body: body)
            #expect(answer.status == status && answer.text.contains(words), "\(answer.text)")
            #expect(answer.fields[.contentType] == "application/json")
        }
    }

    @Test func aBodyAboveTheLimitIsRefused() async throws {
        try await withControl { (control) async throws in
            let body = #"{"scopes":[{"url":"http://h/"# + String(repeating: "a", count: 1 << 20) + #""}]}"#
            let answer = try await control.request("POST", "/v1/purges", token: TestToken.admin, body: body)
            #expect(answer.status == 413 && answer.text.contains("1048576"))
        }
    }

    @Test func moreScopesThanTheLimitAreRefused() async throws {
        var limits = ControlLimits()
        limits.scopesPerPurge = 2
        try await withControl(ControlHarness.configuration(limits: limits)) { (control) async throws in
            let scope = PurgeScope.site(host: "h")
            #expect(try await control.control().purge([scope, scope]).number == 1)
            let error = await #expect(throws: ControlClientError.self) {
                try await control.control().purge([scope, scope, scope])
            }
            #expect(error?.kind == .refused(.tooLarge))
        }
    }

    @Test func unknownAddressesAreAnsweredInJSON() async throws {
        try await withControl { (control) async throws in
            for target in [
                "/nothing", "/v1/purges/x", "/v1/purges/0", "/v1/purges/7", "/v1/purges/99999999999999999999",
            ] {
                let answer = try await control.request("GET", target, token: TestToken.admin)
                #expect(answer.status == 404, "\(target)")
                #expect(try ControlJSON.decode(ControlAPI.Failure.self, from: answer.text.utf8).code == "not_found")
            }
            #expect(try await control.request("DELETE", "/v1/edges/nobody", token: TestToken.admin).status == 404)
            #expect(try await control.request("GET", "/v1/log?after=x", token: TestToken.admin).status == 400)
            #expect(try await control.request("GET", "/v1/purges?limit=-1", token: TestToken.admin).status == 400)
        }
    }

    @Test func theIdempotencyKeyMakesOnePurgeOfTwoRequests() async throws {
        try await withControl { (control) async throws in
            func purge(_ body: String, _ key: String, _ token: String = TestToken.admin) async throws -> (Int, String) {
                let answer = try await control.request("POST", "/v1/purges", token: token, body: body, key: key)
                return (answer.status, answer.text)
            }
            let one = try await purge(#"{"scopes":[{"all":true}]}"#, "k")
            let two = try await purge(#"{"scopes":[{"all":true}]}"#, "k")
            #expect(one.0 == 201 && one == two)
            let other = try await purge(#"{"scopes":[{"site":"h"}]}"#, "k")
            #expect(other.0 == 409)
            // Another token's key is another key.
            let foreign = try await purge(#"{"scopes":[{"site":"h"}]}"#, "k", TestToken.purge)
            #expect(foreign.0 == 201 && foreign.1.contains("\"number\":2"))
            #expect(try await purge("{}", String(repeating: "k", count: 129)).0 == 400)
        }
    }

    @Test(arguments: ["", "a b", "../x", "..", "ü", String(repeating: "e", count: 65)])
    func idsThatNoAddressCanCarryAreRefused(id: String) async throws {
        try await withControl { (control) async throws in
            let body = try ControlJSON.encode(["id": id, "instance": "i"])
            let answer = try await control.request(
                "POST",
                "/v1/edges",
                token: TestToken.edge,
                body: String(decoding: body, as: UTF8.self)
            )
            #expect(answer.status == 400, "\(answer.text)")
        }
    }

    @Test func aPortInUseIsSaidInOneSentence() async throws {
        try await withControl { (control) async throws in
            let folder = try TemporaryFolder()
            var configuration = ControlHarness.configuration()
            configuration.port = control.endpoint.port
            let second = ControlServer(
                configuration,
                store: try SQLiteControlStore(path: folder.file("c.sqlite")),
                group: MultiThreadedEventLoopGroup.singleton,
                logger: control.logger
            )
            let error = await #expect(throws: ControlServerError.self) { try await second.start() }
            #expect(
                error?.description
                    == "Control cannot listen on 127.0.0.1:\(configuration.port): the address is already in use."
            )
            await second.shutdown()
        }
    }

    @Test func whatControlCannotBeAskedIsSaidInOneSentence() async throws {
        try await withControl { (control) async throws in
            let noToken = await #expect(throws: ControlClientError.self) { try await control.control(nil).edges() }
            #expect(noToken?.kind == .unauthorized && noToken?.description.contains("wants a token") == true)
            let wrong = await #expect(throws: ControlClientError.self) { try await control.control("wrong").edges() }
            #expect(wrong?.kind == .unauthorized && wrong?.description.contains("does not know") == true)
            let weak = await #expect(throws: ControlClientError.self) {
                try await control.control(TestToken.read).purge([.all])
            }
            #expect(weak?.kind == .forbidden)
            await control.stopServer()
            let gone = await #expect(throws: ControlClientError.self) { try await control.control().edges() }
            #expect(
                gone?.kind == .unreachable && gone?.description.contains("not reachable at \(control.endpoint)") == true
            )
        }
    }
}

@Suite struct LogStreamTests {
    /// Reads lines until `count` have come that are not heartbeats.
    private func read(_ control: ControlHarness, _ target: String, entries count: Int) async throws -> [String] {
        var fields = FieldList()
        fields.set(.authorization, "Bearer \(TestToken.read)")
        let response = try await control.client.send(ClientRequest(control.endpoint, target: target, fields: fields))
        #expect(response.status == 200)
        var splitter = LineSplitter(limit: 1 << 20)
        var lines: [String] = []
        for try await piece in response.body {
            try splitter.add(piece)
            while let line = splitter.next() { lines.append(String(decoding: line, as: UTF8.self)) }
            if lines.count(where: { !$0.contains("heartbeat") }) >= count, lines.last?.contains("heartbeat") == true {
                break
            }
        }
        return lines
    }

    @Test func entriesComeInOrderFromTheNumberAskedForAndHeartbeatsBetween() async throws {
        var limits = ControlLimits()
        limits.heartbeatSeconds = 0.05
        // So that old entries come from the store, page by page, and new ones from memory.
        limits.pageEntries = 3
        limits.tailEntries = 4
        try await withControl(ControlHarness.configuration(limits: limits)) { (control) async throws in
            for _ in 0..<10 { _ = try await control.control().purge([.all]) }
            let reading = Task { try await within { try await read(control, "/v1/log?after=2", entries: 13) } }
            for _ in 0..<5 { _ = try await control.control().purge([.site(host: "h")]) }
            let lines = try await reading.value
            let entries = try lines.filter { !$0.contains("heartbeat") }.map {
                try ControlJSON.decode(PurgeEntry.self, from: $0.utf8)
            }
            #expect(entries.map(\.number) == Array(3...15))
            #expect(entries.last?.scopes == [.site(host: "h")])
            let beats = try lines.filter { $0.contains("heartbeat") }.map {
                try ControlJSON.decode(ControlAPI.Heartbeat.self, from: $0.utf8)
            }
            #expect(beats.last?.heartbeat == 15)
            #expect(lines.first?.contains("heartbeat") == true)
        }
    }

    @Test func anotherLogOrANumberBeyondTheEndIsRefused() async throws {
        try await withControl { (control) async throws in
            let log = try await control.control().edges().log
            for target in ["/v1/log?after=0&log=other", "/v1/log?after=1&log=\(log)"] {
                let answer = try await control.request("GET", target, token: TestToken.read)
                #expect(answer.status == 409 && answer.text.contains("log_changed"))
            }
            let unknown = try await control.request("GET", "/v1/log?after=0&instance=x", token: TestToken.edge)
            #expect(unknown.status == 410)
        }
    }

    @Test func streamsAreBounded() async throws {
        var limits = ControlLimits()
        limits.streams = 1
        try await withControl(ControlHarness.configuration(limits: limits)) { (control) async throws in
            var fields = FieldList()
            fields.set(.authorization, "Bearer \(TestToken.read)")
            let first = try await control.client.send(
                ClientRequest(control.endpoint, target: "/v1/log", fields: fields)
            )
            var iterator = first.body.makeAsyncIterator()
            _ = try await iterator.next()
            #expect(try await control.request("GET", "/v1/log", token: TestToken.read).status == 503)
        }
    }

    @Test func shutdownEndsTheStreams() async throws {
        try await withControl { (control) async throws in
            var fields = FieldList()
            fields.set(.authorization, "Bearer \(TestToken.read)")
            let response = try await control.client.send(
                ClientRequest(control.endpoint, target: "/v1/log", fields: fields)
            )
            let reading = Task {
                for try await _ in response.body {}
            }
            try await within(.seconds(5), "the shutdown") { await control.stopServer() }
            // To its proper end: the follower knows that nothing was cut off.
            try await within { try await reading.value }
        }
    }
}
