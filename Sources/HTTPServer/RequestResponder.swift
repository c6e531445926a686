public import HTTPWire

/// Answers requests. Loop-confined: one per event loop, made by the factory given to ``HTTPServer`` on that loop.
public protocol RequestResponder: AnyObject {
    /// A request's head has come. Answer it on `exchange` now, or set the exchange's delegate and answer it later.
    ///
    /// `head` is the connection's own and is reused after the call: copy what is kept.
    func respond(to head: borrowing RequestHead, on exchange: any ServerExchange)

    /// A connection of this loop has been accepted, or, false, is gone: for who keeps account of what connections take.
    func connectionChanged(isOpen: Bool)
}

extension RequestResponder {
    /// Does nothing.
    public func connectionChanged(isOpen: Bool) {}
}
