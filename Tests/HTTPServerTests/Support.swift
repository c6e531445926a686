import HTTPWire
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import TestSupport

@testable import HTTPServer

/// A server on a free port of 127.0.0.1, answering by a closure. Shared.
final class TestServer: Sendable {
    typealias Handler = @Sendable (borrowing RequestHead, any ServerExchange) -> Void

    let server: HTTPServer
    let address: SocketAddress

    private init(server: HTTPServer, address: SocketAddress) {
        self.server = server
        self.address = address
    }

    var counters: ServerCounters.Snapshot { server.counters.snapshot() }

    func connect(tls: Bool = false, receiveBuffer: Int? = nil) async throws -> RawClient {
        try await RawClient.connect(to: address, tls: tls, receiveBuffer: receiveBuffer)
    }

    /// Starts a server, runs `body` with it and shuts it down.
    static func run<Result>(
        limits: ServerLimits = .patient,
        tls: TLSConfiguration? = nil,
        responder: @escaping @Sendable (any EventLoop) -> any RequestResponder,
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        let server = HTTPServer(
            listeners: [ListenerConfiguration(address: .tcp(host: "127.0.0.1", port: 0), tls: tls)],
            group: .singleton,
            limits: limits,
            logger: .quiet,
            makeResponder: responder
        )
        let addresses = try await server.start()
        let test = TestServer(server: server, address: addresses[0])
        do {
            let result = try await body(test)
            await server.shutdown(gracePeriod: .milliseconds(200))
            return result
        } catch {
            await server.shutdown(gracePeriod: .zero)
            throw error
        }
    }

    static func run<Result>(
        limits: ServerLimits = .patient,
        tls: TLSConfiguration? = nil,
        handler: @escaping Handler = TestServer.echoTarget,
        _ body: (TestServer) async throws -> Result
    ) async throws -> Result {
        try await run(limits: limits, tls: tls, responder: { _ in ClosureResponder(handler) }, body)
    }

    /// Answers 200 with the request's target as the body.
    static let echoTarget: Handler = { head, exchange in
        exchange.answer(head.targetString, isHead: head.method == .head)
    }
}

extension ServerLimits {
    /// For tests that are not about time: a busy machine must not look like a client that is slow.
    static var patient: ServerLimits {
        var limits = ServerLimits()
        limits.headTimeout = .minutes(5)
        limits.bodyTimeout = .minutes(5)
        limits.idleTimeout = .minutes(5)
        limits.writeTimeout = .minutes(5)
        return limits
    }
}

extension Logger {
    /// Tests look at what clients see; what the server logs in between would only hide failures.
    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// Loop-confined.
final class ClosureResponder: RequestResponder {
    private let handler: TestServer.Handler
    init(_ handler: @escaping TestServer.Handler) { self.handler = handler }
    func respond(to head: borrowing RequestHead, on exchange: any ServerExchange) { handler(head, exchange) }
}

extension ServerExchange {
    /// A whole answer as a cache would give it: a head that was serialised before.
    func answer(_ body: String, status: String = "200 OK", isHead: Bool = false) {
        respond(
            head: ByteBuffer(string: "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n"),
            extra: ByteBuffer(string: "X-Extra: yes\r\n"),
            body: [ByteBuffer(string: body)],
            sendBody: !isHead
        )
    }
}

/// Notes what an exchange's delegate hears, and may answer through closures. Loop-confined; the notes are guarded.
final class Recorder: ServerExchangeDelegate {
    /// What was heard. Shared; guarded by a lock.
    final class Log: Sendable {
        struct Entries {
            var body: [UInt8] = []
            var pieces = 0
            var ends = 0
            var writable = 0
            var closed = 0
        }
        private let entries = NIOLockedValueBox(Entries())
        var now: Entries { entries.withLockedValue { $0 } }
        func note(_ change: (inout Entries) -> Void) { entries.withLockedValue { change(&$0) } }
    }

    let log: Log
    var onBody: ((ByteBuffer) -> Void)?
    var onEnd: (() -> Void)?
    var onWritable: (() -> Void)?
    var onClosed: (() -> Void)?

    init(_ log: Log) { self.log = log }

    func exchangeReceivedBody(_ buffer: ByteBuffer) {
        log.note {
            $0.body.append(contentsOf: buffer.readableBytesView)
            $0.pieces += 1
        }
        onBody?(buffer)
    }
    func exchangeReceivedBodyEnd() {
        log.note { $0.ends += 1 }
        onEnd?()
    }
    func exchangeBecameWritable() {
        log.note { $0.writable += 1 }
        onWritable?()
    }
    func exchangeClosed() {
        log.note { $0.closed += 1 }
        onClosed?()
    }
}

/// A loop-confined value that a test's closures pass between loop callbacks.
final class LoopBox<Value> {
    var value: Value
    init(_ value: Value) { self.value = value }
}

/// 24 MiB, more than the kernel's buffers hold, in pieces of 1 MiB that all differ. A namespace.
enum LargeBody {
    static let pieces: [ByteBuffer] = {
        let base = TestBytes.pattern(1 << 20)
        return (0..<24).map { number in
            var piece = ByteBuffer(bytes: base[number...])
            piece.writeBytes(base[..<number])
            return piece
        }
    }()

    static var bytes: [UInt8] { pieces.reduce(into: []) { $0 += Array(buffer: $1) } }

    /// Compares as fast as memory, which an array in a debug build does not.
    static func matches(_ body: [UInt8]) -> Bool {
        var rest = ByteBuffer(bytes: body)
        for piece in pieces where rest.readSlice(length: piece.readableBytes) != piece { return false }
        return rest.readableBytes == 0
    }
}
