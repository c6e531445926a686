import NIOCore

/// Every bound of the edge in one place. Bytes and counts.
enum Limits {
    /// What a connection counts with in the memory budget, whatever it is doing.
    static let connectionBytes = 16 << 10
    /// Pieces of a body in memory that a connection is given at once, 1 MiB of them; of longer ones it gets each when it has
    /// sent the one before.
    static let piecesAtOnce = 16
    /// Requests that may wait for one fill.
    static let fillReaders = 100_000
    /// Fills under way at once; above it, requests are refused with 503.
    static let fills = 10_000
    /// A fill that nobody waits for any more is finished when fewer bytes than these are missing.
    static let abandonedBytes: UInt64 = 1 << 20
    /// A reader of a window that has taken nothing for that long is dropped, if there are others: they wait for it.
    static let windowStall = TimeAmount.seconds(30)
    /// Bytes of an unstored body that may lie between the origin and the slowest reader.
    static let passWindow = 1 << 20
    /// A request waits for its compressed form up to this length; above it gets identity while the form is made.
    static let formWaitBytes: UInt64 = 1 << 20
    /// The longest body that is compressed at all.
    static let formBytes: UInt64 = 8 << 20
    /// Compressions waiting for a thread; above it, identity is served.
    static let formQueue = 1_000
    /// Bytes of the bodies of these, at least ``formBytes``.
    static let formQueueBytes: UInt64 = 32 << 20
    /// Keys remembered as not shareable or as not revalidated, per generation.
    static let recentKeys = 16_384
    /// Seconds for which a key is remembered as not shareable.
    static let hitForMissPeriod: Int64 = 10
    /// Seconds for which a key is remembered as that of a body that is kept nowhere.
    static let unkeptPeriod: Int64 = 300
    /// Seconds beyond its lifetime for which a response is served at the least while its origin cannot be reached.
    static let disconnectedStale: Int64 = 86_400
    /// Seconds for which no second revalidation is tried after one that failed, while a stale answer may be given.
    static let failedRevalidationPeriod: Int64 = 1
    /// Ranges of one request that are honoured; a Range field with more is ignored.
    static let ranges = 16
    /// Parameters of a query that are sorted by insertion, without memory of their own.
    static let queryInsertionSort = 24
    /// Requests of one event loop whose bodies are on their way to one site's origin: half of its connections, so that slow
    /// uploads cannot take them all.
    static let uploads = 32
    /// How long a client that waits for 100 (Continue) is kept waiting for the origin's.
    static let continueWait = TimeAmount.seconds(1)

    // Objects in blocks.

    /// Blocks that a run offers before they come, so that those who want them wait for it, and the least that it may be
    /// ahead of its fastest reader.
    static let blocksAhead: UInt32 = 4
    /// Blocks of one origin request.
    static let blocksPerRun: UInt32 = 1024
    /// Blocks of one object.
    static let blocksPerObject = 262_144
    /// So many blocks have to fit where one object may be in memory.
    static let blockMemoryShare = 2
    /// Milliseconds in which those who waited for the head of a large object have to come for its blocks.
    static let blockRunGraceMilliseconds: Int64 = 1000
    /// Requests for one missing block, without a byte in between.
    static let blockTries = 2
    /// Seconds in which a request for an object that changes for the third time is not begun anew.
    static let changedObjectPeriod: Int64 = 2
}
