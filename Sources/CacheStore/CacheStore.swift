public import Logging
import Synchronization

/// The cache of one edge: memory tier, disks, purge epochs. Safe from every thread.
///
/// Which purge number goes where (the rules are in docs/architecture.md):
/// - ``insert(_:key:reserved:)`` stores the mark that the caller took before its origin request (N2);
/// - ``freshen(_:generation:head:mark:derivedHead:)`` stores the one taken before the revalidation (N3);
/// - ``attach(_:key:)`` gives a derived form its parent's (N4);
/// - promotion from disk and carry-over between segments keep the record's (N5).
public final class CacheStore: Sendable {
    /// The purges applied so far. Take ``PurgeEpochs/mark`` before an origin request is sent.
    public let epochs: PurgeEpochs
    let budget: MemoryBudget
    let memory: MemoryTier
    let disks: DiskSet
    let hasher: SipHash
    let logger: Logger
    private let generations: Atomic<UInt64>

    /// The smallest memory budget that works, in bytes.
    public static let smallestMemory = 1 << 20

    /// Opens the store. With disks: makes their folders, locks them and finds out what is on them. Blocks while it does.
    public convenience init(_ configuration: CacheStoreConfiguration, logger: Logger) throws(CacheStoreError) {
        try self.init(configuration, logger: logger, io: SystemDiskIO())
    }

    init(_ configuration: CacheStoreConfiguration, logger: Logger, io: any DiskIO) throws(CacheStoreError) {
        guard configuration.memoryBytes >= Self.smallestMemory else {
            throw .memoryTooSmall(bytes: configuration.memoryBytes, smallest: Self.smallestMemory)
        }
        self.logger = logger
        budget = MemoryBudget(limit: configuration.memoryBytes)
        epochs = PurgeEpochs(budget: budget)
        memory = MemoryTier(budget: budget, policy: configuration.policy)
        disks = try DiskSet(configuration.disks, memory: memory, epochs: epochs, io: io, logger: logger)
        hasher = disks.hasher
        generations = Atomic(disks.highestGeneration)
    }

    /// The disk that has, or would have, what is stored under the hash; nil: none. Allocates nothing.
    func disk(_ hash: KeyHash) -> DiskTier? { disks.disk(hash.value) }

    /// The store's keyed hash of a key's bytes. Allocates nothing.
    public func hash(_ key: Span<UInt8>) -> KeyHash {
        KeyHash(value: hasher.hash(key))
    }

    /// The key with these bytes (`site 0x00 path [? query]`); nil when there is no 0x00 in them.
    public func key(bytes: [UInt8]) -> CacheKey? {
        CacheKey(bytes: bytes, hash: hash(bytes.span))
    }

    /// The key of a site's path (normalised) and query (nil: not part of the key).
    public func key(site: String, path: String, query: String? = nil) -> CacheKey {
        let bytes = CacheKey.bytes(site: site, path: path.utf8, query: query?.utf8)
        return CacheKey(wellFormed: bytes, hash: hash(bytes.span))
    }

    /// The name of a new body; take it when its fill starts. Later ones are higher, also after a restart.
    public func nextGeneration() -> UInt64 {
        generations.wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// Room for a body of that many bytes, counted in the one budget; nil: there is none to be had, pass it through uncached.
    public func reserve(_ bytes: Int) -> Reservation? { memory.reserve(bytes) }

    /// The same for a body whose length nobody knows: it grows as the bytes come.
    public func reserve() -> Reservation? { memory.reserve(0, isWhole: false) }

    /// The most that one object may take in memory, in bytes, heads included.
    public var memoryObjectLimit: Int { memory.objectLimit }

    /// This moment's figures.
    public func statistics() -> CacheStatistics {
        var statistics = CacheStatistics()
        statistics.memoryObjects = memory.totals.count
        statistics.memoryUsedBytes = budget.used
        statistics.memoryLimitBytes = budget.limit
        statistics.memoryPinnedBytes = budget.pinned
        statistics.memoryEvictions = memory.evicted
        statistics.disks = disks.statistics
        return statistics
    }
}
