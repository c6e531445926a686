public import CachePolicy

/// What a store is given to work with. A value.
public struct CacheStoreConfiguration: Sendable {
    /// The one budget for everything the store keeps in memory, in bytes.
    public var memoryBytes: Int
    /// What memory keeps when it is full.
    public var policy: EvictionPolicy
    /// The disk tiers; none: memory only. Each key belongs to one of them.
    public var disks: [DiskConfiguration]

    /// A store with this much memory, and disks or none.
    public init(memoryBytes: Int, policy: EvictionPolicy = .lru, disks: [DiskConfiguration]) {
        self.memoryBytes = memoryBytes
        self.policy = policy
        self.disks = disks
    }

    /// A store with this much memory, and one disk or none.
    public init(memoryBytes: Int, policy: EvictionPolicy = .lru, disk: DiskConfiguration? = nil) {
        self.init(memoryBytes: memoryBytes, policy: policy, disks: disk.map { [$0] } ?? [])
    }
}
