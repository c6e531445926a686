import HTTPWire
import Logging
import NIOCore

/// A connection as its loop sees it. Loop-confined. HTTP/1 now; an HTTP/2 connection will be one too.
protocol ServerConnection: AnyObject {
    /// The wheel has come to where the connection's entry was placed; the entry is placed no more.
    func deadlineReached()
    /// The server shuts down: finish what was received, then close.
    func startDraining()
    /// Close now. `exchangeClosed` is heard.
    func forceClose()
    /// Close if no request is under way and at least one was answered. True: it does.
    func closeIfIdle() -> Bool
    /// Send what was gathered outside of a read.
    func flushGathered()
}

/// All that the connections of one event loop share. Loop-confined.
///
/// Holds the loop's responder, the wheel with one entry per connection, the line with the current date, and a spare
/// outbound buffer, so that an idle connection owns none.
final class ServerLoop {
    let eventLoop: any EventLoop
    let limits: ServerLimits
    let counters: LoopCounters
    let logger: Logger
    let responder: any RequestResponder
    let ticks: Ticks

    /// `Date: …` with its CRLF, at most a tick old while there are connections.
    private(set) var dateLine = ByteBuffer()
    private(set) var isDraining = false
    private(set) var wheel = TimerWheel()

    private var connections: [(any ServerConnection)?] = []
    private var connectionCount = 0
    private var dateSecond: Int64 = .min
    private var ticker: RepeatedTask?
    private var lastTick = NIODeadline.uptimeNanoseconds(0)
    private var due: [TimerWheel.Entry] = []
    private var spareOutbound = ByteBuffer()
    private var toFlush: [any ServerConnection] = []
    private var flushing: [any ServerConnection] = []
    private var flushScheduled = false
    private var drainPromise: EventLoopPromise<Void>?

    init(
        eventLoop: any EventLoop,
        limits: ServerLimits,
        counters: LoopCounters,
        logger: Logger,
        responder: any RequestResponder
    ) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.counters = counters
        self.logger = logger
        self.responder = responder
        ticks = Ticks(limits)
    }
}

// MARK: - Connections

extension ServerLoop {
    /// A new connection; the answer names its entry in the wheel.
    func register(_ connection: any ServerConnection) -> TimerWheel.Entry {
        eventLoop.assertInEventLoop()
        if connectionCount == 0 { startTicking() }
        connectionCount += 1
        counters.accepted.add()
        responder.connectionChanged(isOpen: true)
        let entry = wheel.add()
        if entry == connections.count { connections.append(nil) }
        connections[entry] = connection
        return entry
    }

    /// The connection is gone.
    func unregister(_ entry: TimerWheel.Entry) {
        eventLoop.assertInEventLoop()
        guard connections[entry] != nil else { return }
        wheel.remove(entry)
        connections[entry] = nil
        connectionCount -= 1
        counters.closed.add()
        responder.connectionChanged(isOpen: false)
        guard connectionCount == 0 else { return }
        ticker?.cancel()
        ticker = nil
        if let drainPromise {
            self.drainPromise = nil
            drainPromise.succeed(())
        }
    }

    /// Finishes what was received and closes every connection, at the latest after `gracePeriod`.
    func drain(gracePeriod: TimeAmount) -> EventLoopFuture<Void> {
        eventLoop.assertInEventLoop()
        if let drainPromise { return drainPromise.futureResult }
        isDraining = true
        guard connectionCount > 0 else { return eventLoop.makeSucceededVoidFuture() }
        let promise = eventLoop.makePromise(of: Void.self)
        drainPromise = promise
        for connection in connections.compactMap({ $0 }) { connection.startDraining() }
        let forced = eventLoop.assumeIsolated().scheduleTask(in: gracePeriod) {
            for connection in self.connections.compactMap({ $0 }) { connection.forceClose() }
        }
        promise.futureResult.whenComplete { _ in forced.cancel() }
        return promise.futureResult
    }

    /// The server is full: closes an idle connection, if there is one, so that a waiting client gets in.
    func makeRoom() {
        eventLoop.assertInEventLoop()
        for case let connection? in connections where connection.closeIfIdle() { return }
    }
}

// MARK: - Time

extension ServerLoop {
    /// Puts a connection's entry at a tick of the wheel.
    func place(_ entry: TimerWheel.Entry, at tick: UInt64) { wheel.place(entry, at: tick) }

    private func startTicking() {
        lastTick = .now()
        refreshDate()
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        ticker = eventLoop.scheduleRepeatedTask(initialDelay: ticks.length, delay: ticks.length) { _ in
            bound.value.tick()
        }
    }

    /// A loop that was held up does not let all deadlines of the lost time pass at once: what clients sent meanwhile is
    /// still unread in their sockets. So the hand moves at most a few ticks each time.
    private func tick() {
        refreshDate()
        let now = NIODeadline.now()
        let elapsed = (now - lastTick).nanoseconds / ticks.length.nanoseconds
        lastTick = now
        for _ in 0..<min(max(1, elapsed), 4) {
            wheel.advance(into: &due)
            while let entry = due.popLast() { connections[entry]?.deadlineReached() }
        }
    }

    private func refreshDate() {
        let second = WallClock.now
        guard second != dateSecond else { return }
        dateSecond = second
        dateLine = ByteBuffer(string: "Date: \(HTTPDate.format(second))\r\n")
    }
}

// MARK: - Outbound buffers

extension ServerLoop {
    /// An empty buffer with room. Usually the loop's spare one.
    func takeOutbound() -> ByteBuffer {
        if spareOutbound.capacity > 0 {
            let buffer = spareOutbound
            spareOutbound = ByteBuffer()
            return buffer
        }
        return ByteBufferAllocator().buffer(capacity: Tuning.outboundCapacity)
    }

    /// Gives a buffer back when it has been written.
    func giveBack(_ buffer: consuming ByteBuffer) {
        guard spareOutbound.capacity == 0, buffer.capacity <= Tuning.outboundKept else { return }
        buffer.clear()
        spareOutbound = buffer
    }

    /// Flushes the connection once all that happens in this turn of the loop has been gathered.
    func flushLater(_ connection: any ServerConnection) {
        toFlush.append(connection)
        guard !flushScheduled else { return }
        flushScheduled = true
        eventLoop.assumeIsolated().execute {
            self.flushScheduled = false
            swap(&self.toFlush, &self.flushing)
            for connection in self.flushing { connection.flushGathered() }
            self.flushing.removeAll(keepingCapacity: true)
        }
    }
}

/// Time limits in ticks of the wheel. A value. The shorter the shortest limit, the shorter a tick.
struct Ticks {
    let length: TimeAmount
    let head: UInt64
    let idle: UInt64
    let body: UInt64
    /// A quarter of the limit: how often progress is looked at.
    let writeCheck: UInt64
    let linger: UInt64
    let freshGrace: UInt64

    init(_ limits: ServerLimits) {
        let shortest = min(
            limits.headTimeout,
            limits.idleTimeout,
            limits.bodyTimeout,
            limits.writeTimeout,
            limits.lingerTimeout
        )
        let length = max(Tuning.fastestTick, min(Tuning.slowestTick, .nanoseconds(shortest.nanoseconds / 8)))
        func ticks(_ amount: TimeAmount) -> UInt64 {
            UInt64(max(1, (amount.nanoseconds + length.nanoseconds - 1) / length.nanoseconds))
        }
        self.length = length
        head = ticks(limits.headTimeout)
        idle = ticks(limits.idleTimeout)
        body = ticks(limits.bodyTimeout)
        writeCheck = ticks(.nanoseconds(limits.writeTimeout.nanoseconds / 4))
        linger = ticks(limits.lingerTimeout)
        freshGrace = ticks(Tuning.freshConnectionGrace)
    }
}
