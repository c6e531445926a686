public import CachePolicy

/// What a store is given to work with. A value.
public struct CacheStoreConfiguration: Sendable {
    /// The one budget for everything the store keeps in memory, in bytes.
    public var memoryBytes: Int
    /// What memory keeps when it is full.
    public var policy: EvictionPolicy
    /// The disk tier; nil: memory only.
    public var disk: DiskConfiguration?

    /// A store with this much memory, and a disk tier or none.
    public init(memoryBytes: Int, policy: EvictionPolicy = .lru, disk: DiskConfiguration? = nil) {
        self.memoryBytes = memoryBytes
        self.policy = policy
        self.disk = disk
    }
}

/// A disk tier's folder and size. A value.
public struct DiskConfiguration: Sendable {
    /// The folder; made if missing, with mode 0700. One process may use it at a time.
    public var path: String
    /// The most that the segment files may take together, in bytes.
    public var bytes: Int
    /// Bodies below this many bytes are written at once, others when they are asked for the second time.
    public var admitAtOnceBelow: Int
    /// Bytes that may be written in a day (24 h, with bursts of an hour's share); what would be beyond is not admitted.
    /// nil: no bound.
    public var writesPerDay: Int?
    /// Bytes a second that the scrubber verifies; 0: it does not run.
    public var scrubBytesPerSecond: Int

    /// A folder that may take `bytes`.
    public init(
        path: String,
        bytes: Int,
        admitAtOnceBelow: Int = 64 << 10,
        writesPerDay: Int? = nil,
        scrubBytesPerSecond: Int = 8 << 20
    ) {
        self.path = path
        self.bytes = bytes
        self.admitAtOnceBelow = admitAtOnceBelow
        self.writesPerDay = writesPerDay
        self.scrubBytesPerSecond = scrubBytesPerSecond
    }
}
