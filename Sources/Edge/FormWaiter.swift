import HTTPServer
import NIOCore

/// Keeps an exchange while its answer is being made elsewhere, and notices when the client leaves. Loop-confined.
final class FormWaiter: ServerExchangeDelegate {
    private var exchange: (any ServerExchange)?

    init(_ exchange: any ServerExchange) {
        self.exchange = exchange
        exchange.delegate = self
    }

    /// The exchange, unless the client has left. Once.
    func release() -> (any ServerExchange)? {
        defer { exchange = nil }
        exchange?.delegate = nil
        return exchange
    }

    func exchangeReceivedBody(_ buffer: ByteBuffer) {}
    func exchangeReceivedBodyEnd() {}
    func exchangeBecameWritable() {}
    func exchangeClosed() { exchange = nil }
}
