import HTTPWire
import Logging
import NIOCore
import NIOSSL

// The answer's side of a connection: heads, bodies, and what becomes of the connection afterwards.

extension HTTP1Connection: ServerExchange {
    var eventLoop: any EventLoop { loop.eventLoop }
    var remoteAddress: SocketAddress? { context?.remoteAddress }
    var isWritable: Bool { channelWritable && phase == .exchange && pendingBody.isEmpty }

    func respond(head: ByteBuffer, extra: ByteBuffer, body: [ByteBuffer], sendBody: Bool) {
        guard phase == .exchange, state.answer == .pending else { return }
        var total = 0
        if sendBody { for piece in body { total += piece.readableBytes } }
        let scan = HeadScan(head.readableBytesUInt8Span)
        let length = scan.contentLength ?? UInt64(total)
        guard let plan = plan(status: scan.status, bodyLength: length) else { return }
        borrowOutbound()
        outbound.writeImmutableBuffer(head)
        outbound.writeImmutableBuffer(extra)
        let needsLength = scan.contentLength == nil && plan.framing != .noBody
        endHead(plan, addDate: !scan.hasDate, length: needsLength ? length : nil)
        guard total > 0, plan.framing != .noBody else { return complete() }
        guard state.takePiece(total) == .send else { return breakConnection() }
        if total <= Tuning.copyWholeBody {
            for piece in body { outbound.writeImmutableBuffer(piece) }
            complete()
        } else {
            pendingBody = body
            pendingIndex = 0
            later()
        }
    }

    func sendHead(head: ByteBuffer, extra: ByteBuffer, bodyLength: UInt64?) {
        guard phase == .exchange, state.answer == .pending else { return }
        let scan = HeadScan(head.readableBytesUInt8Span)
        guard let plan = plan(status: scan.status, bodyLength: bodyLength ?? scan.contentLength) else { return }
        borrowOutbound()
        outbound.writeImmutableBuffer(head)
        outbound.writeImmutableBuffer(extra)
        endHead(plan, addDate: !scan.hasDate, length: scan.contentLength == nil ? bodyLength : nil)
        later()
    }

    func sendHead(_ head: ResponseHead, bodyLength: UInt64?) {
        guard phase == .exchange, state.answer == .pending else { return }
        if head.status < 200 { return sendInterim(head) }
        guard let plan = plan(status: head.status, bodyLength: bodyLength) else { return }
        let keepsLength = plan.framing == .noBody && plan.mayHaveLength && bodyLength == nil
        borrowOutbound()
        outbound.writeHead(head, keepsLength: keepsLength)
        // RFC 9110 8.6: the length in a 304 is that of the body it stands for, which is hardly 0.
        let length = head.status == 304 && bodyLength == 0 ? nil : bodyLength
        endHead(plan, addDate: !head.fields.contains(.date), length: length)
        later()
    }

    func sendInterim(_ head: ResponseHead) {
        // A client that does not take what it gets can do without hints.
        guard phase == .exchange, channelWritable, (102..<200).contains(head.status), state.takeInterim() else {
            return
        }
        borrowOutbound()
        outbound.writeHead(head, keepsLength: false)
        outbound.writeStaticString("\r\n")
        later()
    }

    func sendBody(_ buffer: ByteBuffer) {
        guard phase == .exchange, state.answer == .streaming, pendingBody.isEmpty else { return }
        let count = buffer.readableBytes
        guard count > 0 else { return }
        switch state.takePiece(count) {
        case .drop: return
        case .overflow:
            loop.logger.error("a response body is longer than announced")
            return breakConnection()
        case .send: break
        }
        let chunked = state.framing == .chunked
        borrowOutbound()
        if chunked {
            outbound.writeHexadecimal(count)
            outbound.writeStaticString("\r\n")
        }
        if count <= Tuning.copyStreamedPiece {
            outbound.writeImmutableBuffer(buffer)
        } else {
            writeThrough(buffer)
            guard phase == .exchange else { return }
        }
        if chunked { append("\r\n") }
        // So that isWritable can turn false before much has been gathered.
        if outbound.readableBytes >= Tuning.gatherBytes { flush() }
        later()
    }

    func finish() {
        guard phase == .exchange, state.isActive, pendingBody.isEmpty else { return }
        if state.answer == .streaming, state.framing == .chunked { append("0\r\n\r\n") }
        complete()
    }

    func abort() {
        guard phase == .exchange else { return }
        delegate = nil
        breakConnection()
    }
}

// MARK: - Heads

extension HTTP1Connection {
    private func plan(status: Int, bodyLength: UInt64?) -> ExchangeState.HeadPlan? {
        if loop.isDraining { state.stopKeepingAlive() }
        return state.planHead(
            status: status,
            bodyLength: bodyLength,
            drainBytes: loop.limits.drainBytes,
            inputWaiting: input.readableBytes > 0
        )
    }

    /// The fields that are the connection's own, and the empty line.
    private func endHead(_ plan: ExchangeState.HeadPlan, addDate: Bool, length: UInt64?) {
        if addDate { outbound.writeImmutableBuffer(loop.dateLine) }
        if let length, plan.mayHaveLength {
            outbound.writeStaticString("Content-Length: ")
            outbound.writeDecimal(length)
            outbound.writeStaticString("\r\n")
        }
        if plan.framing == .chunked { outbound.writeStaticString("Transfer-Encoding: chunked\r\n") }
        switch plan.connection {
        case .none: outbound.writeStaticString("\r\n")
        case .close: outbound.writeStaticString("Connection: close\r\n\r\n")
        case .keepAlive: outbound.writeStaticString("Connection: keep-alive\r\n\r\n")
        }
    }

}

// MARK: - Bodies and endings

extension HTTP1Connection {
    /// Goes on with the body of an answer given whole, as far as the channel takes it.
    func writePendingBody() {
        while channelWritable, pendingIndex < pendingBody.count {
            let piece = pendingBody[pendingIndex]
            pendingIndex += 1
            writeThrough(piece)
        }
        guard phase == .exchange else { return }
        if pendingIndex == pendingBody.count { complete() }
    }

    /// The answer is all written; the next request, or the end.
    private func complete() {
        delegate = nil
        if !pendingBody.isEmpty {
            pendingBody = []
            pendingIndex = 0
        }
        switch state.finish(drainBytes: loop.limits.drainBytes, inputWaiting: input.readableBytes > 0) {
        case .nextRequest:
            phase = .head
            deadline = .none
        case .drain:
            phase = .draining
            deadline = .none
        case .close(let lingering):
            return closeAfterFlush(linger: lingering || input.readableBytes > 0)
        case .broken:
            loop.logger.error("a response was finished before it was complete")
            return breakConnection()
        }
        later()
    }

    /// Lets what was written reach the client, then closes. With `linger` it closes the sending side only and reads on for
    /// a while: a close with unread input would reset the connection, and the client might never see the answer.
    func closeAfterFlush(linger: Bool) {
        guard phase != .closed, let context else { return }
        phase = .closing
        deadline = .none
        delegate = nil
        input = ByteBuffer()
        lingerAfterFlush = linger && !inputClosed
        guard outbound.readableBytes > 0 || needsFlush || bufferedBytes > 0 else { return flushedBeforeClose() }
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { _ in self.flushedBeforeClose() }
        isWriting = true
        bytesWritten += UInt64(outbound.readableBytes)
        context.writeAndFlush(wrapOutboundOut(outbound), promise: flushed)
        isWriting = false
        outbound = ByteBuffer()
        needsFlush = false
        later()
    }

    private func flushedBeforeClose() {
        guard phase == .closing, let context else { return }
        guard lingerAfterFlush, !inputClosed else { return context.close(promise: nil) }
        phase = .lingering
        deadline = .none
        context.close(mode: .output, promise: nil)
        later()
    }

    /// Closes so that nobody takes what was sent for a whole answer. Once a head was sent that is a reset, past TLS too:
    /// an orderly close is the end of a body that has no length (RFC 9112 8).
    func breakConnection() {
        guard phase != .closed, let context else { return }
        let headSent = state.answer == .streaming || state.framing != .noBody
        flush()
        guard phase != .closed else { return }
        phase = .closing
        deadline = .none
        state.abandon()
        loop.counters.aborted.add()
        pendingBody = []
        if headSent { context.channel.resetOnClose() }
        closeNow()
    }

    /// Closes at once, past TLS: its orderly goodbye would wait for the client's.
    func closeNow() {
        guard let context else { return }
        if isSecure, let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    /// A request that cannot be read: the server itself answers.
    func refuse(_ error: HeadError) {
        loop.counters.badRequests.add()
        sendError(status: error.status, message: error.message)
    }

    /// A small answer of the server itself; the connection closes after it.
    func sendError(status: Int, message: String) {
        guard phase != .closed else { return }
        let text = "\(message)\n"
        borrowOutbound()
        outbound.writeHead(ResponseHead(status: status), keepsLength: false)
        outbound.writeImmutableBuffer(loop.dateLine)
        outbound.writeString(
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(text.utf8.count)\r\nConnection: close\r\n\r\n"
        )
        outbound.writeString(text)
        closeAfterFlush(linger: true)
    }
}

// MARK: - The outbound buffer

extension HTTP1Connection {
    func borrowOutbound() {
        if outbound.capacity == 0 { outbound = loop.takeOutbound() }
    }

    func append(_ text: StaticString) {
        borrowOutbound()
        outbound.writeStaticString(text)
    }

    /// Something was gathered, or can be done. During a read or a turn its end takes care of it; else the end of the
    /// loop's own turn.
    func later() {
        guard !inRead, !isPumping, !flushQueued else { return }
        flushQueued = true
        loop.flushLater(self)
    }

    /// Writes what was gathered and then `buffer` as it is; flushed later, or at once when the channel has had enough.
    private func writeThrough(_ buffer: ByteBuffer) {
        guard let context else { return }
        isWriting = true
        let gathered = outbound
        outbound = ByteBuffer()
        if gathered.readableBytes > 0 {
            bytesWritten += UInt64(gathered.readableBytes)
            context.write(wrapOutboundOut(gathered), promise: nil)
        }
        bytesWritten += UInt64(buffer.readableBytes)
        context.write(wrapOutboundOut(buffer), promise: nil)
        needsFlush = true
        isWriting = false
        guard phase != .closed else { return }
        // TLS says that the channel has had enough only when it has encrypted, which it does when flushed.
        if isSecure || !channelWritable { flush() }
    }

    /// Sends what was gathered. True: the channel has become writable by it, so there may be more to do.
    @discardableResult
    func flush() -> Bool {
        guard let context, needsFlush || outbound.readableBytes > 0, !isWriting else { return false }
        let was = channelWritable
        isWriting = true
        needsFlush = false
        if outbound.readableBytes > 0 {
            bytesWritten += UInt64(outbound.readableBytes)
            let gathered = outbound
            outbound = ByteBuffer()
            context.writeAndFlush(wrapOutboundOut(gathered), promise: nil)
            loop.giveBack(consume gathered)
        } else {
            context.flush()
        }
        isWriting = false
        return !was && channelWritable
    }
}
