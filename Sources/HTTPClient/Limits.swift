public import NIOCore

/// The client's bounds, all in one place. A value. Connections are counted per event loop and endpoint.
public struct ClientLimits: Sendable {
    /// Connections open or being opened at a time.
    public var connections = 64
    /// Requests that wait while all connections are in use; one more fails with `queueFull`.
    public var waiters = 1024
    /// Idle connections that are kept.
    public var idleConnections = 16
    /// How long an idle connection is kept: shorter than most servers do (S3 about 20 s, nginx and ours 75 s), so that
    /// it is mostly we who close. A server's own close is seen at once; only one that crosses a request costs a retry.
    public var idleTime = TimeAmount.seconds(15)
    /// How long one may have been idle to be used for a request that cannot be repeated: shorter than any server's time.
    public var idleTimeUnrepeatable = TimeAmount.seconds(1)
    /// Bytes of a response's head.
    public var headBytes = 64 * 1024
    /// Field lines of a response's head.
    public var headFields = 256
    /// Interim responses before the real one.
    public var interimResponses = 100
    /// The longest piece of a body that is handed on at once. What a reader holds keeps all of its read alive.
    public static let bodyPiece = 256 * 1024
    /// The pieces in which a `bytes` body is written.
    static let uploadPiece = 256 * 1024
    /// Pieces (of at most a read, 64 KiB) that `send` buffers before it holds the server back, and when it goes on.
    static let bufferedPieces = (low: 4, high: 12)

    /// The usual bounds.
    public init() {}
}
