import HTTPClient
import HTTPWire
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Origins
import SignatureV4
import TestSupport
import Testing

/// What a fetch came to. Guarded by a lock; the fetch itself is touched on its event loop only.
final class Fetched: Sendable {
    struct Log {
        var answers: [OriginAnswer] = []
        var interims: [ResponseHead] = []
        var continues = 0
        var writableCalls = 0
        var body: [UInt8] = []
        var ends = 0
        var failures: [OriginFailure] = []
        /// Something was heard before `fetch` had returned, or after the end or a cancellation.
        var isOutOfOrder = false
        var isCancelled = false
    }

    private let log = NIOLockedValueBox(Log())
    private let exchange: NIOLoopBoundBox<(any OriginExchange)?>
    let eventLoop: any EventLoop

    /// - Parameter cancelAtHead: gives up from within the callback, as an edge does after a 304.
    init(
        _ client: OriginClient,
        _ request: OriginRequest,
        cancelAtHead: Bool = false,
        pauseAtHead: Bool = false,
        on eventLoop: any EventLoop
    ) async throws {
        self.eventLoop = eventLoop
        exchange = NIOLoopBoundBox.makeEmptyBox(valueType: (any OriginExchange).self, eventLoop: eventLoop)
        try await eventLoop.submit { [self] in
            let delegate = Delegate(self, cancelAtHead: cancelAtHead, pauseAtHead: pauseAtHead)
            exchange.value = client.fetch(request, on: eventLoop, delegate: delegate)
        }.get()
    }

    var now: Log { log.withLockedValue { $0 } }
    var answer: OriginAnswer? { now.answers.first }
    var failure: OriginFailure? { now.failures.first }
    var text: String { String(decoding: now.body, as: UTF8.self) }
    var isOver: Bool { now.ends + now.failures.count > 0 }

    @discardableResult
    func over() async throws -> Fetched {
        try await eventually("the fetch's end") { isOver }
        for _ in 0..<3 { try await eventLoop.submit {}.get() }
        #expect(now.ends + now.failures.count == 1 && !now.isOutOfOrder && now.answers.count <= 1)
        return self
    }

    func onLoop(_ action: @escaping @Sendable (any OriginExchange) -> Void) async throws {
        try await eventLoop.submit { [exchange] in
            if let value = exchange.value { action(value) }
        }.get()
    }

    func cancel() async throws {
        log.withLockedValue { $0.isCancelled = true }
        try await onLoop { $0.cancel() }
    }

    private final class Delegate: OriginDelegate {
        let owner: Fetched
        let cancelAtHead: Bool
        let pauseAtHead: Bool

        init(_ owner: Fetched, cancelAtHead: Bool, pauseAtHead: Bool) {
            self.owner = owner
            self.cancelAtHead = cancelAtHead
            self.pauseAtHead = pauseAtHead
        }

        private func note(_ change: (inout Log) -> Void) {
            let hasReturned = owner.exchange.value != nil
            owner.log.withLockedValue { log in
                let isOver = log.ends + log.failures.count > 0 || log.isCancelled
                if !hasReturned || isOver { log.isOutOfOrder = true }
                change(&log)
            }
        }

        func originAnswered(_ answer: OriginAnswer) {
            note { $0.answers.append(answer) }
            if cancelAtHead {
                owner.log.withLockedValue { $0.isCancelled = true }
                owner.exchange.value?.cancel()
            }
            if pauseAtHead { owner.exchange.value?.pauseReading() }
        }

        func originSentInterim(_ head: ResponseHead) { note { $0.interims.append(head) } }
        func originSaidContinue() { note { $0.continues += 1 } }
        func originMayWrite() { note { $0.writableCalls += 1 } }
        func originSent(_ body: ByteBuffer) { note { $0.body.append(contentsOf: body.readableBytesView) } }
        func originFinished() { note { $0.ends += 1 } }
        func originFailed(_ failure: OriginFailure) { note { $0.failures.append(failure) } }
    }
}

/// An origin client and a scripted origin for one test. An immutable snapshot.
struct OriginBench {
    static let credentials = Credentials(accessKey: "AKIDEXAMPLE", secretKey: "very/secret+key")

    let origin: ScriptedOrigin
    let bucket: OriginClient
    let server: OriginClient
    let eventLoop: any EventLoop

    init(
        credentials: Credentials? = OriginBench.credentials,
        deadlines: ClientDeadlines = .init(connect: .minutes(1), head: .minutes(2), bodyIdle: .minutes(2)),
        verifiesMD5: Bool = false
    ) async throws {
        origin = try await ScriptedOrigin.start()
        let endpoint = try #require(Endpoint(url: origin.url))
        let group = MultiThreadedEventLoopGroup.singleton
        eventLoop = group.any()
        let client = HTTPClient(group: group, configuration: .init(timerResolution: .milliseconds(10)))
        bucket = OriginClient(
            .s3(
                .init(
                    endpoint: endpoint,
                    region: "eu-west-1",
                    name: "site",
                    credentials: credentials,
                    verifiesMD5: verifiesMD5
                )
            ),
            client: client,
            node: "edge-1",
            version: "1.2.3",
            deadlines: deadlines,
            logger: Logger(label: "test")
        )
        server = OriginClient(
            .http(endpoint),
            client: client,
            node: "edge-1",
            version: "1.2.3",
            deadlines: deadlines,
            logger: Logger(label: "test")
        )
    }

    func request(
        _ target: String,
        method: HTTPWire.Method = .get,
        etag: String? = nil,
        lastModified: Int64? = nil,
        client fields: KeyValuePairs<String, String> = [:]
    ) -> OriginRequest {
        var head = RequestHead()
        for (name, value) in fields { head.fields.append(name: name, value) }
        return OriginRequest(
            method: method,
            target: Array(target.utf8),
            etag: etag.flatMap { EntityTag($0) },
            lastModified: lastModified,
            client: head
        )
    }

    /// Fetches from the bucket.
    func fetch(_ target: String, method: HTTPWire.Method = .get) async throws -> Fetched {
        try await Fetched(bucket, request(target, method: method), on: eventLoop).over()
    }
}
