import HTTPWire
import NIOCore
import TestSupport
import Testing

@testable import HTTPServer

@Suite("whatever clients send")
struct RandomBytesTests {
    private static let parts = [
        "GET /small HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /large HTTP/1.1\r\nHost: x\r\n\r\n", "GET /abort HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        "POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n",
        "PUT /read HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
        "GET /large HTTP/1.0\r\n\r\n", "GET /read HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\u{16}\u{3}\u{1}", "0\r\n\r\n",
    ]
    private static let tokens = [
        "\r\n", "\r\n\r\n", " ", "\0", ":", "Content-Length: 3\r\n", "Content-Length: 18446744073709551615\r\n",
        "Transfer-Encoding: chunked\r\n", "FFFFFFFFFFFFFFFF\r\n", "7FFFFFFFFFFFFFFF\r\n", "Host: y\r\n", "-1", "%",
    ]

    /// Small, large and broken answers, with the request's body read or not.
    private static let handler: TestServer.Handler = { head, exchange in
        switch head.targetString {
        case "/read":
            let recorder = Recorder(Recorder.Log())
            recorder.onEnd = { exchange.answer("read") }
            exchange.delegate = recorder
            exchange.readBody()
        case "/large":
            let piece = ByteBuffer(repeating: 0x61, count: 300_000)
            exchange.respond(
                head: ByteBuffer(string: "HTTP/1.1 200 OK\r\n"),
                extra: ByteBuffer(),
                body: [piece],
                sendBody: true
            )
        case "/abort":
            exchange.sendHead(ResponseHead(status: 200), bodyLength: 10)
            exchange.sendBody(ByteBuffer(string: "some"))
            exchange.abort()
        default: exchange.answer("ok", isHead: head.method == .head)
        }
    }

    @Test(
        "damaged and pipelined requests, cut anywhere, ended anyhow: no connection stays, and the server goes on",
        arguments: [false, true]
    )
    func damaged(tls: Bool) async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(300)
        limits.idleTimeout = .milliseconds(300)
        limits.bodyTimeout = .milliseconds(300)
        limits.lingerTimeout = .milliseconds(100)
        try await TestServer.run(limits: limits, tls: tls ? try TestTLS.configuration() : nil, handler: Self.handler) {
            server in
            for batch in 0..<(tls ? 1 : 4) {
                try await withThrowingTaskGroup { group in
                    for connection in 0..<20 {
                        let seed = UInt64(batch * 20 + connection)
                        group.addTask { try await Self.visit(server, tls: tls, seed: seed) }
                    }
                    try await group.waitForAll()
                }
            }
            try await eventually("all connections have ended") { server.counters.connectionsOpen == 0 }
            // The limits are tight: on a busy machine an honest client may need another try.
            try await eventually(within: .seconds(60), "an honest client's answer") {
                guard let client = try? await server.connect(tls: tls) else { return false }
                try? await client.send(Self.parts[0])
                let text = try? await client.response(within: .seconds(5)).text
                await client.close()
                return text == "ok"
            }
        }
    }

    private static func visit(_ server: TestServer, tls: Bool, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            bytes += random.damage(Array((parts.randomElement(using: &random) ?? "").utf8), with: tokens)
        }
        let client = try await server.connect(tls: tls)
        if Bool.random(using: &random) { try await client.setReading(false) }
        let pieces = Int.random(in: 1...4, using: &random)
        let size = max(1, bytes.count / pieces)
        for start in stride(from: 0, to: bytes.count, by: size) {
            // The server may have had enough already.
            try? await client.send(Array(bytes[start..<min(start + size, bytes.count)]))
        }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: await client.close()
        case 1: await client.reset()
        case 2: try? await client.shutdownSending()
        default: break
        }
        try? await client.setReading(true)
        _ = try? await client.untilClosed(within: .seconds(5))
        await client.close()
    }
}
