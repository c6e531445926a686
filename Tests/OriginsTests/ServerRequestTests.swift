import HTTPWire
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
        #expect(names == ["host", "cookie", "authorization", "accept-language", "accept-encoding", "via"])
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
}
