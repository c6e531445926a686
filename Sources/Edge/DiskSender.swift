import CacheStore
import HTTPServer
import NIOCore

/// Sends a body that lies on disk, or parts of it, piece by piece at the client's pace. Loop-confined.
///
/// The next piece is read while the client takes the one before, so that one piece is in memory for each such answer.
final class DiskSender: ServerExchangeDelegate {
    private let body: DiskBody
    private let responder: EdgeResponder
    private var exchange: (any ServerExchange)?
    private var parts: [BodyPart] = []
    /// The part that is being sent.
    private var index = 0
    /// Bytes of a slice that have been sent.
    private var sent: UInt64 = 0
    private var isReading = false

    init(_ body: DiskBody, exchange: any ServerExchange, responder: EdgeResponder) {
        self.body = body
        self.exchange = exchange
        self.responder = responder
    }

    /// Sends the whole body.
    func start(head: ByteBuffer, extra: ByteBuffer) {
        let parts: [BodyPart] = body.length > 0 ? [.slice(0..<body.length)] : []
        start(head: head, extra: extra, parts: parts, length: body.length)
    }

    /// Sends these parts, which have `length` bytes together and lie within the body.
    func start(head: ByteBuffer, extra: ByteBuffer, parts: [BodyPart], length: UInt64) {
        self.parts = parts
        exchange?.delegate = self
        exchange?.sendHead(head: head, extra: extra, bodyLength: length)
        sendNext()
    }

    private func sendNext() {
        // The client may take what is sent at once, and ask for more in the middle of it.
        while let exchange, !isReading {
            guard index < parts.count else {
                self.exchange = nil
                return exchange.finish()
            }
            guard exchange.isWritable else { return }
            switch parts[index] {
            case .bytes(let buffer):
                index += 1
                send(buffer, on: exchange)
            case .slice(let range):
                read(range.lowerBound + sent..<range.upperBound, on: exchange.eventLoop)
            }
        }
    }

    private func read(_ rest: Range<UInt64>, on eventLoop: any EventLoop) {
        isReading = true
        // To the next multiple of a piece: blocks are verified whole, and none is read twice.
        let piece = UInt64(DiskBody.readBytes)
        let length = min(piece - rest.lowerBound % piece, rest.upperBound - rest.lowerBound)
        body.read(offset: rest.lowerBound, length: Int(length), on: eventLoop) { self.received($0, of: rest) }
    }

    private func received(_ buffer: ByteBuffer?, of rest: Range<UInt64>) {
        isReading = false
        guard let exchange else { return }
        guard let buffer, buffer.readableBytes > 0 else {
            // A bad block: broken rather than wrong.
            self.exchange = nil
            return exchange.abort()
        }
        let count = UInt64(buffer.readableBytes)
        if count < rest.upperBound - rest.lowerBound {
            sent += count
        } else {
            sent = 0
            index += 1
        }
        send(buffer, on: exchange)
        sendNext()
    }

    private func send(_ buffer: ByteBuffer, on exchange: any ServerExchange) {
        responder.count(sent: buffer.readableBytes, fromCache: true)
        exchange.sendBody(buffer)
    }

    func exchangeReceivedBody(_ buffer: ByteBuffer) {}
    func exchangeReceivedBodyEnd() {}
    func exchangeBecameWritable() { sendNext() }
    func exchangeClosed() { exchange = nil }
}
