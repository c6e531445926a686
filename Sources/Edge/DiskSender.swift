import CacheStore
import HTTPServer
import NIOCore

/// Sends a body that lies on disk, part by part at the client's pace. Loop-confined.
///
/// The next part is read while the client takes the one before, so that one part is in memory for each such answer.
final class DiskSender: ServerExchangeDelegate {
    private let body: DiskBody
    private let responder: EdgeResponder
    private var exchange: (any ServerExchange)?
    private var offset: UInt64 = 0
    private var isReading = false

    init(_ body: DiskBody, exchange: any ServerExchange, responder: EdgeResponder) {
        self.body = body
        self.exchange = exchange
        self.responder = responder
    }

    func start(head: ByteBuffer, extra: ByteBuffer) {
        exchange?.delegate = self
        exchange?.sendHead(head: head, extra: extra, bodyLength: body.length)
        readNext()
    }

    private func readNext() {
        guard let exchange, !isReading else { return }
        guard offset < body.length else {
            self.exchange = nil
            return exchange.finish()
        }
        guard exchange.isWritable else { return }
        isReading = true
        let length = Int(min(UInt64(BodyPieces.pieceBytes), body.length - offset))
        body.read(offset: offset, length: length, on: exchange.eventLoop) { self.received($0) }
    }

    private func received(_ part: ByteBuffer?) {
        isReading = false
        guard let exchange else { return }
        guard let part, part.readableBytes > 0 else {
            // A bad block: broken rather than wrong.
            self.exchange = nil
            return exchange.abort()
        }
        offset += UInt64(part.readableBytes)
        responder.count(sent: part.readableBytes, fromCache: true)
        exchange.sendBody(part)
        readNext()
    }

    func exchangeReceivedBody(_ buffer: ByteBuffer) {}
    func exchangeReceivedBodyEnd() {}
    func exchangeBecameWritable() { readNext() }
    func exchangeClosed() { exchange = nil }
}
