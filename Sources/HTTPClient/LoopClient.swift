import HTTPWire
import NIOCore

/// The client's part on one event loop: its pools and its clock. Loop-confined.
///
/// Deadlines are looked at every `timerResolution` while there are any: one timer for all, because a timer a request
/// costs more than the request's head.
final class LoopClient {
    let eventLoop: any EventLoop
    let configuration: ClientConfiguration
    let trust: TrustStore
    private var pools: [Endpoint: EndpointPool] = [:]
    private var exchanges: [Exchange] = []
    private var attempts: [ClientConnection] = []
    private var isShutDown = false
    private var headBytes: [UInt8] = []
    private var nextTick = NIODeadline.distantFuture
    private var tick: Scheduled<Void>?

    init(eventLoop: any EventLoop, configuration: ClientConfiguration, trust: TrustStore) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.trust = trust
    }

    func execute(_ request: ClientRequest, _ delegate: any ClientResponseDelegate) -> any ClientExchange {
        if isShutDown { return RefusedExchange(Self.shutDownError, delegate, on: eventLoop) }
        headBytes.removeAll(keepingCapacity: true)
        do {
            try RequestWriter.write(request, into: &headBytes)
        } catch {
            return RefusedExchange(error, delegate, on: eventLoop)
        }
        let exchange = Exchange(
            request,
            head: ByteBuffer(bytes: headBytes),
            client: self,
            pool: pool(request.endpoint),
            delegate: delegate
        )
        exchange.begin()
        return exchange
    }

    private func pool(_ endpoint: Endpoint) -> EndpointPool {
        if let pool = pools[endpoint] { return pool }
        let pool = EndpointPool(endpoint, client: self)
        pools[endpoint] = pool
        return pool
    }

    static let shutDownError = ClientError(.shutDown, mayRetry: .never, "the HTTP client was shut down")

    /// Everything is closed, and nothing can be started again.
    func shutDown() {
        isShutDown = true
        for pool in Array(pools.values) { pool.shutDown(Self.shutDownError) }
        for attempt in attempts { attempt.abandon(Self.shutDownError) }
        for exchange in exchanges { exchange.fail(Self.shutDownError) }
        tick?.cancel()
        tick = nil
        nextTick = .distantFuture
    }

    // MARK: Deadlines

    func watch(_ exchange: Exchange) {
        exchange.slot = exchanges.count
        exchanges.append(exchange)
        wake(in: configuration.timerResolution)
    }

    func unwatch(_ exchange: Exchange) {
        guard exchange.slot >= 0 else { return }
        let last = exchanges.removeLast()
        if last !== exchange {
            exchanges[exchange.slot] = last
            last.slot = exchange.slot
        }
        exchange.slot = -1
    }

    func watch(attempt: ClientConnection) {
        attempts.append(attempt)
        wake(in: configuration.timerResolution)
    }

    func unwatch(attempt: ClientConnection) {
        if let index = attempts.firstIndex(where: { $0 === attempt }) { attempts.remove(at: index) }
    }

    private func wake(in time: TimeAmount) {
        let due = NIODeadline.now() + time
        guard due < nextTick, !isShutDown else { return }
        tick?.cancel()
        nextTick = due
        tick = eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.checkDeadlines() }
    }

    private func checkDeadlines() {
        tick = nil
        nextTick = .distantFuture
        let now = NIODeadline.now()
        // Backwards: one that fails is replaced by the last, which has been looked at.
        var index = exchanges.count - 1
        while index >= 0 {
            if index < exchanges.count { exchanges[index].check(now) }
            index -= 1
        }
        for attempt in attempts where now >= attempt.deadline { attempt.abandon(ChannelError.connectTimeout(.zero)) }
        let idleSince = now - configuration.limits.idleTime
        var hasIdle = false
        for pool in Array(pools.values) {
            pool.closeIdle(before: idleSince)
            if pool.hasIdle { hasIdle = true }
            // Only here: an exchange about to be repeated has left its pool for a moment.
            if pool.isEmpty { pools[pool.endpoint] = nil }
        }
        if !exchanges.isEmpty || !attempts.isEmpty {
            wake(in: configuration.timerResolution)
        } else if hasIdle {
            wake(in: max(configuration.timerResolution, .seconds(1)))
        }
    }
}

/// A request that was refused before it was begun. Loop-confined.
private final class RefusedExchange: ClientExchange {
    let connectionWasReused = false
    let isWritable = false

    init(_ error: ClientError, _ delegate: any ClientResponseDelegate, on eventLoop: any EventLoop) {
        eventLoop.assumeIsolated().execute { delegate.clientFailed(error) }
    }

    func cancel() {}
    func pauseReading() {}
    func resumeReading() {}
    func writeBody(_ buffer: ByteBuffer) {}
    func finishBody() {}
}
