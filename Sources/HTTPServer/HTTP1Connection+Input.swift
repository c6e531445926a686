import HTTPWire
import Logging
import NIOCore

// The request's side of a connection: heads, bodies, draining.

extension HTTP1Connection {
    /// A piece of a request's body, or why there is none.
    private enum BodyStep {
        case needMore
        case data(ByteBuffer)
        case end
        case failed(HeadError)
    }

    /// Takes the next request from the input buffer. While the client does not take its answers it gets no more of them.
    func takeHead() -> Bool {
        if outbound.readableBytes >= Tuning.gatherBytes { flush() }
        guard input.readableBytes > 0 else {
            if inputClosed { closeAfterFlush(linger: false) }
            return false
        }
        guard channelWritable, knowsProtocol() else { return false }
        switch parser.parseRequest(input.readableBytesUInt8Span, into: &head) {
        case .needMore:
            if inputClosed { closeAfterFlush(linger: false) }
            return false
        case .failed(let error):
            refuse(error)
            return false
        case .complete(let length):
            input.moveReaderIndex(forwardBy: length)
            beginExchange()
            return true
        }
    }

    /// HTTP/2 with prior knowledge will be taken over here, with the input buffer as its first bytes.
    private func knowsProtocol() -> Bool {
        if protocolKnown { return true }
        switch ProtocolDetector.detect(input.readableBytesUInt8Span) {
        case .http1:
            protocolKnown = true
            return true
        case .http2:
            loop.counters.badRequests.add()
            sendError(status: 505, message: "HTTP/2 is not spoken on this address; use HTTP/1.1")
            return false
        case .needMore:
            if inputClosed { closeAfterFlush(linger: false) }
            return false
        }
    }

    private func beginExchange() {
        loop.counters.requests.add()
        requestCount += 1
        let mayStay = !loop.isDraining && requestCount < loop.limits.requestsPerConnection
        state.begin(
            RequestFacts(
                isHead: head.method == .head,
                isHTTP10: head.version == .http10,
                framing: head.framing,
                keepAlive: head.keepAlive,
                expectsContinue: head.expectsContinue
            ),
            mayStay: mayStay
        )
        switch head.framing {
        case .none, .untilClose: break
        case .length(let length):
            bodyLeft = length
            bodyIsChunked = false
        case .chunked:
            bodyIsChunked = true
            chunks = ChunkedDecoder()
        }
        readingPaused = false
        owesBodyEnd = false
        toldBodyEnd = false
        phase = .exchange
        deadline = .none
        loop.responder.respond(to: head, on: self)
    }

    /// What an exchange can do by itself: go on with a body that was given whole, deliver the request's body, tell that
    /// the channel takes bytes again.
    func advanceExchange() -> Bool {
        if pendingIndex < pendingBody.count {
            guard channelWritable else { return false }
            writePendingBody()
            return true
        }
        if owesWritable, channelWritable {
            owesWritable = false
            if state.answer == .streaming, let delegate {
                delegate.exchangeBecameWritable()
                return true
            }
        }
        if owesBodyEnd {
            owesBodyEnd = false
            toldBodyEnd = true
            delegate?.exchangeReceivedBodyEnd()
            return true
        }
        guard state.requestBody == .reading, !readingPaused else { return false }
        return deliverBody()
    }

    private func deliverBody() -> Bool {
        switch nextBodyStep() {
        case .needMore:
            if inputClosed { truncatedBody() }
            return false
        case .data(let piece):
            delegate?.exchangeReceivedBody(piece)
        case .end:
            _ = state.bodyEnded()
            toldBodyEnd = true
            if deadline == .body { deadline = .none }
            delegate?.exchangeReceivedBodyEnd()
        case .failed(let error):
            let answered = state.answer != .pending
            dismissDelegate()
            if answered { breakConnection() } else { refuse(error) }
        }
        return true
    }

    /// Reads and drops what is left of a request's body after its answer.
    func drainBody() -> Bool {
        switch nextBodyStep() {
        case .needMore:
            if inputClosed { closeAfterFlush(linger: false) }
            return false
        case .data(let piece):
            if !state.drained(piece.readableBytes) { closeAfterFlush(linger: true) }
        case .end:
            _ = state.bodyEnded()
            deadline = .none
            phase = .head
        case .failed:
            loop.counters.badRequests.add()
            closeAfterFlush(linger: true)
        }
        return true
    }

    private func nextBodyStep() -> BodyStep {
        if bodyIsChunked { return nextChunk() }
        guard bodyLeft > 0 else { return .end }
        let available = input.readableBytes
        guard available > 0 else { return .needMore }
        if UInt64(available) <= bodyLeft {
            bodyLeft -= UInt64(available)
            let piece = input
            input = ByteBuffer()
            return .data(piece)
        }
        guard let piece = input.readSlice(length: Int(bodyLeft)) else { return .needMore }
        bodyLeft = 0
        return .data(piece)
    }

    private func nextChunk() -> BodyStep {
        switch chunks.next(input.readableBytesUInt8Span) {
        case .needMore(let consumed):
            input.moveReaderIndex(forwardBy: consumed)
            return .needMore
        case .data(let skip, let count):
            input.moveReaderIndex(forwardBy: skip)
            guard let piece = input.readSlice(length: count) else { return .needMore }
            return .data(piece)
        case .end(let consumed):
            input.moveReaderIndex(forwardBy: consumed)
            return .end
        case .failed(let error):
            return .failed(error)
        }
    }

    /// The client shut its side before the body was complete.
    private func truncatedBody() {
        if delegate != nil { loop.counters.clientsGone.add() }
        dismissDelegate()
        breakConnection()
    }

    /// The exchange fails by the client's doing; tells the delegate. The connection must be closed next.
    func dismissDelegate() {
        state.abandon()
        guard let delegate else { return }
        self.delegate = nil
        phase = .closing
        delegate.exchangeClosed()
    }

    /// Input that nobody will read.
    func discard(_ count: Int) {
        discarded += count
        if discarded > loop.limits.lingerBytes { closeNow() }
    }
}

// MARK: - Called by the responder

extension HTTP1Connection {
    func readBody() {
        guard phase == .exchange else { return }
        switch state.askForBody() {
        case .already: return
        case .ended: owesBodyEnd = !toldBodyEnd
        case .begin(let sendContinue):
            if sendContinue, input.readableBytes == 0 { append("HTTP/1.1 100 Continue\r\n\r\n") }
        }
        later()
    }

    func pauseReading() { readingPaused = true }

    func resumeReading() {
        guard phase == .exchange, readingPaused else { return }
        readingPaused = false
        later()
    }
}
