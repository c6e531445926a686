public import HTTPWire
public import NIOCore

/// A request under way, in the hands of who started it. Loop-confined.
public protocol ClientExchange: AnyObject {
    /// Ends the exchange; its connection is closed. The delegate hears `clientFailed` with kind `cancelled`, after this
    /// call has returned and unless it has heard the end already.
    func cancel()
    /// Stops the delivery of head and body until ``resumeReading()``; the server is held back by TCP.
    func pauseReading()
    /// Takes ``pauseReading()`` back. What is there already is delivered after this call has returned.
    func resumeReading()
    /// Did it go out on a connection that had served another exchange?
    var connectionWasReused: Bool { get }
    /// Is there a connection that takes more of a `pushed` body now? If not, `clientMayWrite` tells when.
    var isWritable: Bool { get }
    /// Sends a piece of a `pushed` body. It is queued however much waits already: ask ``isWritable`` first.
    func writeBody(_ buffer: ByteBuffer)
    /// Ends a `pushed` body.
    func finishBody()
}

/// Hears about one exchange, on its event loop, never before `execute` has returned. Loop-confined.
///
/// Order: any number of informational heads, one head, body pieces, end; `clientFailed` may take the place of whatever
/// is still to come. Exactly one of end and failure is heard, and nothing after it. The client keeps the delegate alive
/// until then.
public protocol ClientResponseDelegate: AnyObject {
    /// An interim response (RFC 9110, section 15.2). Ignored by default.
    func clientReceivedInformational(_ head: ResponseHead)
    /// The response's head. `framing` says how long its body is going to be.
    func clientReceivedHead(_ head: ResponseHead)
    /// A piece of the body, chunked coding removed. It shares memory with what was read beside it.
    func clientReceivedBody(_ buffer: ByteBuffer)
    /// The response is complete.
    func clientReceivedEnd()
    /// The exchange failed; what was received so far is not the whole.
    func clientFailed(_ error: ClientError)
    /// The connection takes (more of) a `pushed` body. Ignored by default.
    func clientMayWrite()
}

extension ClientResponseDelegate {
    /// Ignores it.
    public func clientReceivedInformational(_ head: ResponseHead) {}
    /// Ignores it.
    public func clientMayWrite() {}
}
