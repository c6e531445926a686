import Glibc
import HTTPClient
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// Deadlines, back-pressure and cancellation.
struct DeadlineTests {
    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    @Test func noHeadInTime() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "x").holdingHead(Latch()))
        var request = bench.request("/a")
        request.deadlines.head = .milliseconds(50)
        let failure = try await Exchanged(bench.client, request, on: eventLoop).over().failures.first
        #expect(failure?.kind == .headTimeout && failure?.mayRetry == .never)
        #expect(failure?.message == "\(bench.endpoint.hostAndPort) sent no answer within 50 ms")
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func noBodyInTime() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "abcdef").holdingBody(after: 3, Latch()))
        var request = bench.request("/a")
        request.deadlines.bodyIdle = .milliseconds(50)
        let log = try await Exchanged(bench.client, request, on: eventLoop).over()
        #expect(log.failures.first?.kind == .bodyTimeout && log.body.count <= 3)
    }

    @Test func theTotalCountsWhileBytesCome() async throws {
        let bench = try await Bench()
        let answer = ScriptedAnswer(bytes: TestBytes.pattern(100_000))
        bench.origin.on("/a", answer.inPieces(of: 100, every: .milliseconds(5)))
        var request = bench.request("/a")
        request.deadlines.total = .milliseconds(100)
        let log = try await Exchanged(bench.client, request, on: eventLoop).over()
        #expect(log.failures.first?.kind == .totalTimeout)
    }

    @Test func noConnectionInTime() async throws {
        // A listener that accepts nothing, its queue filled by others: further handshakes get no answer.
        let crowded = try CrowdedListener()
        var request = ClientRequest(Endpoint(host: "127.0.0.1", port: crowded.port), target: "/")
        request.deadlines.connect = .milliseconds(100)
        let failure = try await Exchanged(Bench.client(), request).over().failures.first
        #expect(failure?.kind == .connectTimeout && failure?.mayRetry == .always)
        #expect(failure?.message == "127.0.0.1:\(crowded.port) did not accept a connection within 100 ms")
    }

    @Test func aPausedReaderHoldsTheServerBack() async throws {
        let bench = try await Bench()
        let body = TestBytes.pattern(30_000_000)
        bench.origin.on("/a", ScriptedAnswer(bytes: body).inPieces(of: 1_000_000))
        let exchanged = try await Exchanged(bench.client, bench.request("/a"), pauseAt: 100_000, on: eventLoop)
        try await eventually { exchanged.now.body.count >= 100_000 }
        let paused = exchanged.now.body.count
        #expect(paused < 1_000_000)
        // Time in which the rest could come, were it not held back.
        try await Task.sleep(for: .milliseconds(200))
        #expect(exchanged.now.body.count == paused && !exchanged.isOver)
        // Each resume is followed by a pause.
        while !exchanged.isOver {
            try await exchanged.onLoop { $0.resumeReading() }
        }
        let log = try await exchanged.over()
        #expect(log.ends == 1 && log.body == body)
    }

    @Test func theReadersOwnPauseIsNotTheServersFault() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "abcdef"))
        var request = bench.request("/a")
        request.deadlines.bodyIdle = .milliseconds(50)
        let exchanged = try await Exchanged(bench.client, request, pauseAt: 0, on: eventLoop)
        try await eventually { exchanged.status == 200 }
        // Several times the deadline.
        try await Task.sleep(for: .milliseconds(300))
        #expect(!exchanged.isOver)
        try await exchanged.onLoop { $0.cancel() }
        try await exchanged.over()
    }

    @Test func pausedBeforeItIsConnectedTheServerIsHeldBack() async throws {
        let bench = try await Bench()
        let sent = Latch()
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(16 << 20)\r\n\r\n"
        let body = [UInt8](repeating: 0x61, count: 16 << 20)
        bench.origin.on("/a", .raw(.send(Array(head.utf8)), .send(body), .hold(sent)))
        let exchanged = try await Exchanged(bench.client, bench.request("/a"), pauseAt: -1, on: eventLoop)
        try await eventually { bench.origin.count("/a") == 1 }
        try await Task.sleep(for: .milliseconds(200))
        #expect(sent.waiters == 0 && exchanged.now.heads.isEmpty)
        try await exchanged.onLoop { $0.resumeReading() }
        try await eventually { sent.waiters == 1 }
        #expect(exchanged.status == 200)
        sent.open()
        try await exchanged.onLoop { $0.cancel() }
        try await eventually { exchanged.isOver }
    }

    @Test func pausedAtTheHeadNothingElseComes() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "abc"))
        bench.origin.on("/empty", ScriptedAnswer())
        bench.origin.on("/close", ScriptedAnswer(body: "abc", framing: .untilClose))
        bench.origin.on("/cut", ScriptedAnswer(body: "abc", framing: .declared(9)).cutting(after: 3))
        for (path, body) in [("/a", "abc"), ("/empty", ""), ("/close", "abc"), ("/cut", "abc")] {
            let exchanged = try await Exchanged(bench.client, bench.request(path), pauseAt: 0, on: eventLoop)
            try await eventually { exchanged.status == 200 }
            for _ in 0..<20 { try await eventLoop.submit {}.get() }
            #expect(exchanged.text.isEmpty && !exchanged.isOver, "\(path)")
            // The body's pieces pause again, as pauseAt says.
            while !exchanged.isOver { try await exchanged.onLoop { $0.resumeReading() } }
            let log = try await exchanged.over()
            #expect(exchanged.text == body && log.ends == (path == "/cut" ? 0 : 1), "\(path)")
        }
    }

    @Test func cancellingClosesTheConnectionAndIsHeardOnce() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "abcdef").holdingBody(after: 3, Latch()))
        let exchanged = try await Exchanged(bench.client, bench.request("/a"), on: eventLoop)
        try await eventually { exchanged.text == "abc" }
        try await exchanged.onLoop { exchange in
            exchange.cancel()
            exchange.cancel()
        }
        #expect(try await exchanged.over().failures.first?.kind == .cancelled)
        try await eventually { bench.origin.connectionsOpen == 0 }
    }

    @Test func cancellingFromWithinACallback() async throws {
        let bench = try await Bench()
        bench.origin.on("/a", ScriptedAnswer(body: "abcdef"))
        let exchanged = try await Exchanged(bench.client, bench.request("/a"), onHead: { $0.cancel() }, on: eventLoop)
        let log = try await exchanged.over()
        #expect(log.failures.first?.kind == .cancelled && log.body.isEmpty)
    }

    @Test func cancellingWhileConnecting() async throws {
        let crowded = try CrowdedListener()
        let request = ClientRequest(Endpoint(host: "127.0.0.1", port: crowded.port), target: "/")
        let exchanged = try await Exchanged(Bench.client(), request)
        try await exchanged.onLoop { $0.cancel() }
        #expect(try await exchanged.over().failures.first?.kind == .cancelled)
    }
}

/// A listening socket that never accepts and whose queue is full. Closes with its last reference.
final class CrowdedListener {
    let port: Int
    private var descriptors: [Int32] = []

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        descriptors.append(listener)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        var bound = address
        withUnsafeMutablePointer(to: &bound) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                _ = bind(listener, name, length)
                _ = listen(listener, 0)
                _ = getsockname(listener, name, &length)
            }
        }
        port = Int(UInt16(bigEndian: bound.sin_port))
        for _ in 0..<4 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            descriptors.append(client)
            withUnsafePointer(to: bound) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(client, $0, length) }
            }
        }
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}
