import HTTPClient
import NIOCore
import NIOPosix
import TestSupport
import Testing

struct SmokeTests {
    @Test func getsABody() async throws {
        let origin = try await ScriptedOrigin.start()
        origin.on("/a", ScriptedAnswer(200, ["X-A": "b"], body: "hello"))
        let client = HTTPClient(group: MultiThreadedEventLoopGroup.singleton)
        let endpoint = try #require(Endpoint(url: origin.url))
        for _ in 0..<10 {
            let response = try await client.send(ClientRequest(endpoint, target: "/a"))
            #expect(response.status == 200)
            let body = try await response.collectBody(upTo: 100)
            #expect(String(buffer: body) == "hello")
        }
        await client.shutdown()
    }
}
