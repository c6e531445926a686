import HTTPWire
import NIOCore
import Origins
import TestSupport
import Testing

/// What an HTTP origin is asked.
struct ServerRequestTests {
    @Test func theClientsFieldsPassButForThoseOfOneHopAndOfTheEdge() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/a", ScriptedAnswer(body: "x"))
        let request = bench.request(
            "/a?b=c%20d",
            client: [
                "Host": "www.example.com", "Cookie": "c=1", "Authorization": "Basic x", "Accept-Language": "de",
                "Connection": "keep-alive, X-Hop", "X-Hop": "1", "Keep-Alive": "5", "TE": "trailers", "Upgrade": "h2c",
                "Proxy-Authorization": "Basic y", "Range": "bytes=0-1", "If-Range": "\"x\"", "Accept-Encoding": "br",
                "If-None-Match": "\"theirs\"", "If-Modified-Since": "x", "If-Match": "*", "If-Unmodified-Since": "x",
                "Content-Length": "5", "Expect": "100-continue", "X-Forwarded-For": "6.6.6.6",
                "Forwarded": "for=6.6.6.6",
                "X-Forwarded-Proto": "gopher", "X-Forwarded-Host": "evil",
                "X-Forwarded-Port": "1", "Via": "1.0 before",
            ]
        )
        #expect(try await Fetched(bench.server, request, on: bench.eventLoop).over().text == "x")
        let sent = try #require(bench.origin.requests.first)
        #expect(sent.target == "/a?b=c%20d")
        let names = Set(sent.fields.map { $0.name.lowercased() })
        #expect(names == ["host", "cookie", "authorization", "accept-language", "accept-encoding", "via", "cdn-loop"])
        #expect(sent["host"] == "127.0.0.1:\(bench.origin.port)", "the client's Host is not in the key")
        #expect(sent["accept-encoding"] == "identity" && sent.values("via") == ["1.0 before", "1.1 edge-1"])
    }

    @Test func theEdgesOwnValidatorsGo() async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(304) }
        let request = bench.request("/a", etag: "\"ours\"", client: ["If-None-Match": "\"theirs\""])
        #expect(try await Fetched(bench.server, request, on: bench.eventLoop).over().answer?.head.status == 304)
        #expect(bench.origin.last("/a")?.values("if-none-match") == ["\"ours\""])
    }

    @Test func aRelayedRequestKeepsWhatIsTheClients() async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(200, body: "x") }
        var request = bench.request(
            "/a",
            method: .other,
            client: [
                "Range": "bytes=0-1", "If-Range": "\"x\"", "Accept-Encoding": "br", "If-None-Match": "\"theirs\"",
                "If-Match": "*", "Connection": "close, x-own, cdn-loop", "X-Own": "1", "Content-Length": "5",
                "Transfer-Encoding": "gzip", "Trailer": "X-T", "Proxy-Connection": "keep-alive", "Upgrade": "websocket",
                "CDN-Loop": "other; a=b", "X-Forwarded-Host": "evil", "X-Real": "2", "Expect": "200-ok",
            ]
        )
        request.client = RequestHead(method: "M-SEARCH.!#", target: "/a", fields: request.client.fields)
        request.purpose = .relay
        request.peer = .init(address: "2001:db8::1", isSecure: true, host: "www.example.com")
        request.etags = [EntityTag(opaque: "ours")]
        try await Fetched(bench.server, request, on: bench.eventLoop).over()
        let sent = try #require(bench.origin.requests.first)
        #expect(sent.method == "M-SEARCH.!#")
        let names = sent.fields.map { $0.name.lowercased() }.sorted()
        #expect(
            names == [
                "accept-encoding", "cdn-loop", "cdn-loop", "forwarded", "host", "if-match", "if-none-match", "if-range",
                "range", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real",
            ]
        )
        #expect(sent.values("if-none-match") == ["\"theirs\""] && sent["accept-encoding"] == "br")
        #expect(sent.values("cdn-loop") == ["other; a=b", "edge-1"])
        #expect(sent["x-forwarded-for"] == "2001:db8::1" && sent["x-forwarded-proto"] == "https")
        #expect(sent["x-forwarded-host"] == "www.example.com")
        #expect(sent["forwarded"] == "for=\"[2001:db8::1]\";host=\"www.example.com\";proto=https")
    }

    @Test func interimAnswersPassAndAContinueIsToldApart() async throws {
        let bench = try await OriginBench()
        let interims =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: x-y\r\nX-Y: 1\r\n\r\n"
        bench.origin.onAnything { _ in ScriptedAnswer(body: "x").afterInterim(interims) }
        let fetched = try await Fetched(bench.server, bench.request("/a"), on: bench.eventLoop).over()
        #expect(fetched.now.continues == 1 && fetched.now.interims.map(\.status) == [103] && fetched.text == "x")
        #expect(fetched.now.interims.first?.fields.count == 1)
        // What a bucket says there is between it and the edge.
        #expect(try await bench.fetch("/a").now.interims.isEmpty)
    }

    @Test func aPushedBodyGoesOnceAndIsNotRepeated() async throws {
        let bench = try await OriginBench()
        bench.origin.on("/a", .closing)
        var request = bench.request("/a", method: .put)
        request.body = .pushed(length: nil)
        request.client.expectsContinue = true
        let fetched = try await Fetched(bench.server, request, on: bench.eventLoop)
        try await eventually { fetched.now.writableCalls > 0 }
        try await fetched.onLoop { exchange in
            exchange.writeBody(ByteBuffer(string: "abc"))
            exchange.finishBody()
        }
        #expect(try await fetched.over().failure?.detail == "origin-broken")
        #expect(bench.origin.count("/a") == 1)
        let sent = bench.origin.last("/a")
        #expect(sent?["transfer-encoding"] == "chunked" && sent?["expect"] == "100-continue")
        #expect(sent.map { String(decoding: $0.body, as: UTF8.self) } == "abc")
    }

    /// What is stored is for everyone: only what is meant for one says who that is.
    @Test func whoAsksIsToldOnlyWhereTheAnswerIsForNobodyElse() async throws {
        let bench = try await OriginBench()
        bench.origin.onAnything { _ in ScriptedAnswer(200, body: "x") }
        var request = bench.request("/a", client: ["X-Forwarded-For": "6.6.6.6", "Forwarded": "for=6.6.6.6"])
        request.peer = .init(address: "192.0.2.7", isSecure: false, host: "www.example.com")
        try await Fetched(bench.server, request, on: bench.eventLoop).over()
        let shared = try #require(bench.origin.last("/a"))
        #expect(shared["x-forwarded-for"] == nil && shared["forwarded"] == nil && shared["x-forwarded-host"] == nil)
        #expect(shared.values("x-forwarded-proto") == ["http"])
        request.purpose = .single
        try await Fetched(bench.server, request, on: bench.eventLoop).over()
        let single = try #require(bench.origin.last("/a"))
        #expect(single.values("x-forwarded-for") == ["192.0.2.7"] && single["accept-encoding"] == "identity")
        #expect(single["forwarded"] == "for=192.0.2.7;host=\"www.example.com\";proto=http")
    }
}
