/// Every bound of the control plane in one place. An immutable snapshot.
public struct ControlLimits: Sendable {
    /// The most bytes of a request's body that control reads.
    public var bodyBytes = 1 << 20
    /// The most scopes in one purge.
    public var scopesPerPurge = 10_000
    /// The most edge instances in the registry.
    public var edges = 1_000
    /// The most log streams open at once.
    public var streams = 2_048
    /// The most connections control accepts at once; later ones wait in the kernel's queue.
    public var connections = 4_096
    /// The most requests that wait for a purge's confirmations at once.
    public var waiters = 1_024
    /// The longest that one request may wait for confirmations, in seconds; a client that needs longer asks again.
    public var waitSeconds = 30.0
    /// Entries that one read of the store returns.
    public var pageEntries = 500
    /// Entries kept in memory for the log's followers.
    public var tailEntries = 1_024
    /// Bytes of entries kept in memory for the log's followers.
    public var tailBytes = 8 << 20
    /// Purges whose confirmations are kept in memory; older ones are read from the store.
    public var recentPurges = 4_096
    /// Receipts that wait to be written; beyond it the oldest are dropped and counted.
    public var pendingReceipts = 100_000
    /// Seconds between two heartbeats on the log stream.
    public var heartbeatSeconds = 1.0
    /// Seconds without any progress after which a stalled log stream is closed.
    public var stallSeconds: Int64 = 15
    /// Seconds after which an idle connection is closed.
    public var idleSeconds: Int64 = 75
    /// Seconds that a shutdown waits for requests under way.
    public var shutdownSeconds = 2.0

    /// The defaults.
    public init() {}
}

/// Bounds on what is written in purges and registrations. A namespace.
public enum ControlFieldLimits {
    /// Bytes of a purge URL.
    public static let urlBytes = 8 << 10
    /// Bytes of a tag.
    public static let tagBytes = 256
    /// Bytes of an edge's id and of its instance's id.
    public static let idBytes = 64
    /// Addresses that an edge may name.
    public static let addresses = 16
    /// Bytes of one address or version text.
    public static let textBytes = 256
    /// Bytes of an idempotency key.
    public static let idempotencyKeyBytes = 128
    /// Bytes of one line of the log stream, as an edge accepts it: the largest purge after JSON's escapes.
    public static let lineBytes = 8 << 20
    /// Entries that an edge applies in one go.
    public static let batchEntries = 512
}
