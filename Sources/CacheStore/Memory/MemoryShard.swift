import CachePolicy
import NIOConcurrencyHelpers

/// One part of the memory tier: a table, the policy's order and the resources, under one lock that is held for a table
/// operation and never for anything else.
///
/// Unchecked: `index`, `resources` and `awaitsDisk` are touched only under `lock`.
final class MemoryShard: @unchecked Sendable {
    private let lock = NIOLock()
    private var index: EvictionIndex
    /// By slot of `index`; nil where a slot is free, or remembers what has left.
    private var resources: ContiguousArray<Resource?> = []
    /// By slot: the next hit is the second request, on which the resource is offered to the disk.
    private var awaitsDisk: ContiguousArray<Bool> = []

    /// An empty shard that evicts by `policy`.
    init(policy: EvictionPolicy) {
        index = EvictionIndex(policy: policy)
    }

    /// What a look-up found. A value.
    struct Found {
        var resource: Resource
        /// This was the second request of something the disk did not take at once.
        var isSecondRequest: Bool
    }

    /// What a replacement has changed besides the two resources. A value.
    struct Swap {
        /// Bytes that the shard's tables grew by.
        var tableGrowth: Int
        /// A resource of another key with the same hash, which had to go.
        var foreign: Resource?
    }

    /// Finds the resource with this key, which counts as a use. Allocates nothing.
    func find(_ hash: UInt128, _ key: Span<UInt8>) -> Found? {
        lock.lock()
        defer { lock.unlock() }
        guard let slot = index.find(hash), let resource = resources[Int(slot)] else { return nil }
        let stored = resource.key.bytes
        guard bytesEqual(stored.span, key) else { return nil }
        index.touch(slot)
        guard awaitsDisk[Int(slot)] else { return Found(resource: resource, isSecondRequest: false) }
        awaitsDisk[Int(slot)] = false
        return Found(resource: resource, isSecondRequest: true)
    }

    /// The resource with this key, without counting as a use.
    func peek(_ key: CacheKey) -> Resource? {
        lock.withLock {
            guard let slot = index.find(key.hash.value), let resource = resources[Int(slot)], resource.key == key
            else { return nil }
            return resource
        }
    }

    /// Whether anything stands under the hash.
    func contains(_ hash: UInt128) -> Bool {
        lock.withLock { index.find(hash) != nil }
    }

    /// Replaces `expected` (nil: nothing) by `new` (nil: nothing) under `key`, if it is what stands there.
    ///
    /// `awaitsDisk` nil: as it was; a coded form that is added must not keep the whole from the disk.
    /// A foreign key under the same hash counts as nothing, and goes. Returns nil when something else stood there.
    func replace(_ key: CacheKey, expected: Resource?, with new: Resource?, awaitsDisk: Bool? = nil) -> Swap? {
        lock.withLock {
            let before = tableBytes
            let slot = index.find(key.hash.value)
            let present = slot.flatMap { resources[Int($0)] }
            let own = present.flatMap { $0.key == key ? $0 : nil }
            guard own === expected else { return nil }
            let foreign = own == nil ? present : nil
            switch (slot, new) {
            case (let slot?, let new?):
                index.setCost(slot, to: new.memoryBytes)
                index.touch(slot)
                put(new, in: slot, awaitsDisk)
            case (let slot?, nil):
                index.remove(slot)
                resources[Int(slot)] = nil
            case (nil, let new?):
                let slot = index.insert(key.hash.value, cost: new.memoryBytes)
                while resources.count < index.slotCount { addSlot() }
                put(new, in: slot, awaitsDisk ?? false)
            case (nil, nil): break
            }
            return Swap(tableGrowth: tableBytes - before, foreign: foreign)
        }
    }

    /// Whether the policy lets a newcomer in for which resources of `freeing` bytes would have to leave this shard, and what
    /// the tables grew by while it took note of that.
    func admits(_ hash: UInt128, cost: Int, freeing: Int) -> (isAdmitted: Bool, tableGrowth: Int) {
        lock.withLock {
            // A foreign key stands there; it makes room itself.
            guard index.find(hash) == nil else { return (true, 0) }
            let before = tableBytes
            let isAdmitted = index.admits(hash, cost: cost, freeing: freeing)
            while resources.count < index.slotCount { addSlot() }
            return (isAdmitted, tableBytes - before)
        }
    }

    /// Takes the resource out that the policy wants least, and returns it.
    func evict() -> Resource? {
        lock.withLock {
            guard let slot = index.evict() else { return nil }
            let resource = resources[Int(slot)]
            resources[Int(slot)] = nil
            return resource
        }
    }

    /// Entries, and the sum of their costs.
    var totals: (count: Int, bytes: Int) {
        lock.withLock { (index.count, index.totalCost) }
    }

    /// Bytes of the tables themselves.
    var memoryBytes: Int { lock.withLock { tableBytes } }

    private func addSlot() {
        resources.append(nil)
        awaitsDisk.append(false)
    }

    private func put(_ resource: Resource, in slot: UInt32, _ awaits: Bool?) {
        resources[Int(slot)] = resource
        if let awaits { awaitsDisk[Int(slot)] = awaits }
    }

    private var tableBytes: Int {
        index.memoryBytes + resources.capacity * MemoryLayout<Resource?>.stride + awaitsDisk.capacity
    }
}
