/// The log's identity and length. A value.
public struct LogState: Sendable, Equatable {
    /// A UUID made with the log.
    public var identity: String
    /// The last number; 0 when there is none.
    public var last: UInt64
    /// Whether a control process has watched this log for long enough to know every lease
    /// (``ControlStore/markWatched()``).
    public var isWatched: Bool

    /// A state as given.
    public init(identity: String, last: UInt64, isWatched: Bool) {
        self.identity = identity
        self.last = last
        self.isWatched = isWatched
    }
}

/// The last number that an instance has confirmed, for the registry. A value.
public struct AppliedNumber: Sendable, Equatable {
    /// The instance.
    public var instance: String
    /// The number.
    public var number: UInt64
    /// When, in milliseconds since 1970.
    public var seenAt: Int64

    /// A number as given.
    public init(instance: String, number: UInt64, seenAt: Int64) {
        self.instance = instance
        self.number = number
        self.seenAt = seenAt
    }
}

/// Where control keeps its log, its registry and its receipts. Implementations are shared between tasks.
///
/// What a returned call has written survives a loss of power. A number is given once: numbers have no gaps and an entry
/// never changes.
public protocol ControlStore: Sendable {
    /// The log's identity and last number. Makes the log on the first call ever.
    func logState() async throws(ControlStoreError) -> LogState
    /// Notes that every lease of an earlier log, deleted or lost, has ended since this one was made.
    func markWatched() async throws(ControlStoreError)
    /// Appends a purge. The same idempotency key gives the entry of the first time; with other scopes it is an error
    /// (``ControlStoreError/Kind/keyReused``).
    func append(_ purge: NewPurge) async throws(ControlStoreError) -> PurgeEntry
    /// The entries above `number`, in order, at most `limit`.
    func entries(after number: UInt64, limit: Int) async throws(ControlStoreError) -> [PurgeEntry]
    /// The last `limit` entries, newest first.
    func newestEntries(limit: Int) async throws(ControlStoreError) -> [PurgeEntry]
    /// The registry, superseded and removed instances included.
    func edges() async throws(ControlStoreError) -> [EdgeRecord]
    /// Writes and deletes instances, all or none.
    func updateEdges(save: [EdgeRecord], delete: [String]) async throws(ControlStoreError)
    /// Writes receipts (the first one of an instance for a number stays) and confirmed numbers (unknown instances are
    /// passed over), all or none.
    func record(_ receipts: [PurgeReceipt], applied: [AppliedNumber]) async throws(ControlStoreError)
    /// The receipts of a purge.
    func receipts(of number: UInt64) async throws(ControlStoreError) -> [PurgeReceipt]
    /// Ends the use of the store; later calls fail.
    func close() async
}

/// Why the store could not do something. A value.
public struct ControlStoreError: Error, Sendable, CustomStringConvertible {
    /// The kinds.
    public enum Kind: Sendable, Equatable {
        /// The store cannot be opened: a path, a permission, another process that uses it.
        case unusable
        /// An idempotency key came with two different purges.
        case keyReused
        /// Reading or writing failed.
        case failed
    }

    /// What kind of error.
    public let kind: Kind
    /// One sentence: what was wanted, what was found, where.
    public let description: String

    /// An error as given.
    public init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
