import Logging

/// The disks of a store, and which of them has a key. An immutable snapshot; each disk has a lock of its own.
final class DiskSet: Sendable {
    let tiers: [DiskTier]
    /// The one key of the hashes in all folders.
    let hasher: SipHash
    private let placement: DiskPlacement
    private let epochs: PurgeEpochs

    /// Opens every folder and finds out what is in it. Blocks while it does.
    init(
        _ configurations: [DiskConfiguration],
        memory: MemoryTier,
        epochs: PurgeEpochs,
        io: any DiskIO,
        logger: Logger
    ) throws(CacheStoreError) {
        var folders: [DiskFolder] = []
        for configuration in configurations {
            folders.append(
                try DiskFolder(path: configuration.path, io: io, logger: logger, key: folders.first?.hasher)
            )
        }
        self.epochs = epochs
        hasher = folders.first?.hasher ?? .random()
        placement = DiskPlacement(
            zip(configurations, folders).map { configuration, folder in
                let path = Array(folder.path.utf8)
                let identity = UInt64(truncatingIfNeeded: SipHash(k0: 0, k1: 0).hash(path.span))
                return DiskPlacement.Member(identity: identity, weight: Double(configuration.bytes))
            }
        )
        var tiers: [DiskTier] = []
        for (configuration, folder) in zip(configurations, folders) {
            tiers.append(try DiskTier(configuration, memory: memory, epochs: epochs, folder: folder))
        }
        self.tiers = tiers
        epochs.setListener { [tiers] in tiers.forEach { $0.wake() } }
    }

    /// The disk that has, or would have, what is stored under the hash; nil: none. Allocates nothing.
    func disk(_ hash: UInt128) -> DiskTier? {
        tiers.count > 1 ? tiers[placement.home(hash)] : tiers.first
    }

    /// The highest generation found on any disk at start.
    var highestGeneration: UInt64 { tiers.map(\.highestGeneration).max() ?? 0 }

    var statistics: [DiskStatistics] { tiers.map(\.statistics) }

    /// Writes what is queued on every disk, all at the same time.
    func flush() async {
        await withTaskGroup(of: Void.self) { group in
            for tier in tiers { group.addTask { await tier.flush() } }
        }
    }

    /// Flushes, unless `abruptly`, stops the threads and gives the folders free.
    func close(abruptly: Bool = false) async {
        await withTaskGroup(of: Void.self) { group in
            for tier in tiers { group.addTask { await tier.close(abruptly: abruptly) } }
        }
        epochs.setListener(nil)
    }
}
