import Logging
import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// Counts a server's open connections against its limit. Shared; one atomic, and a lock only when the server is full.
final class ConnectionBudget: Sendable {
    private let limit: Int
    private let open = Atomic<Int>(0)
    private let isWaiting = Atomic<Bool>(false)
    private let waiting = NIOLockedValueBox<[@Sendable () -> Void]>([])

    init(limit: Int) { self.limit = max(1, limit) }

    /// At the limit one more is let in: it is how a full server learns that somebody waits, and then makes room.
    var hasRoom: Bool { open.load(ordering: .sequentiallyConsistent) <= limit }

    func take() { open.add(1, ordering: .relaxed) }

    func release() {
        open.subtract(1, ordering: .sequentiallyConsistent)
        if hasRoom { wake() }
    }

    /// Calls `resume` once when a connection has closed.
    func whenRoom(_ resume: @escaping @Sendable () -> Void) {
        waiting.withLockedValue { $0.append(resume) }
        isWaiting.store(true, ordering: .sequentiallyConsistent)
        // One may have closed between the caller's look and this.
        if hasRoom { wake() }
    }

    private func wake() {
        guard isWaiting.exchange(false, ordering: .sequentiallyConsistent) else { return }
        let resumes = waiting.withLockedValue { waiting in
            defer { waiting = [] }
            return waiting
        }
        for resume in resumes { resume() }
    }
}

/// Stands in a listening socket's pipeline and stops accepting when the server is full, or out of descriptors.
/// Loop-confined.
///
/// At the limit the server does not accept and answer 503: that would cost a descriptor, and with TLS a handshake, for
/// each client turned away, just when there are too many. The kernel's backlog holds the new clients instead, idle
/// keep-alive connections are closed to make room, and a client gets in as soon as there is some.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let budget: ConnectionBudget
    private let logger: Logger
    private let counters: LoopCounters
    private let makeRoom: () -> Void
    private var isHeld = false
    private var isClosed = false
    private var backsOff = false
    /// One chain of timers, however often accepting stops and goes on.
    private var isAsking = false

    /// `makeRoom` closes idle connections; called again and again while the server is full.
    init(budget: ConnectionBudget, logger: Logger, counters: LoopCounters, makeRoom: @escaping () -> Void) {
        self.budget = budget
        self.logger = logger
        self.counters = counters
        self.makeRoom = makeRoom
    }

    func read(context: ChannelHandlerContext) {
        guard !isHeld else { return }
        if backsOff { return hold(context) }
        if budget.hasRoom { return context.read() }
        hold(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let budget = budget
        budget.take()
        unwrapInboundIn(data).closeFuture.whenComplete { _ in budget.release() }
        context.fireChannelRead(data)
    }

    /// Out of file descriptors or memory: the socket stays readable, so waiting is the only thing that helps.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.error("cannot accept a connection", metadata: ["error": "\(error)"])
        backsOff = true
    }

    private func hold(_ context: ChannelHandlerContext) {
        isHeld = true
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
        let resume: @Sendable () -> Void = {
            eventLoop.execute { bound.value.0.resume(bound.value.1) }
        }
        if backsOff {
            makeRoom()
            eventLoop.scheduleTask(in: Tuning.acceptPause, resume)
        } else {
            counters.acceptPauses.add()
            budget.whenRoom(resume)
            if !isAsking { askForRoom(eventLoop) }
        }
    }

    private func resume(_ context: ChannelHandlerContext) {
        isHeld = false
        backsOff = false
        context.read()
    }

    private func askForRoom(_ eventLoop: any EventLoop) {
        isAsking = isHeld && !isClosed
        guard isAsking else { return }
        makeRoom()
        eventLoop.assumeIsolated().scheduleTask(in: Tuning.makeRoomAgain) { self.askForRoom(eventLoop) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        context.fireChannelInactive()
    }
}
