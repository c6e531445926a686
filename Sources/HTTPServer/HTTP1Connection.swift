import HTTPWire
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// One HTTP/1 connection, and the exchange of its current request. Loop-confined.
///
/// Bytes come in as `ByteBuffer`s and are parsed where they lie. Every event ends in ``turn()``: do what can be done,
/// send what was gathered, then set the deadline and decide about reading. The answers to pipelined requests are
/// gathered in one outbound buffer, which belongs to the loop and is borrowed while there is something in it.
///
/// The delegate is never called from inside a call on the exchange; such work is put off to the end of the loop's turn,
/// so a responder never finds itself re-entered.
final class HTTP1Connection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = Never
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the connection is doing.
    enum Phase {
        /// Between requests, or reading a head.
        case head
        /// A request was handed to the responder and its answer is not complete.
        case exchange
        /// The answer is complete; the rest of the request's body is read and dropped.
        case draining
        /// The last bytes are on their way; then it closes or lingers.
        case closing
        /// Output is shut; input is read and dropped until the client closes.
        case lingering
        case closed
    }

    /// Which time limit runs.
    enum Deadline {
        case none, head, idle, body, write, drain, linger
    }

    let loop: ServerLoop
    let isSecure: Bool
    var context: ChannelHandlerContext?
    var phase = Phase.head

    // The request.
    var input = ByteBuffer()
    var parser: HeadParser
    var head = RequestHead()
    var state = ExchangeState()
    var bodyLeft: UInt64 = 0
    var bodyIsChunked = false
    var chunks = ChunkedDecoder()
    var readingPaused = false
    var owesBodyEnd = false
    var toldBodyEnd = false
    var requestCount = 0
    var protocolKnown = false
    var inputClosed = false
    var discarded = 0

    // The answer.
    var delegate: (any ServerExchangeDelegate)?
    var outbound = ByteBuffer()
    var pendingBody: [ByteBuffer] = []
    var pendingIndex = 0
    var bytesWritten: UInt64 = 0
    var channelWritable = true
    var owesWritable = false
    var needsFlush = false

    // Where control is.
    var inRead = false
    var isPumping = false
    var isWriting = false
    var flushQueued = false
    var readHeld = false
    var isHandshaking: Bool
    var lingerAfterFlush = false

    // Time.
    var entry: TimerWheel.Entry?
    var deadline = Deadline.none
    var deadlineTick: UInt64 = 0
    var placedTick: UInt64 = 0
    var lingerEnd: UInt64 = 0
    var lastProgress: UInt64 = 0
    var checksWithoutProgress = 0

    init(loop: ServerLoop, isSecure: Bool) {
        self.loop = loop
        self.isSecure = isSecure
        isHandshaking = isSecure
        parser = HeadParser(limits: HeadLimits(bytes: loop.limits.headBytes, fields: loop.limits.headFields))
    }
}

// MARK: - Events of the channel

extension HTTP1Connection {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        entry = loop.register(self)
        updateDeadline()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) { ended() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inRead = true
        var buffer = unwrapInboundIn(data)
        switch phase {
        case .closing, .lingering:
            discard(buffer.readableBytes)
            if deadline == .linger { restartLingerDeadline() }
            return
        case .closed:
            return
        case .head, .exchange, .draining:
            if input.readableBytes == 0 { input = buffer } else { input.writeBuffer(&buffer) }
            if deadline == .body { restartBodyDeadline() }
            pump()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        inRead = false
        turn()
    }

    /// Back-pressure: the channel asks before each read, and is kept waiting while the input buffer is full.
    func read(context: ChannelHandlerContext) {
        if wantsRead { context.read() } else { readHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        let was = channelWritable
        channelWritable = context.channel.isWritable
        if channelWritable && !was { owesWritable = true }
        // Inside a write of our own the caller looks for itself.
        if !isWriting { turn() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            inputClosed = true
            if phase == .lingering { context.close(promise: nil) } else { turn() }
        case TLSUserEvent.handshakeCompleted:
            isHandshaking = false
            deadline = .none
            turn()
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isHandshaking {
            isHandshaking = false
            loop.counters.tlsFailures.add()
        } else {
            loop.logger.debug("connection failed", metadata: ["error": "\(error)"])
        }
        context.close(promise: nil)
    }

    /// The channel is closed, by whomever.
    private func ended() {
        guard phase != .closed else { return }
        let wasWaiting = phase == .exchange
        phase = .closed
        input = ByteBuffer()
        outbound = ByteBuffer()
        pendingBody = []
        let (delegate, entry) = (self.delegate, self.entry)
        self.delegate = nil
        self.entry = nil
        guard let delegate else {
            if let entry { loop.unregister(entry) }
            return
        }
        if wasWaiting { loop.counters.clientsGone.add() }
        // A write that fails closes the channel before it returns, and its caller may be the delegate.
        let loop = loop
        loop.eventLoop.assumeIsolated().execute {
            delegate.exchangeClosed()
            if let entry { loop.unregister(entry) }
        }
    }
}

// MARK: - The turn

extension HTTP1Connection {
    /// The end of every event: do what can be done, send it, and arrange for the next event.
    func turn() {
        guard !inRead, !isPumping else { return }
        repeat { pump() } while flush()
        settle()
    }

    /// Steps until something has to come first. Harmless when called inside itself: the outer loop goes on.
    func pump() {
        guard !isPumping else { return }
        isPumping = true
        while step() {}
        isPumping = false
        if input.readableBytes == 0 {
            // The channel reuses its receive buffer only when nobody else holds it.
            if input.capacity > 0 { input = ByteBuffer() }
        } else if input.storageCapacity > 4 * input.readableBytes + 1024, phase == .head {
            // A few bytes of a head must not hold a large receive buffer for as long as the client likes.
            var small = ByteBufferAllocator().buffer(capacity: input.readableBytes)
            small.writeImmutableBuffer(input)
            input = small
        }
    }

    private func step() -> Bool {
        switch phase {
        case .head: return takeHead()
        case .exchange: return advanceExchange()
        case .draining: return drainBody()
        case .closing, .lingering, .closed: return false
        }
    }

    private func settle() {
        guard phase != .closed else { return }
        updateDeadline()
        if readHeld, wantsRead {
            readHeld = false
            context?.read()
        }
    }

    /// What is read lies in the input buffer until it is used; a full buffer stops reading from the socket.
    private var wantsRead: Bool {
        switch phase {
        case .head: input.readableBytes < max(loop.limits.inputBytes, loop.limits.headBytes + 1)
        case .exchange:
            // A body is not delivered while an answer given whole waits for the client to take it.
            (state.requestBody == .reading && !readingPaused && pendingBody.isEmpty)
                || input.readableBytes < loop.limits.inputBytes
        case .draining, .closing, .lingering, .closed: true
        }
    }
}
