import HTTPWire

/// Takes the responses of one connection apart. A value that knows no socket.
///
/// The caller passes what it has, does what the step says, and comes back with what is left.
struct ResponseReader {
    enum Step: Equatable {
        /// Drop `consumed` bytes; the rest is kept until more comes after it.
        case needMore(consumed: Int)
        /// ``ResponseReader/head`` is an interim response; drop its bytes.
        case informational(consumed: Int)
        /// ``ResponseReader/head`` is the response's head; drop its bytes.
        case head(consumed: Int)
        /// Drop `skip` bytes; the next `count` are body.
        case body(skip: Int, count: Int)
        /// Drop `consumed` bytes; the response is complete.
        case end(consumed: Int)
        case failed(String)
    }

    private enum State {
        case idle
        case head(Method)
        case counted(UInt64)
        case chunked
        case untilClose
        case failed
    }

    private var state = State.idle
    private var parser: HeadParser
    private var decoder = ChunkedDecoder()
    private let limits: ClientLimits
    private var interims = 0
    /// The last head that was read.
    private(set) var head = ResponseHead()
    /// Did any byte of the present response come?
    private(set) var sawBytes = false

    init(limits: ClientLimits) {
        self.limits = limits
        parser = HeadParser(limits: HeadLimits(bytes: limits.headBytes, fields: limits.headFields))
    }

    /// A response is expected now.
    mutating func expect(_ method: Method) {
        state = .head(method)
        interims = 0
        sawBytes = false
    }

    /// Between two responses, and the last one allows another (RFC 9112, section 9.3).
    var isReusable: Bool {
        if case .idle = state { return head.keepAlive }
        return false
    }

    /// Is a head still to come?
    var awaitsHead: Bool {
        if case .head = state { return true }
        return false
    }

    mutating func next(_ input: Span<UInt8>) -> Step {
        switch state {
        case .idle, .failed: return .needMore(consumed: 0)
        case .head(let method): return nextHead(input, method)
        case .counted(let left): return nextCounted(input, left)
        case .chunked: return nextChunked(input)
        case .untilClose:
            let count = min(input.count, ClientLimits.bodyPiece)
            return count == 0 ? .needMore(consumed: 0) : .body(skip: 0, count: count)
        }
    }

    /// The connection ended. True: cleanly at the end of a body that lasts until then.
    mutating func closed(cleanly: Bool) -> Bool {
        guard cleanly, case .untilClose = state else { return false }
        state = .idle
        return true
    }

    /// What is missing, in words; for the error that tells of an early end.
    var missing: String {
        switch state {
        case .counted(let left): "\(left) bytes of the body"
        case .chunked: "the body's last chunk"
        case .untilClose: "a clean end of the body"
        case .head where sawBytes: "the rest of the head"
        default: "any response"
        }
    }

    private mutating func nextHead(_ input: Span<UInt8>, _ method: Method) -> Step {
        if input.count > 0 { sawBytes = true }
        switch parser.parseResponse(input, requestMethod: method, into: &head) {
        case .needMore: return .needMore(consumed: 0)
        case .failed(let error): return fail(error.message)
        case .complete(let length): return received(length)
        }
    }

    private mutating func received(_ length: Int) -> Step {
        if head.isInterim {
            interims += 1
            guard interims <= limits.interimResponses else {
                return fail("more than \(interims - 1) interim responses")
            }
            return .informational(consumed: length)
        }
        guard head.status >= 200 else { return fail("status 101 without an Upgrade in the request") }
        switch head.framing {
        case .none: state = .counted(0)
        case .length(let length): state = .counted(length)
        case .untilClose: state = .untilClose
        case .chunked:
            decoder = ChunkedDecoder()
            state = .chunked
        }
        return .head(consumed: length)
    }

    private mutating func nextCounted(_ input: Span<UInt8>, _ left: UInt64) -> Step {
        guard left > 0 else {
            state = .idle
            return .end(consumed: 0)
        }
        let count = Int(min(UInt64(min(input.count, ClientLimits.bodyPiece)), left))
        guard count > 0 else { return .needMore(consumed: 0) }
        state = .counted(left - UInt64(count))
        return .body(skip: 0, count: count)
    }

    private mutating func nextChunked(_ input: Span<UInt8>) -> Step {
        switch decoder.next(input) {
        case .needMore(let consumed): return .needMore(consumed: consumed)
        case .data(let skip, let count): return .body(skip: skip, count: count)
        case .failed(let error): return fail(error.message)
        case .end(let consumed):
            state = .idle
            return .end(consumed: consumed)
        }
    }

    private mutating func fail(_ why: String) -> Step {
        state = .failed
        return .failed(why)
    }
}
