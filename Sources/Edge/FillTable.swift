import CacheStore
import NIOConcurrencyHelpers

/// The fills under way that others may join, by key and variant. Shard locks, held for a dictionary operation.
final class FillTable: Sendable {
    private struct Name: Hashable {
        let hash: KeyHash
        let variant: [UInt8]
    }

    private let shards: [NIOLockedValueBox<[Name: Fill]>]

    init(shardCount: Int = 64) {
        shards = (0..<shardCount).map { _ in NIOLockedValueBox([:]) }
    }

    enum Admission {
        /// Wait for this one.
        case joined(Fill)
        /// This one is the caller's to start; with `after`, not before that one has an answer.
        case created(Fill, after: Fill?)
    }

    /// Rule N1: joins the fill under way unless a purge that covers the key is newer than it; otherwise a new fill takes
    /// its place, and the old one goes on for those it already has.
    ///
    /// - Parameter knowsPurges: the edge has its lease. Without it, a purge that this edge has not heard of may be older
    ///   than the request and newer than a fill's question to the origin: only a fill that has not asked yet is joined,
    ///   and the next one asks when the one under way has its answer. So the origin still gets one request at a time.
    func joinOrCreate(
        _ key: CacheKey,
        variant: [UInt8] = [],
        epochs: PurgeEpochs,
        knowsPurges: Bool,
        reader: Transaction,
        make: () -> Fill
    ) -> Admission {
        let name = Name(hash: key.hash, variant: variant)
        return shard(key.hash).withLockedValue { fills in
            var predecessor: Fill?
            // Its tags are unknown while it is under way, so that a purge of any tag counts.
            if let current = fills[name], current.key == key, epochs.mayJoin(current.mark, key: key, tags: nil) {
                if current.join(reader, onlyBeforeAsking: !knowsPurges) { return .joined(current) }
                if !knowsPurges { predecessor = current }
            }
            let fill = make()
            _ = fill.join(reader)
            fills[name] = fill
            return .created(fill, after: predecessor)
        }
    }

    /// A fill that nobody waits for yet; nil: there is one under way already, which will do.
    func create(_ key: CacheKey, variant: [UInt8], epochs: PurgeEpochs, make: () -> Fill) -> Fill? {
        let name = Name(hash: key.hash, variant: variant)
        return shard(key.hash).withLockedValue { fills in
            if let current = fills[name], current.key == key, epochs.mayJoin(current.mark, key: key, tags: nil) {
                return nil
            }
            let fill = make()
            fills[name] = fill
            return fill
        }
    }

    /// From here on nobody joins it. A newer fill that has taken its place stays.
    func remove(_ fill: Fill) {
        let name = Name(hash: fill.key.hash, variant: fill.variant)
        shard(fill.key.hash).withLockedValue { fills in
            if fills[name] === fill { fills[name] = nil }
        }
    }

    private func shard(_ hash: KeyHash) -> NIOLockedValueBox<[Name: Fill]> {
        shards[Int(truncatingIfNeeded: hash.value % UInt128(shards.count))]
    }
}
