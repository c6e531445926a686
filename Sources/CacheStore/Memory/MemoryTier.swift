import CachePolicy
import Synchronization

/// Resources in memory: shards behind one byte budget. Safe from every thread; each shard has its lock.
///
/// Within a shard the order is exactly the policy's. Across shards room is made round robin: keys are spread by a keyed
/// hash, so every shard holds the same share, and taking from each in turn is the policy to within a shard's spread.
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
        /// What would have to leave for it is worth more to the policy.
        case notAdmitted
    }

    let budget: MemoryBudget
    /// The most that one resource may take, in bytes.
    let objectLimit: Int
    private let policy: EvictionPolicy
    private let shards: [MemoryShard]
    private let cursor = Atomic<Int>(0)
    private let evictions = Atomic<Int>(0)
    /// Bytes of all resources: no more than that can throwing out free.
    private let resident = Atomic<Int>(0)

    init(budget: MemoryBudget, policy: EvictionPolicy = .lru, shards count: Int? = nil) {
        self.budget = budget
        objectLimit = budget.limit / StoreLimits.objectShare
        self.policy = policy
        shards = (0..<(count ?? Self.shardCount(budget.limit))).map { _ in MemoryShard(policy: policy) }
        budget.adjust(by: tableBytes)
    }

    /// As many shards as the budget is good for.
    private static func shardCount(_ limit: Int) -> Int {
        var count = StoreLimits.shards.lowerBound
        while count < StoreLimits.shards.upperBound, limit / (count * 2) >= StoreLimits.shardBytes { count *= 2 }
        return count
    }

    /// The number of resources thrown out to make room.
    var evicted: Int { evictions.load(ordering: .relaxed) }

    /// Bytes of the shards' tables.
    var tableBytes: Int { shards.reduce(0) { $0 + $1.memoryBytes } }

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

    /// Room for bytes that are not stored yet; nil when only what cannot be thrown out is left. The pieces made with it take
    /// it over. `isWhole`: the body is going to have just as many bytes.
    func reserve(_ bytes: Int, isWhole: Bool = true) -> Reservation? {
        makeRoom(for: bytes, size: bytes) ? Reservation(self, bytes: bytes, length: isWhole ? bytes : 0) : nil
    }

    /// Charges `bytes`, which belong to something that takes `size` in all, if room can be made for them.
    func makeRoom(for bytes: Int, size: Int) -> Bool {
        guard bytes >= 0, bytes <= budget.limit, mayGrow(by: bytes, size: size), canMakeRoom(for: bytes) else {
            return false
        }
        budget.adjust(by: bytes)
        if makeRoom() { return true }
        budget.adjust(by: -bytes)
        return false
    }

    /// While connections hold more of what was thrown out than the tier makes room for, only small things come in. Room for
    /// them is made as ever: by what the tier has to make room for, not by all that is spent, so that a few clients that hold
    /// much do not keep what others ask for out.
    private func mayGrow(by bytes: Int, size: Int) -> Bool {
        bytes <= 0 || size <= StoreLimits.smallBody || !budget.isOverPinned
    }

    /// Whether throwing out everything would be enough. Asked first, for what is refused must not have emptied the tier.
    /// `bytes`: not charged yet.
    private func canMakeRoom(for bytes: Int) -> Bool {
        budget.claimed + bytes - resident.load(ordering: .relaxed) <= budget.limit
    }

    /// Replaces what stands under the key by what `change` makes of it. `change` may run several times: it is computed
    /// outside the lock, and put in place only if nothing else has been put there meanwhile.
    ///
    /// `reserved`: what the new resource's body was made with; it ends here.
    func update(
        _ key: CacheKey,
        reserved: Reservation? = nil,
        awaitsDisk: Bool? = nil,
        _ change: (Resource?) -> Resource?
    ) -> Outcome {
        let shard = shard(key.hash.value)
        // Once it is in the tier its pieces are the tier's; before, they must not look as if nobody had them.
        defer { reserved?.end() }
        while true {
            let present = shard.peek(key)
            guard let new = change(present), new !== present else { return .unchanged }
            guard new.memoryBytes <= objectLimit else { return .tooLarge }
            guard present != nil || admits(new, reserved) else { return .notAdmitted }
            // Charged before it is put in place.
            let delta = new.ownBytes - (present?.ownBytes ?? 0)
            let counted = new.countedBytes - (present?.countedBytes ?? 0)
            // A longer head alone, as a 304 brings it, is no reason to lose the body.
            let isHeadOnly = present != nil && counted <= 0 && delta <= StoreLimits.headBytes
            guard isHeadOnly || mayGrow(by: delta, size: delta) else { return .noRoom }
            budget.adjust(by: delta)
            budget.countStored(counted)
            let allowance = reserved?.left ?? 0
            let hasRoom = canMakeRoom(for: -allowance) && makeRoom(allowance: allowance)
            if hasRoom, let swap = shard.replace(key, expected: present, with: new, awaitsDisk: awaitsDisk) {
                resident.wrappingAdd(new.memoryBytes - (present?.memoryBytes ?? 0), ordering: .relaxed)
                settle(swap)
                return .done(new)
            }
            budget.adjust(by: -delta)
            budget.countStored(-counted)
            guard hasRoom else { return .noRoom }
        }
    }

    /// Takes out what stands under the key, if `condition` holds for it. Returns it.
    @discardableResult
    func remove(_ key: CacheKey, where condition: (Resource) -> Bool = { _ in true }) -> Resource? {
        let shard = shard(key.hash.value)
        while let present = shard.peek(key), condition(present) {
            if let swap = shard.replace(key, expected: present, with: nil) {
                settle(swap)
                left(present)
                return present
            }
        }
        return nil
    }

    /// What else a change of one key has changed.
    private func settle(_ swap: MemoryShard.Swap) {
        if let foreign = swap.foreign { left(foreign) }
        budget.adjust(by: swap.tableGrowth)
        if swap.tableGrowth > 0 { makeRoom() }
    }

    /// A resource is not in the tier any more: its own bytes are given back, its pieces when nobody holds them any more.
    private func left(_ resource: Resource) {
        resident.wrappingSubtract(resource.memoryBytes, ordering: .relaxed)
        budget.adjust(by: -resource.ownBytes)
        budget.countStored(-resource.countedBytes)
    }

    /// Throws out what the policy wants least until the budget is kept. False: nothing is left to throw out.
    @discardableResult
    func makeRoom(allowance: Int = 0) -> Bool {
        while budget.claimed - allowance > budget.limit {
            guard evictOne() else { return false }
        }
        return true
    }

    /// Whether the policy lets a newcomer in, whose pieces are spent already. Asked when memory is nearly full, for fills in
    /// flight have made their room before they know whether they may stay.
    private func admits(_ new: Resource, _ reserved: Reservation?) -> Bool {
        guard policy == .size,
            budget.used + new.ownBytes - (reserved?.left ?? 0) > budget.limit - budget.limit
                / StoreLimits.admissionSlack
        else { return true }
        let hash = new.key.hash.value
        let bytes = new.memoryBytes
        // Every shard gives up its part.
        let answer = shard(hash).admits(hash, cost: bytes, freeing: max(1, bytes / shards.count))
        budget.adjust(by: answer.tableGrowth)
        return answer.isAdmitted
    }

    private func evictOne() -> Bool {
        for _ in shards {
            let turn = cursor.wrappingAdd(1, ordering: .relaxed).newValue
            guard let victim = shards[turn & (shards.count - 1)].evict() else { continue }
            left(victim)
            evictions.wrappingAdd(1, ordering: .relaxed)
            return true
        }
        return false
    }
}
