/// Why an exchange failed. A value: what kind it is, whether it may be repeated, and one sentence for a person.
public struct ClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong.
    public enum Kind: String, Sendable, CaseIterable {
        /// No connection: refused, unreachable, unknown host.
        case connectFailed
        /// No connection within `deadlines.connect`.
        case connectTimeout
        /// All connections are in use, and none became free within `deadlines.connect`.
        case queueTimeout
        /// All connections are in use, and as many requests as may wait are waiting.
        case queueFull
        /// The request was sent, and no head came within `deadlines.head`.
        case headTimeout
        /// No progress of a body within `deadlines.bodyIdle`.
        case bodyTimeout
        /// Not done within `deadlines.total`.
        case totalTimeout
        /// Handshake or certificate.
        case tls
        /// What came is not HTTP/1.1, or breaks its rules or this client's limits.
        case protocolError
        /// The connection ended before the response did.
        case closedEarly
        /// The request's own body source failed, or gave more or less than it had declared.
        case uploadFailed
        /// The caller cancelled.
        case cancelled
        /// The client was shut down.
        case shutDown
        /// The request cannot be sent as it is.
        case invalidRequest
        /// The body is longer than the caller wanted to hold.
        case bodyTooLarge
    }

    /// May the same request be sent again?
    public enum RetryRule: String, Sendable {
        /// Not without knowing what the server did with it.
        case never
        /// Nothing of it was sent.
        case always
        /// If it is idempotent: it went out on a connection that had been used before, and that ended without a byte
        /// in answer, as connections do that the server gave up at the same moment (RFC 9112, section 9.3.1).
        case reusedConnectionOnly
    }

    /// What went wrong.
    public let kind: Kind
    /// Whether it may be repeated.
    public let mayRetry: RetryRule
    /// One sentence, such as "connection refused by 127.0.0.1:9000".
    public let message: String

    /// An error value.
    public init(_ kind: Kind, mayRetry: RetryRule = .never, _ message: String) {
        self.kind = kind
        self.mayRetry = mayRetry
        self.message = message
    }

    /// The sentence.
    public var description: String { message }
}
