import CachePolicy
import Synchronization

/// Resources in memory: shards behind one byte budget. Safe from every thread; each shard has its lock.
///
/// Within a shard the order is exact LRU. Across shards room is made round robin: keys are spread by a keyed hash, so
/// every shard holds the same share, and taking the oldest of each in turn is LRU to within a shard's spread.
final class MemoryTier: Sendable {
    /// How a change of one key ended.
    enum Outcome: Sendable {
        /// Done. The resource that stands there now.
        case done(Resource)
        /// The change did not apply to what stood there (or nothing did).
        case unchanged
        /// It takes more than one object may.
        case tooLarge
        /// Fills in flight hold the whole budget.
        case noRoom
    }

    let budget: MemoryBudget
    /// The most that one resource may take, in bytes.
    let objectLimit: Int
    private let shards: [MemoryShard]
    private let cursor = Atomic<Int>(0)
    private let evictions = Atomic<Int>(0)

    init(budget: MemoryBudget, policy: EvictionPolicy = .lru, shards count: Int = StoreLimits.shards) {
        self.budget = budget
        objectLimit = budget.limit / StoreLimits.objectShare
        shards = (0..<count).map { _ in MemoryShard(policy: policy) }
        budget.adjust(by: shards.reduce(0) { $0 + $1.memoryBytes })
    }

    /// The number of resources thrown out to make room.
    var evicted: Int { evictions.load(ordering: .relaxed) }

    /// Entries and the sum of their costs.
    var totals: (count: Int, bytes: Int) {
        shards.reduce((0, 0)) {
            let shard = $1.totals
            return ($0.0 + shard.count, $0.1 + shard.bytes)
        }
    }

    /// The shard by the hash's high bits; the table inside it uses the low ones.
    func shard(_ hash: UInt128) -> MemoryShard {
        shards[Int(truncatingIfNeeded: hash >> 100) & (shards.count - 1)]
    }

    /// Whether anything stands under the hash.
    func contains(_ hash: UInt128) -> Bool { shard(hash).contains(hash) }

    /// Room for bytes that are not stored yet. False when only fills are left to throw out, which cannot be.
    func reserve(_ bytes: Int) -> Bool {
        guard bytes >= 0, bytes <= budget.limit else { return false }
        budget.adjust(by: bytes)
        if makeRoom() { return true }
        budget.adjust(by: -bytes)
        return false
    }

    /// Gives reserved bytes back.
    func release(_ bytes: Int) {
        budget.adjust(by: -bytes)
    }

    /// Replaces what stands under the key by what `change` makes of it. `change` may run several times: it is computed
    /// outside the lock, and put in place only if nothing else has been put there meanwhile.
    ///
    /// `reserved`: bytes of ``reserve(_:)`` that the new resource's body takes over.
    func update(
        _ key: CacheKey,
        reserved: Int = 0,
        awaitsDisk: Bool? = nil,
        _ change: (Resource?) -> Resource?
    ) -> Outcome {
        let shard = shard(key.hash.value)
        defer { budget.adjust(by: -reserved) }
        while true {
            let present = shard.peek(key)
            guard let new = change(present), new !== present else { return .unchanged }
            guard new.memoryBytes <= objectLimit else { return .tooLarge }
            // Charged before it is put in place. While it counts, so does the reservation it takes over: not twice.
            let delta = new.memoryBytes - (present?.memoryBytes ?? 0)
            budget.adjust(by: delta)
            guard makeRoom(allowance: reserved) else {
                budget.adjust(by: -delta)
                return .noRoom
            }
            if let extra = shard.replace(key, expected: present, with: new, awaitsDisk: awaitsDisk) {
                budget.adjust(by: extra)
                if extra > 0 { makeRoom() }
                return .done(new)
            }
            budget.adjust(by: -delta)
        }
    }

    /// Takes out what stands under the key, if `condition` holds for it. Returns it.
    @discardableResult
    func remove(_ key: CacheKey, where condition: (Resource) -> Bool = { _ in true }) -> Resource? {
        let shard = shard(key.hash.value)
        while let present = shard.peek(key), condition(present) {
            if let extra = shard.replace(key, expected: present, with: nil) {
                budget.adjust(by: extra - present.memoryBytes)
                return present
            }
        }
        return nil
    }

    /// Throws out least recently used resources until the budget is kept. False: nothing is left to throw out.
    @discardableResult
    func makeRoom(allowance: Int = 0) -> Bool {
        while budget.used - allowance > budget.limit {
            guard evictOne() else { return false }
        }
        return true
    }

    private func evictOne() -> Bool {
        for _ in shards {
            let turn = cursor.wrappingAdd(1, ordering: .relaxed).newValue
            guard let victim = shards[turn & (shards.count - 1)].evict() else { continue }
            budget.adjust(by: -victim.memoryBytes)
            evictions.wrappingAdd(1, ordering: .relaxed)
            return true
        }
        return false
    }
}
