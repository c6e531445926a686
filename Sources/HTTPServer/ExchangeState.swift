import HTTPWire

/// What a request's head says about the exchange to come. A value.
struct RequestFacts {
    var isHead = false
    var isHTTP10 = false
    var framing = BodyFraming.none
    /// The client's wish (RFC 9112 9.3).
    var keepAlive = true
    var expectsContinue = false
}

/// Where one exchange of an HTTP/1 connection stands, and what has to be done next. A value; it does no I/O.
///
/// Two sides run on their own: the request's body comes in, the answer goes out. The connection tells the state what
/// has happened and does what it returns. The decisions made here: which framing and which `Connection` field an answer
/// gets, whether 100 Continue is owed, and what becomes of the connection when an answer is complete (RFC 9112 9.3).
struct ExchangeState {
    /// The request's body.
    enum RequestBody: Equatable {
        /// There is none, or all of it has been delivered or dropped.
        case complete
        /// Nobody has asked for it.
        case waiting
        /// It goes to the delegate as it comes.
        case reading
        /// The answer is finished: it is read and dropped.
        case draining
    }

    /// The answer.
    enum Answer: Equatable {
        /// Nothing has been sent; interim answers do not count.
        case pending
        case streaming
        case complete
    }

    /// How the end of an answer's body is seen by the client (RFC 9112 6.3).
    enum Framing: Equatable {
        case noBody
        case length(left: UInt64)
        case chunked
        case untilClose
    }

    /// The `Connection` field of an answer.
    enum ConnectionField: Equatable {
        case none
        case close
        /// Only for HTTP/1.0, where staying is the exception.
        case keepAlive
    }

    /// What the head of an answer must say besides what the caller put into it.
    struct HeadPlan: Equatable {
        var connection: ConnectionField
        var framing: Framing
        /// RFC 9110 8.6: a 1xx or 204 has no Content-Length.
        var mayHaveLength: Bool
    }

    /// What becomes of the connection when its answer is complete.
    enum Ending: Equatable {
        case nextRequest
        /// Read and drop the rest of the request's body, then the next request.
        case drain
        /// `lingering`: the client may still be sending, and a plain close would destroy the answer on its way.
        case close(lingering: Bool)
        /// The client must not take what it got for the whole.
        case broken
    }

    /// What asking for the request's body does.
    enum BodyStart: Equatable {
        case already
        /// There is none: tell the delegate that it has ended.
        case ended
        case begin(sendContinue: Bool)
    }

    /// What to do with a piece of the answer's body.
    enum PieceVerdict: Equatable {
        case send
        /// The answer has no body.
        case drop
        /// More than was announced.
        case overflow
    }

    private(set) var facts = RequestFacts()
    private(set) var requestBody = RequestBody.complete
    private(set) var answer = Answer.complete
    private(set) var framing = Framing.noBody
    /// Whether the connection stays after this exchange, as far as is known.
    private(set) var keepAlive = true
    /// The client waits for 100 Continue before it sends its body.
    private(set) var owesContinue = false
    private var drainLeft = 0
    private var interimsLeft = 0

    /// An exchange is under way: its answer is not complete.
    var isActive: Bool { answer != .complete }
}

// MARK: - The request's side

extension ExchangeState {
    /// A head was read. `mayStay` is false when the server shuts down or the connection has had its share.
    mutating func begin(_ facts: RequestFacts, mayStay: Bool) {
        self.facts = facts
        requestBody = facts.framing == .none ? .complete : .waiting
        answer = .pending
        framing = .noBody
        interimsLeft = Tuning.interimHeads
        keepAlive = facts.keepAlive && mayStay
        // RFC 9110 10.1.1: ignored in a request of HTTP/1.0 and in one without a body.
        owesContinue = facts.expectsContinue && !facts.isHTTP10 && requestBody == .waiting
    }

    /// The responder wants the body.
    mutating func askForBody() -> BodyStart {
        guard answer != .complete else { return .already }
        switch requestBody {
        case .complete: return .ended
        case .reading, .draining: return .already
        case .waiting:
            requestBody = .reading
            defer { owesContinue = false }
            // After a final head an interim one would be taken for part of the body.
            return .begin(sendContinue: owesContinue && answer == .pending)
        }
    }

    /// `count` bytes of the body were read while draining. False: more than the limit, give up.
    mutating func drained(_ count: Int) -> Bool {
        drainLeft -= count
        return drainLeft >= 0
    }

    /// The body's last byte was read. True: it was being drained, and the connection is free for the next request.
    mutating func bodyEnded() -> Bool {
        defer { requestBody = .complete }
        return requestBody == .draining
    }

    /// The connection closes after this exchange, whatever was decided before.
    mutating func stopKeepingAlive() { keepAlive = false }
}

// MARK: - The answer's side

extension ExchangeState {
    /// An interim head is about to be sent. False: it must not be. RFC 9110 15.2: only before the final one, and not to
    /// HTTP/1.0, which does not know them.
    mutating func takeInterim() -> Bool {
        guard answer == .pending, !facts.isHTTP10, interimsLeft > 0 else { return false }
        interimsLeft -= 1
        return true
    }

    /// A final head with `status` is about to be sent. nil: one was sent already.
    ///
    /// - Parameters:
    ///   - bodyLength: bytes of the body; nil when it is not known.
    ///   - inputWaiting: body bytes lie in the input buffer, so the client did not wait for 100 Continue.
    mutating func planHead(
        status: Int,
        bodyLength: UInt64?,
        drainBytes: Int,
        inputWaiting: Bool
    ) -> HeadPlan? {
        guard answer == .pending else { return nil }
        answer = .streaming
        let forbidden = status == 204 || status == 304 || status < 200
        if facts.isHead || forbidden {
            framing = .noBody
        } else if let bodyLength {
            framing = .length(left: bodyLength)
        } else if facts.isHTTP10 {
            framing = .untilClose
            keepAlive = false
        } else {
            framing = .chunked
        }
        if keepAlive, requestBody == .waiting, !canDrain(upTo: drainBytes, inputWaiting: inputWaiting) {
            keepAlive = false
        }
        let connection: ConnectionField = keepAlive ? (facts.isHTTP10 ? .keepAlive : .none) : .close
        return HeadPlan(connection: connection, framing: framing, mayHaveLength: status != 204 && status >= 200)
    }

    /// `count` bytes of the answer's body are to be sent.
    mutating func takePiece(_ count: Int) -> PieceVerdict {
        switch framing {
        case .noBody: return .drop
        case .chunked, .untilClose: return .send
        case .length(let left):
            guard UInt64(count) <= left else { return .overflow }
            framing = .length(left: left - UInt64(count))
            return .send
        }
    }

    /// The answer is complete, if its framing agrees.
    mutating func finish(drainBytes: Int, inputWaiting: Bool) -> Ending {
        let wasStreaming = answer == .streaming
        answer = .complete
        guard wasStreaming else { return .broken }
        if case .length(let left) = framing, left > 0 { return .broken }
        // A client that did not ask for the end may have sent more.
        if requestBody == .complete { return keepAlive ? .nextRequest : .close(lingering: facts.keepAlive) }
        guard keepAlive, canDrain(upTo: drainBytes, inputWaiting: inputWaiting) else { return .close(lingering: true) }
        requestBody = .draining
        drainLeft = drainBytes
        return .drain
    }

    /// The exchange ends without a complete answer.
    mutating func abandon() {
        answer = .complete
        keepAlive = false
    }

    /// Reading the rest of the body is cheaper than a new connection, and its end will be found. A client that still
    /// waits for 100 Continue may never send the body, or may: then the next request cannot be told from it.
    private func canDrain(upTo limit: Int, inputWaiting: Bool) -> Bool {
        if owesContinue && !inputWaiting { return false }
        if case .length(let length) = facts.framing, requestBody == .waiting { return length <= UInt64(limit) }
        return true
    }
}
