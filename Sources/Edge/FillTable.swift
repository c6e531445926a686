import CacheStore
import NIOConcurrencyHelpers

/// The fills under way that others may join, by key. Shard locks, held for a dictionary operation.
final class FillTable: Sendable {
    private let shards: [NIOLockedValueBox<[KeyHash: Fill]>]

    init(shardCount: Int = 64) {
        shards = (0..<shardCount).map { _ in NIOLockedValueBox([:]) }
    }

    enum Admission {
        /// Wait for this one.
        case joined(Fill)
        /// This one is the caller's to start.
        case created(Fill)
    }

    /// Rule N1: joins the fill under way unless a purge that covers the key is newer than it; otherwise a new fill takes
    /// its place, and the old one goes on for those it already has.
    func joinOrCreate(
        _ key: CacheKey,
        epochs: PurgeEpochs,
        reader: Transaction,
        make: () -> Fill
    ) -> Admission {
        shard(key.hash).withLockedValue { fills in
            // Its tags are unknown while it is under way, so that a purge of any tag counts.
            if let current = fills[key.hash], current.key == key, epochs.mayJoin(current.mark, key: key, tags: nil),
                current.join(reader)
            {
                return .joined(current)
            }
            let fill = make()
            _ = fill.join(reader)
            fills[key.hash] = fill
            return .created(fill)
        }
    }

    /// From here on nobody joins it. A newer fill that has taken its place stays.
    func remove(_ fill: Fill) {
        shard(fill.key.hash).withLockedValue { fills in
            if fills[fill.key.hash] === fill { fills[fill.key.hash] = nil }
        }
    }

    private func shard(_ hash: KeyHash) -> NIOLockedValueBox<[KeyHash: Fill]> {
        shards[Int(truncatingIfNeeded: hash.value % UInt128(shards.count))]
    }
}
