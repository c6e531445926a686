public import NIOCore

/// Every bound of a server. A value; copied by each event loop when the server starts.
///
/// Each limit has a counter in ``ServerCounters`` or a status that a client sees (400, 408, 431, 503), so an operator
/// can tell which one was met.
public struct ServerLimits: Sendable {
    /// Bytes of a request's head, from the first byte to the empty line. Above it: 431.
    public var headBytes = 32 * 1024
    /// Field lines of a head. Above it: 431.
    public var headFields = 100
    /// From the first byte of a head to its last; also for a TLS handshake. Then 408.
    public var headTimeout = TimeAmount.seconds(10)
    /// A connection without a request, new or kept alive, is closed after this.
    public var idleTimeout = TimeAmount.seconds(75)
    /// Without a byte of a request body that is being read. Then 408. Draining an unread body may take as long in all.
    public var bodyTimeout = TimeAmount.seconds(30)
    /// Without the client taking a byte of an answer that it makes wait.
    public var writeTimeout = TimeAmount.seconds(60)
    /// A connection that was closed after an error goes on reading, so that the client can read the answer, until
    /// nothing has come for this time; eight times as long in all.
    public var lingerTimeout = TimeAmount.seconds(2)
    /// Bytes of an unread request body that are read and dropped to keep a connection alive; above it, it is closed.
    public var drainBytes = 64 * 1024
    /// Bytes read and dropped while lingering.
    public var lingerBytes = 4 * 1024 * 1024
    /// Open connections of the server. While there are more, none are accepted and idle ones are closed; the few that
    /// one look at a listening socket brings in may go beyond it.
    public var connections = 16_384
    /// Requests of one connection; the last is answered with `Connection: close`.
    public var requestsPerConnection = 100_000
    /// Bytes that wait in a connection's input buffer before it stops reading from its socket.
    public var inputBytes = 64 * 1024

    /// The defaults.
    public init() {}
}

/// Bounds inside the server that no operator needs to change. A namespace.
enum Tuning {
    /// Body pieces of an answer given whole are copied behind its head up to this size, so that they leave in one write.
    static let copyWholeBody = 16 * 1024
    /// Streamed body pieces up to this size are copied; larger ones are written as they are.
    static let copyStreamedPiece = 2 * 1024
    /// Gathered answers are handed to the socket when there are this many bytes of them.
    static let gatherBytes = 64 * 1024
    /// What a fresh outbound buffer has room for.
    static let outboundCapacity = 4 * 1024
    /// An outbound buffer that has grown above this is not kept for the next connection.
    static let outboundKept = 256 * 1024
    /// The longest pause between two ticks of a loop's wheel.
    static let slowestTick = TimeAmount.milliseconds(100)
    /// The shortest.
    static let fastestTick = TimeAmount.milliseconds(5)
    /// Interim heads of one answer that are passed on.
    static let interimHeads = 100
    /// How often a full server looks for an idle connection to close.
    static let makeRoomAgain = TimeAmount.milliseconds(100)
    /// How long accepting rests when there are no file descriptors left.
    static let acceptPause = TimeAmount.milliseconds(200)
    /// Lingering takes at most this many times `lingerTimeout`.
    static let lingerTimes: UInt64 = 8
    /// How long a connection that has not sent a request yet may still send one when the server shuts down.
    static let freshConnectionGrace = TimeAmount.seconds(1)
    /// Body bytes an async handler's request body keeps before it stops reading from the client.
    static let asyncBodyHigh = 256 * 1024
    /// It reads on when no more than these wait.
    static let asyncBodyLow = 64 * 1024
}
