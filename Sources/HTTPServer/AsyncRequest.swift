public import HTTPWire
public import NIOCore

/// A request as an ``AsyncRequestHandler`` gets it. A value, except that its body can be read once.
public struct AsyncRequest: Sendable {
    /// Method, target and fields; a copy of the connection's.
    public let head: RequestHead
    /// The body, read from the client as it is asked for.
    public let body: RequestBody
    /// The client's address.
    public let remoteAddress: SocketAddress?
    /// The client came through TLS.
    public let isSecure: Bool
}
