import CacheStore
import NIOConcurrencyHelpers

/// The blocks on their way, by key. Shard locks, held for a dictionary operation.
///
/// A request joins one that is under way by rule N1, unless a purge that covers the block is newer than the question to
/// the origin. A lease does not matter here: what may have been purged unheard of is the object, whose head is then
/// confirmed before its blocks are read, and a strong tag that the origin has confirmed names the same bytes.
final class BlockTable: Sendable {
    private let shards: [NIOLockedValueBox<[KeyHash: BlockFill]>]

    init(shardCount: Int = 64) {
        shards = (0..<shardCount).map { _ in NIOLockedValueBox([:]) }
    }

    enum Admission {
        case joined(BlockFill)
        /// The caller's, to be fetched.
        case created(BlockFill)
    }

    func joinOrCreate(_ key: CacheKey, tags: [String], epochs: PurgeEpochs, make: () -> BlockFill) -> Admission {
        shard(key.hash).withLockedValue { fills in
            if let current = Self.current(fills, key, tags, epochs) { return .joined(current) }
            let fill = make()
            fills[key.hash] = fill
            return .created(fill)
        }
    }

    /// Whether a request that begins now would join a block under way.
    func contains(_ key: CacheKey, tags: [String], epochs: PurgeEpochs) -> Bool {
        shard(key.hash).withLockedValue { Self.current($0, key, tags, epochs) != nil }
    }

    /// From here on nobody joins it. A newer one that has taken its place stays.
    func remove(_ fill: BlockFill) {
        shard(fill.key.hash).withLockedValue { fills in
            if fills[fill.key.hash] === fill { fills[fill.key.hash] = nil }
        }
    }

    private static func current(
        _ fills: [KeyHash: BlockFill],
        _ key: CacheKey,
        _ tags: [String],
        _ epochs: PurgeEpochs
    ) -> BlockFill? {
        guard let current = fills[key.hash], current.key == key,
            epochs.mayJoin(current.run.mark, key: key, tags: tags)
        else { return nil }
        return current
    }

    private func shard(_ hash: KeyHash) -> NIOLockedValueBox<[KeyHash: BlockFill]> {
        shards[Int(truncatingIfNeeded: hash.value % UInt128(shards.count))]
    }
}
