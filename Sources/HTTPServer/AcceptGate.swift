import Logging
import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// Counts a server's open connections against its limit. Shared; one atomic, and a lock only when the server is full.
final class ConnectionBudget: Sendable {
    private let limit: Int
    private let open = Atomic<Int>(0)
    private let waiting = NIOLockedValueBox<[@Sendable () -> Void]>([])

    init(limit: Int) { self.limit = max(1, limit) }

    var hasRoom: Bool { open.load(ordering: .relaxed) < limit }

    func take() { open.add(1, ordering: .relaxed) }

    func release() {
        guard open.subtract(1, ordering: .sequentiallyConsistent).oldValue >= limit else { return }
        wake()
    }

    /// Calls `resume` once when a connection has closed.
    func whenRoom(_ resume: @escaping @Sendable () -> Void) {
        waiting.withLockedValue { $0.append(resume) }
        // One may have closed between the caller's look and this.
        if open.load(ordering: .sequentiallyConsistent) < limit { wake() }
    }

    private func wake() {
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
    private let whenFull: () -> Void
    private var isHeld = false
    private var backsOff = false

    init(budget: ConnectionBudget, logger: Logger, whenFull: @escaping () -> Void) {
        self.budget = budget
        self.logger = logger
        self.whenFull = whenFull
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
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let resume: @Sendable () -> Void = {
            eventLoop.execute {
                let (gate, context) = bound.value
                gate.isHeld = false
                gate.backsOff = false
                context.read()
            }
        }
        whenFull()
        if backsOff {
            eventLoop.scheduleTask(in: .milliseconds(200), resume)
        } else {
            budget.whenRoom(resume)
        }
    }
}
