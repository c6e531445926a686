import CacheStore
import CachingRules
import HTTPServer
import HTTPWire
import NIOCore

/// A request that memory could not answer at once, from its miss to its last byte. Loop-confined.
///
/// It reads one fill. It begins its answer when the fill has a head that it may use, or when the fill is complete, and
/// it is over when the answer has ended or the client has gone.
final class Transaction: ServerExchangeDelegate {
    let eventLoop: any EventLoop
    let site: Site
    let key: CacheKey
    let head: RequestHead

    private let responder: EdgeResponder
    /// Wants the whole and does the answering itself; nil: it is this transaction's.
    private let onWhole: Whole?
    private var exchange: (any ServerExchange)?
    private var fill: Fill?
    private var phase = Phase.waiting
    private var isPumping = false

    /// Another request had already asked the origin.
    private(set) var isCollapsed = false
    /// The next piece to send.
    private(set) var position = 0
    /// Where that piece begins in the body.
    private var offset: UInt64 = 0
    /// The bytes of the body that are to be sent; nil: all.
    private var slice: Range<UInt64>?

    /// Hears of the whole entry, or, with nil, that there is none to be had soon. The client is still there.
    typealias Whole = (Resource?, any ServerExchange) -> Void

    private enum Phase {
        /// No head yet.
        case waiting
        /// The head is known, the body is wanted whole: to be compressed, or for several ranges of it.
        case waitingForWhole
        /// A part of the body is wanted, and its first byte has not come.
        case skipping(FillHead, RangeAnswer, Range<UInt64>)
        case streaming
    }

    init(
        responder: EdgeResponder,
        exchange: any ServerExchange,
        site: Site,
        key: CacheKey,
        head: RequestHead,
        onWhole: Whole? = nil
    ) {
        self.onWhole = onWhole
        self.responder = responder
        self.exchange = exchange
        self.eventLoop = exchange.eventLoop
        self.site = site
        self.key = key
        self.head = head
        exchange.delegate = self
    }

    /// Reads `fill`, which this transaction has joined.
    func wait(for fill: Fill, collapsed: Bool) {
        self.fill = fill
        isCollapsed = collapsed
        fillProgressed()
    }

    // MARK: The fill's side

    func fillProgressed() {
        guard let fill, !isPumping else { return }
        if let onWhole { return waitForWhole(fill, onWhole) }
        switch phase {
        case .waiting:
            switch fill.read(self, from: 0, limit: 0).progress {
            case .waiting: return
            // A short body that is not stored may have come to its end before this loop heard of its head.
            case .streaming(let filled), .passed(let filled): begin(filled)
            case .complete(let resource, let source): answer(with: resource, from: source)
            case .unshareable: end { $0.responder.fetchAlone($0, on: $1) }
            case .failed(let failure): end { $0.responder.fail($0, with: failure, on: $1) }
            }
        case .waitingForWhole:
            switch fill.read(self, from: 0, limit: 0).progress {
            case .waiting, .streaming: return
            case .passed: end { $1.abort() }
            case .complete(let resource, let source): answer(with: resource, from: source)
            case .unshareable: end { $0.responder.fetchAlone($0, on: $1) }
            case .failed(let failure): end { $0.responder.fail($0, with: failure, on: $1) }
            }
        case .skipping(let filled, let answer, let range):
            skip(filled, answer, to: range)
        case .streaming:
            pump()
        }
    }

    private func waitForWhole(_ fill: Fill, _ tell: @escaping Whole) {
        switch fill.read(self, from: 0, limit: 0).progress {
        case .waiting: return
        case .streaming(let filled):
            // What is not kept is not waited for, nor what may turn out to be too large for it.
            guard filled.isRetained, filled.length != nil else { return end { tell(nil, $1) } }
        case .complete(let resource, _): end { tell(resource.selected(by: $0.head), $1) }
        case .passed, .unshareable, .failed: end { tell(nil, $1) }
        }
    }

    /// The head, or the whole answer, may be that of another variant than this request selects.
    private func answer(with resource: Resource, from source: FillSource) {
        guard let selected = resource.selected(by: head), !isCollapsed || responder.mayTake(selected, source, self)
        else {
            return end { $0.responder.fetchAlone($0, on: $1) }
        }
        end { $0.responder.answer($0, with: selected, from: source, on: $1) }
    }

    /// RFC 9110, section 15.2. Not to be stored, and not for those who joined.
    func fillInformed(_ head: ResponseHead) {
        guard case .waiting = phase, onWhole == nil else { return }
        exchange?.sendInterim(head)
    }

    private func begin(_ filled: FillHead) {
        guard VariantRule.selects(filled.variant, head) else { return end { $0.responder.fetchAlone($0, on: $1) } }
        let plan = responder.plan(filled, for: head)
        switch plan {
        case .multiple:
            phase = .waitingForWhole
            return
        case .whole where responder.wantsWhole(filled, for: self):
            phase = .waitingForWhole
            return
        case .whole, .single, .unsatisfiable: break
        }
        guard let exchange else { return }
        switch responder.begin(self, filled, plan, on: exchange) {
        case .ended:
            end { _, _ in }
        case .body:
            phase = .streaming
            pump()
        case .part(let answer, let range):
            phase = .skipping(filled, answer, range)
            skip(filled, answer, to: range)
        }
    }

    /// Passes over what lies before the part. The answer begins with the part's first byte: until then a fill that breaks
    /// can still be answered as one that has failed.
    private func skip(_ filled: FillHead, _ answer: RangeAnswer, to range: Range<UInt64>) {
        let before = position
        var hasCome = false
        while let fill, !hasCome {
            let (progress, pieces) = fill.read(self, from: position, limit: 16)
            if pieces.isEmpty {
                switch progress {
                case .waiting, .streaming: break
                case .failed(let failure): return end { $0.responder.fail($0, with: failure, on: $1) }
                // A fill ends as one of these only when its body had the length that was announced.
                case .complete, .passed, .unshareable: return end { $1.abort() }
                }
                break
            }
            for piece in pieces {
                let next = offset + UInt64(piece.readableBytes)
                hasCome = next > range.lowerBound
                if hasCome { break }
                offset = next
                position += 1
            }
        }
        if hasCome, let exchange {
            phase = .streaming
            slice = range
            responder.beginPart(self, filled, answer, on: exchange)
        }
        // More may come in the midst of this.
        if position > before { fill?.advanced(on: eventLoop) }
        if hasCome { pump() }
    }

    private func pump() {
        guard !isPumping else { return }
        let before = position
        sendPieces()
        // More may come in the midst of this.
        if position > before { fill?.advanced(on: eventLoop) }
    }

    private func sendPieces() {
        isPumping = true
        defer { isPumping = false }
        while let fill, let exchange {
            guard exchange.isWritable else { break }
            let (progress, pieces) = fill.read(self, from: position, limit: 16)
            // Who has sent everything is not behind.
            if !pieces.isEmpty, position > 0, case .complete(let resource, _) = progress,
                responder.mustBreakOff(resource)
            {
                return end { $1.abort() }
            }
            if pieces.isEmpty {
                switch progress {
                case .waiting, .streaming: break
                case .complete, .passed: end { $1.finish() }
                case .unshareable, .failed: end { $1.abort() }
                }
                break
            }
            for piece in pieces {
                send(piece, on: exchange)
                position += 1
                if let slice, offset >= slice.upperBound { return end(isServed: true) { $1.finish() } }
                if !exchange.isWritable { break }
            }
        }
    }

    /// Sends the piece, or what of it is asked for.
    private func send(_ piece: ByteBuffer, on exchange: any ServerExchange) {
        let start = offset
        offset += UInt64(piece.readableBytes)
        guard let slice else {
            responder.count(sent: piece.readableBytes)
            return exchange.sendBody(piece)
        }
        guard let part = piece.slice(of: slice, startingAt: start) else { return }
        responder.count(sent: part.readableBytes)
        exchange.sendBody(part)
    }

    /// Others wait for this client, and it takes nothing: it is dropped if it still needs that piece. True: it was.
    func drop(ifStillAt piece: Int) -> Bool {
        guard case .streaming = phase, position <= piece, exchange?.isWritable == false else { return false }
        end { $1.abort() }
        return true
    }

    /// Leaves the fill, then gives the exchange back for its last act.
    private func end(isServed: Bool = false, _ last: (Transaction, any ServerExchange) -> Void) {
        let fill = self.fill
        self.fill = nil
        fill?.leave(self, isServed: isServed)
        guard let exchange else { return }
        self.exchange = nil
        last(self, exchange)
    }

    // MARK: The client's side

    func exchangeReceivedBody(_ buffer: ByteBuffer) {}

    func exchangeReceivedBodyEnd() {}

    func exchangeBecameWritable() {
        if case .streaming = phase { pump() }
    }

    func exchangeClosed() {
        exchange = nil
        let fill = self.fill
        self.fill = nil
        fill?.leave(self)
    }
}
