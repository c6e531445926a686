import Logging

/// The disks of a store, and which of them has a key. An immutable snapshot; each disk has a lock of its own.
final class DiskSet: Sendable {
    /// Those that are in use, in the order of the configuration.
    let tiers: [DiskTier]
    /// The one key of the hashes in all folders.
    let hasher: SipHash
    /// Disks that could not be opened at the start.
    let lost: [DiskStatistics]
    private let placement: DiskPlacement
    private let epochs: PurgeEpochs
    private let sessions: DiskSessions
    /// The place of each of the configured disks: among ``tiers``, or nil.
    private let order: [String]

    /// Opens every folder, finds out what is in it, and starts the threads. Blocks while it does. A disk that cannot be
    /// used is left out; a folder that another process uses, and a size that is too small, are mistakes to be mended.
    init(
        _ configurations: [DiskConfiguration],
        memory: MemoryTier,
        epochs: PurgeEpochs,
        io: any DiskIO,
        logger: Logger
    ) throws(CacheStoreError) {
        let opening = try DiskSetOpening(configurations, memory: memory, epochs: epochs, io: io, logger: logger)
        hasher = opening.hasher
        tiers = opening.tiers
        lost = opening.lost
        placement = opening.placement
        sessions = opening.sessions
        order = configurations.map { DiskFolder.plain($0.path) }
        self.epochs = epochs
        epochs.setListener { [tiers] in tiers.forEach { $0.wake() } }
        let writings = tiers.map { [sessions] tier in
            tier.start()
            return (tier.maintenance, tier.maintenance.add(after: nil) { sessions.writeIfDue(tier) })
        }
        for tier in tiers {
            tier.setFailureListener { [sessions] hasFailed in
                guard sessions.setOut(tier.identity, { hasFailed || !tier.isInUse }) else { return }
                for (maintenance, task) in writings { maintenance.wake(task) }
            }
        }
    }

    /// The disk that has, or would have, what is stored under the hash; nil: none. Allocates nothing.
    func disk(_ hash: UInt128) -> DiskTier? {
        guard !tiers.isEmpty else { return nil }
        let tier = tiers[placement.home(hash)]
        return tier.isInUse ? tier : nil
    }

    /// The highest generation found on any disk at start.
    var highestGeneration: UInt64 { tiers.map(\.highestGeneration).max() ?? 0 }

    /// In the order of the configuration.
    var statistics: [DiskStatistics] {
        let all = tiers.map(\.statistics) + lost
        return order.compactMap { path in all.first { $0.path == path } }
    }

    /// Writes what is queued on every disk, all at the same time.
    func flush() async {
        await withTaskGroup(of: Void.self) { group in
            for tier in tiers { group.addTask { await tier.flush() } }
        }
    }

    /// Flushes, unless `abruptly`, stops the threads and gives the folders free.
    func close(abruptly: Bool = false) async {
        await withTaskGroup(of: Void.self) { group in
            for tier in tiers {
                group.addTask { await tier.stop(abruptly: abruptly) }
            }
        }
        // What failed last belongs into the sessions of all of them.
        for tier in tiers {
            tier.setFailureListener(nil)
            if !abruptly { _ = sessions.writeIfDue(tier) }
            tier.folder.unlock()
        }
        epochs.setListener(nil)
    }
}
