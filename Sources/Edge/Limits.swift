/// Every bound of the edge in one place. Bytes and counts.
enum Limits {
    /// Requests that may wait for one fill.
    static let fillReaders = 100_000
    /// Fills under way at once; above it, requests are refused with 503.
    static let fills = 10_000
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
    /// Seconds beyond its lifetime for which a response is served at the least while its origin cannot be reached.
    static let disconnectedStale: Int64 = 86_400
    /// Seconds for which no second revalidation is tried after one that failed, while a stale answer may be given.
    static let failedRevalidationPeriod: Int64 = 1
    /// Ranges of one request that are honoured; a Range field with more is ignored.
    static let ranges = 16
    /// Parameters of a query that are sorted by insertion, without memory of their own.
    static let queryInsertionSort = 24
}
