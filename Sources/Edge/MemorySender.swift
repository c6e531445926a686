import CacheStore
import HTTPServer
import NIOCore
import Telemetry

/// Sends a body that is in memory, or parts of it, at the client's pace. Loop-confined.
///
/// It holds what it has not sent, so an entry may leave the store meanwhile: then those bytes count as pinned. While there is
/// too much of that, it breaks off when it would send more of an entry that is not there any more. What begins at such a time
/// holds nothing, and copies what it sends next from the entry each time.
final class MemorySender: ServerExchangeDelegate {
    private let name: FormName
    private let responder: EdgeResponder
    private var exchange: (any ServerExchange)?
    private var source: Source
    private var hasBegun = false

    private enum Source {
        /// What is not sent yet.
        case held(ArraySlice<ByteBuffer>)
        /// The parts that are not sent yet, and how much of the first has been.
        case stored(ArraySlice<BodyPart>, sent: UInt64)
    }

    private enum Step {
        case send(ByteBuffer)
        case end
        /// The entry is not there any more.
        case gone
    }

    /// Whether a body is sent by this rather than at once: it is long, or must not be held.
    static func isNeeded(for body: StoredBody, _ pieces: [ByteBuffer], in store: CacheStore) -> Bool {
        pieces.count > Limits.piecesAtOnce || (body.length > CacheStore.smallBody && store.isOverPinned)
    }

    /// Sends these parts of the form.
    init(
        _ form: Representation,
        of key: CacheKey,
        parts: [BodyPart],
        exchange: any ServerExchange,
        responder: EdgeResponder
    ) {
        name = FormName(form, key: key)
        self.exchange = exchange
        self.responder = responder
        let store = responder.context.store
        // What is in no store, such as the answer of a fill that was refused there, can only be sent as it is.
        if store.isOverPinned, store.holds(name) {
            source = .stored(parts[...], sent: 0)
        } else {
            source = .held(parts.buffers(from: form.body.pieces)[...])
        }
    }

    /// `length`: bytes of all parts.
    func start(head: ByteBuffer, extra: ByteBuffer, length: UInt64) {
        exchange?.delegate = self
        exchange?.sendHead(head: head, extra: extra, bodyLength: length)
        sendNext()
    }

    private func sendNext() {
        while let exchange {
            if isAtEnd {
                self.exchange = nil
                return exchange.finish()
            }
            guard exchange.isWritable else { return }
            switch next() {
            case .send(let buffer):
                hasBegun = true
                responder.count(sent: buffer.readableBytes, fromCache: true)
                exchange.sendBody(buffer)
            case .end:
                break
            case .gone:
                self.exchange = nil
                responder.context.reasons.failures.add(FillFailure.pinned)
                return exchange.abort()
            }
        }
    }

    private var isAtEnd: Bool {
        switch source {
        case .held(let rest): rest.isEmpty
        case .stored(let parts, _): parts.isEmpty
        }
    }

    private func next() -> Step {
        let store = responder.context.store
        switch source {
        case .held(var rest):
            if hasBegun, store.isOverPinned, !store.holds(name) { return .gone }
            guard let buffer = rest.popFirst() else { return .end }
            source = .held(rest)
            return .send(buffer)
        case .stored(var parts, let sent):
            guard let part = parts.first else { return .end }
            switch part {
            case .bytes(let buffer):
                parts.removeFirst()
                source = .stored(parts, sent: 0)
                return .send(buffer)
            case .slice(let range):
                let offset = range.lowerBound + sent
                guard let buffer = store.copy(of: name, from: offset, to: range.upperBound) else { return .gone }
                let next = offset + UInt64(buffer.readableBytes)
                if next == range.upperBound { parts.removeFirst() }
                source = .stored(parts, sent: next == range.upperBound ? 0 : next - range.lowerBound)
                return .send(buffer)
            }
        }
    }

    func exchangeReceivedBody(_ buffer: ByteBuffer) {}
    func exchangeReceivedBodyEnd() {}
    func exchangeBecameWritable() { sendNext() }
    func exchangeClosed() {
        exchange = nil
        source = .held([])
    }
}
