import HTTPClient
import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport
import Testing

/// An exchange started through the delegate interface, watched from a test. Guarded by a lock; the exchange itself is
/// touched on its event loop only.
final class Exchanged: Sendable {
    struct Log {
        var interims: [Int] = []
        var heads: [ResponseHead] = []
        var body: [UInt8] = []
        var ends = 0
        var failures: [ClientError] = []
        var writableCalls = 0
        var wasReused = false
        /// Something was heard before `execute` had returned, or after the end.
        var isOutOfOrder = false
    }

    /// What a test does from within a callback. Runs on the event loop.
    typealias Hook = @Sendable (any ClientExchange) -> Void

    private let log = NIOLockedValueBox(Log())
    private let exchange: NIOLoopBoundBox<(any ClientExchange)?>
    let eventLoop: any EventLoop

    /// - Parameter pauseAt: pauses reading once that many bytes of the body came (0: at the head; -1: at once).
    init(
        _ client: HTTPClient,
        _ request: ClientRequest,
        pauseAt: Int? = nil,
        onHead: Hook? = nil,
        on eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()
    ) async throws {
        self.eventLoop = eventLoop
        exchange = NIOLoopBoundBox.makeEmptyBox(valueType: (any ClientExchange).self, eventLoop: eventLoop)
        try await eventLoop.submit { [self] in
            let delegate = Delegate(self, pauseAt: pauseAt, onHead: onHead)
            exchange.value = client.execute(request, on: eventLoop, delegate: delegate)
            if pauseAt == -1 { exchange.value?.pauseReading() }
        }.get()
    }

    var now: Log { log.withLockedValue { $0 } }
    var status: Int? { now.heads.first?.status }
    var text: String { String(decoding: now.body, as: UTF8.self) }
    var failure: ClientError? { now.failures.first }
    var isOver: Bool { now.ends + now.failures.count > 0 }

    /// Waits for the end or the failure, and checks that there was exactly one of them.
    @discardableResult
    func over() async throws -> Log {
        try await eventually("the exchange's end") { isOver }
        // What comes too late would come within the event loop's next turns.
        for _ in 0..<3 { try await eventLoop.submit {}.get() }
        let log = now
        #expect(log.ends + log.failures.count == 1 && !log.isOutOfOrder && log.heads.count <= 1)
        return log
    }

    func onLoop(_ action: @escaping Hook) async throws {
        try await eventLoop.submit { [exchange] in
            if let value = exchange.value { action(value) }
        }.get()
    }

    private final class Delegate: ClientResponseDelegate {
        let owner: Exchanged
        let pauseAt: Int?
        let onHead: Hook?

        init(_ owner: Exchanged, pauseAt: Int?, onHead: Hook?) {
            self.owner = owner
            self.pauseAt = pauseAt
            self.onHead = onHead
        }

        private func note(_ change: (inout Log) -> Void) {
            let hasReturned = owner.exchange.value != nil
            owner.log.withLockedValue { log in
                if !hasReturned || log.ends + log.failures.count > 0 { log.isOutOfOrder = true }
                log.wasReused = owner.exchange.value?.connectionWasReused ?? false
                change(&log)
            }
        }

        func clientReceivedInformational(_ head: ResponseHead) { note { $0.interims.append(head.status) } }

        func clientReceivedHead(_ head: ResponseHead) {
            note { $0.heads.append(head) }
            if pauseAt == 0 { owner.exchange.value?.pauseReading() }
            if let exchange = owner.exchange.value { onHead?(exchange) }
        }

        func clientReceivedBody(_ buffer: ByteBuffer) {
            note { $0.body.append(contentsOf: buffer.readableBytesView) }
            if let pauseAt, pauseAt >= 0, owner.now.body.count >= pauseAt { owner.exchange.value?.pauseReading() }
        }

        func clientReceivedEnd() { note { $0.ends += 1 } }
        func clientFailed(_ error: ClientError) { note { $0.failures.append(error) } }
        func clientMayWrite() { note { $0.writableCalls += 1 } }
    }
}

/// A client and an origin for one test. An immutable snapshot.
struct Bench {
    let client: HTTPClient
    let origin: ScriptedOrigin
    let endpoint: Endpoint

    init(tls: Bool = false, trust: ClientConfiguration.Trust = .system, limits: ClientLimits = .init()) async throws {
        origin = try await ScriptedOrigin.start(tls: tls)
        endpoint = try #require(Endpoint(url: origin.url))
        client = Self.client(trust: trust, limits: limits)
    }

    static func client(trust: ClientConfiguration.Trust = .system, limits: ClientLimits = .init()) -> HTTPClient {
        let group = MultiThreadedEventLoopGroup.singleton
        let configuration = ClientConfiguration(trust: trust, limits: limits, timerResolution: .milliseconds(10))
        return HTTPClient(group: group, configuration: configuration)
    }

    func request(_ target: String, method: String = "GET", body: ClientRequest.Body = .none) -> ClientRequest {
        // Tests that are about a deadline set it: for the others a busy machine must not look like a slow server.
        let patient = ClientDeadlines(connect: .minutes(1), head: .minutes(2), bodyIdle: .minutes(2))
        return ClientRequest(endpoint, method: method, target: target, body: body, deadlines: patient)
    }

    /// Several requests of one test run on one event loop, so that they share a pool.
    func get(_ target: String, method: String = "GET", on eventLoop: any EventLoop) async throws -> Exchanged {
        let exchanged = try await Exchanged(client, request(target, method: method), on: eventLoop)
        try await exchanged.over()
        return exchanged
    }
}
