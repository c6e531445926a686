public import NIOCore

/// How long each part of an exchange may take. A value. They are checked about ten times a second.
public struct ClientDeadlines: Sendable, Equatable {
    /// From the call until a connection is there: waiting for a free one, name look-up, connect, TLS handshake.
    public var connect: TimeAmount
    /// From the last byte of the request until the head of the response.
    public var head: TimeAmount
    /// Between two pieces of the response's body, or of the request's. A reader's own pause does not count.
    public var bodyIdle: TimeAmount
    /// From the call until the end, retry included; nil: no limit.
    public var total: TimeAmount?

    /// The usual limits.
    public init(
        connect: TimeAmount = .seconds(5),
        head: TimeAmount = .seconds(30),
        bodyIdle: TimeAmount = .seconds(30),
        total: TimeAmount? = nil
    ) {
        self.connect = connect
        self.head = head
        self.bodyIdle = bodyIdle
        self.total = total
    }
}
