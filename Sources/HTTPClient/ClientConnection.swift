import HTTPWire
import NIOCore
import NIOSSL
import NIOTLS

/// One connection: the last handler of its channel. Only ByteBuffers pass through the pipeline. Loop-confined.
final class ClientConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case connecting, open, closed
    }

    let pool: EndpointPool
    /// When the attempt to connect is given up.
    let deadline: NIODeadline
    private var state = State.connecting
    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var reader: ResponseReader
    /// What was read and not yet taken apart: a part of a head, or what came while reading was paused.
    private var inbound = CircularBuffer<ByteBuffer>(initialCapacity: 2)
    private var isProcessing = false
    /// The first error that the channel reported.
    private var channelError: (any Error)?
    var upload = Upload()

    init(pool: EndpointPool, deadline: NIODeadline) {
        self.pool = pool
        self.deadline = deadline
        reader = ResponseReader(limits: pool.client.configuration.limits)
    }

    var isConnecting: Bool { state == .connecting }
    /// The exchange on it, if any.
    var current: Exchange? { exchange }
    var isWritable: Bool { context?.channel.isWritable ?? false }

    // MARK: Attempt

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if pool.endpoint.scheme == .http { becomeReady(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { becomeReady(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func becomeReady(_ context: ChannelHandlerContext) {
        guard state == .connecting, context.channel.isActive else { return }
        state = .open
        pool.ready(self)
    }

    /// The attempt failed by itself.
    func failAttempt(_ error: any Error) {
        guard state == .connecting else { return }
        state = .closed
        pool.attemptFailed(self, error)
    }

    /// The attempt is given up.
    func abandon(_ error: any Error) {
        guard state == .connecting else { return }
        let context = context
        failAttempt(error)
        context.map(closeAtOnce)
    }

    // MARK: Exchange

    /// Sends the request. The connection is idle.
    func run(_ exchange: Exchange) {
        self.exchange = exchange
        reader.expect(exchange.method)
        // Closed since it was taken for ready: the pool hears of it as of any other early end.
        guard state == .open, let context else { return lose() }
        context.write(wrapOutboundOut(exchange.head), promise: nil)
        beginUpload(exchange)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard exchange != nil else {
            // Nothing was asked: whatever this is, it would be taken for the next request's response.
            if state == .open {
                close()
                pool.idleClosed(self)
            }
            return
        }
        inbound.append(unwrapInboundIn(data))
        process()
    }

    func setReading(_ isOn: Bool) {
        // While bytes or the end wait here, they are delivered by a call of its own, not from within resumeReading.
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isOn)
        if isOn, !inbound.isEmpty || state == .closed || !reader.awaitsHead {
            pool.client.eventLoop.assumeIsolated().execute { self.process() }
        }
    }

    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while let exchange, !exchange.isPaused {
            switch nextStep() {
            case .needMore(let consumed):
                drop(consumed)
                guard mergeInbound() else {
                    if state == .closed { lose() }
                    return
                }
            case .informational(let consumed):
                drop(consumed)
                exchange.receivedInformational(reader.head)
            case .head(let consumed):
                drop(consumed)
                exchange.receivedHead(reader.head)
            case .body(let skip, let count):
                drop(skip)
                if let piece = inbound[inbound.startIndex].readSlice(length: count) { exchange.receivedBody(piece) }
            case .end(let consumed):
                drop(consumed)
                complete(exchange)
            case .failed(let why):
                let message = "\(pool.endpoint.hostAndPort) did not answer in HTTP/1.1: \(why)"
                exchange.fail(ClientError(.protocolError, message))
            }
        }
    }

    private func nextStep() -> ResponseReader.Step {
        if inbound.isEmpty { inbound.append(ByteBuffer()) }
        let first = inbound[inbound.startIndex]
        return reader.next(first.readableBytesUInt8Span)
    }

    private func drop(_ count: Int) {
        if count > 0 { inbound[inbound.startIndex].moveReaderIndex(forwardBy: count) }
    }

    /// Brings the next bytes to the front; false: there are none.
    private func mergeInbound() -> Bool {
        var first = inbound.removeFirst()
        guard !inbound.isEmpty else {
            if first.readableBytes > 0 { inbound.append(first) }
            return false
        }
        if first.readableBytes > 0 {
            first.writeBuffer(&inbound[inbound.startIndex])
            inbound[inbound.startIndex] = first
        }
        return true
    }

    /// The response is complete: the connection goes back before the delegate hears of it, so that a request it makes
    /// then can use it.
    private func complete(_ exchange: Exchange) {
        self.exchange = nil
        let isAtRest = inbound.allSatisfy { $0.readableBytes == 0 }
        inbound.removeAll(keepingCapacity: true)
        let reusable = state == .open && reader.isReusable && isAtRest && upload.isDone
        if !reusable { close() }
        pool.released(self, reusable: reusable)
        exchange.ended()
    }

    /// The exchange gives up: the connection is of no use any more.
    func abort(_ exchange: Exchange) {
        guard self.exchange === exchange else { return }
        self.exchange = nil
        inbound.removeAll()
        close()
        pool.released(self, reusable: false)
    }

    func write(_ buffer: ByteBuffer) {
        context?.write(wrapOutboundOut(buffer), promise: nil)
    }

    func flush() {
        context?.flush()
    }

    // MARK: Ends

    /// Closes at once, whatever is under way.
    func close() {
        guard state != .closed, let context else { return }
        state = .closed
        closeAtOnce(context)
    }

    /// Closes with TLS's goodbye: nothing is under way.
    func closeIdle() {
        guard state != .closed, let context else { return }
        state = .closed
        context.close(promise: nil)
    }

    /// Past the TLS handler, which would say goodbye and then wait until the server has sent all that it is sending.
    private func closeAtOnce(_ context: ChannelHandlerContext) {
        let pipeline = context.channel.pipeline.syncOperations
        if let tls = try? pipeline.context(handlerType: NIOSSLClientHandler.self) {
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if channelError == nil { channelError = error }
        if state == .connecting { failAttempt(error) }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let was = state
        if was == .connecting { failAttempt(channelError ?? ChannelError.eof) }
        state = .closed
        if was == .open {
            if exchange == nil { pool.idleClosed(self) } else { process() }
        }
        context.fireChannelInactive()
    }

    /// The connection is gone, and all that came before has been delivered.
    private func lose() {
        guard let exchange else { return }
        if reader.closed(cleanly: channelError == nil) { return complete(exchange) }
        self.exchange = nil
        let sawBytes = reader.sawBytes
        let error = ClientError.closedEarly(channelError, pool.endpoint, missing: reader.missing)
        pool.released(self, reusable: false)
        exchange.lost(error, sawBytes: sawBytes)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if let exchange, context.channel.isWritable { continueUpload(exchange) }
        exchange?.writabilityChanged(context.channel.isWritable)
        context.fireChannelWritabilityChanged()
    }
}
