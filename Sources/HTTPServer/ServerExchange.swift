public import HTTPWire
public import NIOCore

/// One request and its answer. Loop-confined: every call on `eventLoop`.
///
/// An HTTP/1 connection is itself the exchange of its current request; an HTTP/2 stream will be one. After the answer
/// is finished, aborted, or the delegate has heard `exchangeClosed`, the exchange must not be used any more; a late
/// call is ignored as long as no later request has begun on the connection.
public protocol ServerExchange: AnyObject {
    /// The loop that everything here happens on.
    var eventLoop: any EventLoop { get }
    /// The client's address; nil when the socket is gone already.
    var remoteAddress: SocketAddress? { get }
    /// The client came through TLS.
    var isSecure: Bool { get }
    /// False: enough waits for the client to take it; go on when the delegate hears `exchangeBecameWritable`.
    var isWritable: Bool { get }
    /// Who hears about body bytes, writability and the client's leaving. Held strongly until the exchange has ended. Set
    /// it before `respond(to:on:)` returns when the answer comes later.
    var delegate: (any ServerExchangeDelegate)? { get set }

    /// The whole answer at once: the hot path.
    ///
    /// - Parameters:
    ///   - head: status line and fields, each with its CRLF, without the empty line, `Connection` and
    ///     `Transfer-Encoding`. The exchange adds `Date` and `Content-Length` only where head lacks them.
    ///   - extra: field lines of this request alone, in the same form. May hold neither `Date` nor `Content-Length`.
    ///   - body: small pieces are copied behind the head, larger ones written as they are, as fast as the client takes
    ///     them.
    ///   - sendBody: false for HEAD and 304. An answer to HEAD, a 204 and a 304 never get a body, whatever stands here.
    func respond(head: ByteBuffer, extra: ByteBuffer, body: [ByteBuffer], sendBody: Bool)

    /// Sends an interim answer (RFC 9110 15.2), such as 103 (Early Hints). Ignored where there must be none: after the
    /// final head, to HTTP/1.0, for 100 (which ``readBody()`` sends when it is time) and 101, and beyond the hundredth.
    func sendInterim(_ head: ResponseHead)
    /// Begins a streamed answer. `Connection`, `Transfer-Encoding` and `Content-Length` are the exchange's own:
    /// those in `head` are left out (a Content-Length stays in an answer without a body when `bodyLength` is nil, as
    /// RFC 9110 8.6 allows for HEAD and 304). `Date` is added if it is missing.
    /// - Parameter bodyLength: nil sends the body in chunks, or to HTTP/1.0 until the connection closes.
    func sendHead(_ head: ResponseHead, bodyLength: UInt64?)
    /// The pre-serialised form of the same. `Content-Length` is added where `bodyLength` is given and head lacks it.
    func sendHead(head: ByteBuffer, extra: ByteBuffer, bodyLength: UInt64?)
    /// The next piece of the body. More bytes than `bodyLength` break the connection; pieces of an answer that has no
    /// body are dropped.
    func sendBody(_ buffer: ByteBuffer)
    /// The answer is complete. With fewer bytes than `bodyLength` the connection is broken, not ended cleanly.
    func finish()
    /// Breaks the answer so that the client notices: no last chunk, a reset. The delegate hears nothing.
    func abort()

    /// Asks for the request's body; until then it waits in the socket, and if the answer is finished first it is
    /// drained or the connection closes. Sends 100 Continue first when the client waits for it (RFC 9110 10.1.1). A
    /// request without a body gets its `exchangeReceivedBodyEnd` during this call.
    func readBody()
    /// Stops the request's body: the client is held back by the socket's window.
    func pauseReading()
    /// Goes on with it.
    func resumeReading()
}

/// What happens to an exchange from the client's side. Loop-confined, called on the exchange's loop.
public protocol ServerExchangeDelegate: AnyObject {
    /// Bytes of the request's body, in order.
    func exchangeReceivedBody(_ buffer: ByteBuffer)
    /// The request's body is complete. Heard only after `readBody`.
    func exchangeReceivedBodyEnd()
    /// `isWritable` has become true.
    func exchangeBecameWritable()
    /// The client has gone, sent a body that cannot be read, or was too slow. Heard exactly once, only before the
    /// answer is finished or aborted, and the last call: nothing may be called on the exchange after it.
    func exchangeClosed()
}
