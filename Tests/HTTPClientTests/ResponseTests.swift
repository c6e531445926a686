import HTTPClient
import HTTPWire
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Responses as they come over a socket.
struct ResponseTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    @Test func everyFraming() async throws {
        let bench = try await Bench()
        let body = TestBytes.pattern(700_000)
        bench.origin.on("/length", ScriptedAnswer(bytes: body))
        bench.origin.on("/chunked", ScriptedAnswer(bytes: body, framing: .chunked).inPieces(of: 4_999))
        bench.origin.on("/close", ScriptedAnswer(bytes: body, framing: .untilClose))
        bench.origin.on("/none", ScriptedAnswer(204))
        bench.origin.on("/empty", ScriptedAnswer())
        for path in ["/length", "/chunked", "/close"] {
            let log = try await bench.get(path, on: eventLoop).now
            #expect(log.ends == 1 && log.body == body, "\(path)")
        }
        for path in ["/none", "/empty"] {
            let log = try await bench.get(path, on: eventLoop).now
            #expect(log.ends == 1 && log.body.isEmpty, "\(path)")
        }
        for path in ["/length", "/chunked"] {
            let log = try await bench.get(path, method: "HEAD", on: eventLoop).now
            #expect(log.ends == 1 && log.body.isEmpty, "\(path)")
        }
    }

    @Test func headsThatTrickle() async throws {
        let bench = try await Bench()
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"x\"\r\n\r\nhello"
        bench.origin.on("/a") { _ in
            var answer = ScriptedAnswer.raw()
            for byte in text.utf8 { answer = answer.then(.send([byte])).then(.wait(.milliseconds(1))) }
            return answer
        }
        let exchanged = try await bench.get("/a", on: eventLoop)
        #expect(exchanged.text == "hello" && exchanged.now.heads.first?.fields[.etag] == "\"x\"")
    }

    /// RFC 9110, section 15.2.
    @Test func interimResponsesAreReportedAndSkipped() async throws {
        let bench = try await Bench()
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        bench.origin.on("/a", .raw(hints + "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"))
        let log = try await bench.get("/a", on: eventLoop).now
        #expect(log.interims == [103] && log.body == [0x78] && log.ends == 1)
    }

    /// RFC 9112, section 8: incomplete messages are not taken for whole ones.
    @Test func earlyEndsAreFailures() async throws {
        let bench = try await Bench()
        let origin = bench.origin
        origin.on("/short", ScriptedAnswer(body: "abcdef").cutting(after: 3))
        origin.on("/chunk", ScriptedAnswer(body: "abcdef", framing: .chunked).cutting(after: 6))
        origin.on("/reset", ScriptedAnswer(body: "abcdef", framing: .untilClose).cutting(after: 3, reset: true))
        origin.on("/head", .raw("HTTP/1.1 200 OK\r\nContent-Le", thenClose: true))
        origin.on("/nothing", .closing)
        for (path, body) in [
            ("/short", "abc"), ("/chunk", "abcdef"), ("/reset", "abc"), ("/head", ""), ("/nothing", ""),
        ] {
            // A new connection each, so that nothing is repeated.
            let exchanged = try await bench.get(path, on: eventLoop)
            let failure = try #require(exchanged.failure, "\(path)")
            #expect(failure.kind == .closedEarly && failure.mayRetry == .never, "\(path): \(failure)")
            #expect(exchanged.text == body, "\(path)")
            #expect(origin.count(path) == 1)
        }
        #expect(try await bench.get("/short", on: eventLoop).failure?.message.contains("3 bytes of the body") == true)
    }

    @Test func whatIsNotHTTPIsAProtocolError() async throws {
        let bench = try await Bench()
        bench.origin.on("/ssh", .raw("SSH-2.0-OpenSSH\r\n"))
        bench.origin.on("/both", .raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"))
        bench.origin.on("/chunk", .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"))
        let long = String(repeating: "x", count: 70_000)
        bench.origin.on("/long", .raw("HTTP/1.1 200 OK\r\nX: \(long)\r\n\r\n"))
        let many = String(repeating: "X: y\r\n", count: 300)
        bench.origin.on("/many", .raw("HTTP/1.1 200 OK\r\n\(many)\r\n"))
        for path in ["/ssh", "/both", "/chunk", "/long", "/many"] {
            #expect(try await bench.get(path, on: eventLoop).failure?.kind == .protocolError, "\(path)")
        }
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func headsUpTo64KiBAreTaken() async throws {
        let bench = try await Bench()
        let value = String(repeating: "x", count: 65_000)
        bench.origin.on("/a", ScriptedAnswer(200, ["X-Long": value], body: "ok"))
        let exchanged = try await bench.get("/a", on: eventLoop)
        #expect(exchanged.text == "ok" && exchanged.now.heads.first?.fields["x-long"] == value)
    }

    @Test func manyAtOnce() async throws {
        let bench = try await Bench()
        bench.origin.onAnything { ScriptedAnswer(body: $0.path).inPieces(of: 3) }
        let client = bench.client
        let endpoint = bench.endpoint
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let response = try await client.send(ClientRequest(endpoint, target: "/\(number)"))
                    let body = try await response.collectBody(upTo: 100)
                    #expect(String(buffer: body) == "/\(number)")
                }
            }
            try await group.waitForAll()
        }
        #expect(bench.origin.connectionsAccepted <= 128)
        await client.shutdown()
    }
}
