/// Every bound of the store that is not a setting, in one place. A value with no state.
enum StoreLimits {
    // Memory tier.

    /// One object takes at most this share (1/8) of a tier.
    static let objectShare = 8
    /// Memory counts as full for admission while less than this share (1/16) of it is free.
    static let admissionSlack = 16
    /// Bodies that are held by connections alone may take this share (1/4) of the budget from the tier.
    static let pinnedShare = 4
    /// They may take this much of a small budget, up to half of it.
    static let smallestPinned = 4 << 20
    /// While they take more, answers longer than this are not stored.
    static let smallBody = 64 << 10
    /// Connections, and what is made or passes for them alone, take at most this share (1/4) of the budget from the tier,
    /// however many there are.
    static let connectionShare = 4
    /// Shards of the memory tier: powers of two, the most well above the number of event loops.
    static let shards = 4...64
    /// Bytes of the budget for each shard at least: where a shard holds a handful of objects, its policy has no choice.
    static let shardBytes = 2 << 20
    /// A body piece in memory, in bytes: a unit of ``PiecePool``, and the bytes under one checksum on disk.
    static let pieceBytes = 64 << 10
    /// A block of an object in blocks, and the most that is read at once of a body that stays on disk.
    static let largeBlockBytes = 1 << 20
    /// Stored variants of one key (RFC 9111, section 4.1); the oldest goes.
    static let variantsPerResource = 16
    /// Bytes of the entity tag in a block's key.
    static let blockTagBytes = 1024
    /// Bytes of one stored head, serialised.
    static let headBytes = 256 << 10

    // Purge epochs.

    /// Scopes remembered one by one; when reached, the older half is merged into coarser scopes.
    static let purgeScopes = 131_072
    /// Different lengths of purged prefixes; a further one is cut to the next shorter known length.
    static let prefixLengths = 64
    /// Bytes of one scope's path, query or tag that are told apart.
    static let scopeBytes = 32 << 10

    // Disk tier; what a replay needs too is in CachePolicy's DiskRules.

    /// Body bytes under one checksum.
    static let blockBytes = 64 << 10
    /// Smallest disk tier that makes sense: four of the smallest segments.
    static let smallestDisk = 16 << 20
    /// The share of a day's writes (1/24) that may be spent at once.
    static let writeBurstShare = 24
    /// Bodies too large for memory that are written at the same time.
    static let diskFills = 64
    /// The share of a disk (1/4) that they take together.
    static let diskFillsShare = 4
    /// Records that wait to be written, besides the bound on their bytes.
    static let queueJobs = 16_384
    /// What a newer head in a record of its own counts with among a segment's live bytes.
    static let headRecordEstimate = 1024
    /// A sealed segment with less than this share (1/4) of live bytes is compacted before one with more is given up.
    static let compactBelowShare = 4
    /// Milliseconds after the start until the scrubber begins, and from one pass' beginning to the next one's at least.
    static let scrubDelayMilliseconds = 60_000
    static let scrubPassMilliseconds = 3_600_000
    /// Bytes of all forms of a key that an event loop reads from the page cache at once: about 50 microseconds.
    static let readNowBytes = 256 << 10
    /// Bytes of memory for which one read from the page cache is remembered.
    static let typicalObject = 16 << 10
    /// Most reads from the page cache that are remembered.
    static let recentReads = 1 << 20
    /// What answers from the page cache hold may exceed the budget by this share (1/64) of it, before room is made.
    static let transientShare = 64
    /// Threads that read from one disk.
    static let readThreads = 4
    /// Reads that wait for one of those threads, or have it; more are misses.
    static let readsUnderWay = 1024
    /// Milliseconds between a change of the purge state and its writing.
    static let persistDelayMilliseconds = 200
    /// So many times what the last writing took, if that is more: many scopes make it a large file.
    static let persistDelayFactor: Int64 = 20
    /// Milliseconds between an invalidation and the syncing of its tombstones.
    static let tombstoneDelayMilliseconds = 100
    /// A checkpoint is taken when this much was written since the last one, or this share (1/16) of the disk if that is
    /// less; but not before so many times the index's own size was.
    static let checkpointTailBytes = 64 << 20
    static let checkpointTailShare = 16
    static let checkpointTailFactor = 4
    /// Seconds after which one is taken when anything has changed; so many times that as the index has 64 MiB.
    static let checkpointSeconds = 60
    /// Milliseconds between two looks whether one is due.
    static let checkpointPollMilliseconds = 1000
    /// Milliseconds after a refused checkpoint or sync.
    static let checkpointRetryMilliseconds = 5000
    /// Seconds without writes after a disk has refused one.
    static let diskPauseSeconds = 30
    /// Failed reads within ``readFailureSeconds`` after which a disk is left out.
    static let readFailures = 10
    /// Seconds in which those are counted.
    static let readFailureSeconds: Int64 = 60
    /// Earlier sessions that a disk remembers.
    static let sessionsRemembered = 64
    /// Milliseconds after which the session's file is written again where that has failed.
    static let sessionRetryMilliseconds = 5000
    /// Longest key in a record, in bytes.
    static let keyBytes = 64 << 10
}
