/// A hash table and an eviction order over one arena of slots. A value; whoever shares it locks it.
///
/// It holds what eviction needs and nothing else: a 128-bit hash, a cost and a few bits of history for each entry. Values
/// live beside it, in an array that the owner indexes by slot, so the memory tier's shards and the replay of a trace run
/// through the very same code. At most one entry exists for a hash: an owner that compares full keys treats a hash with a
/// foreign key as absent, and replaces it on insertion.
///
/// The policy is chosen once and told apart by a switch. What a hit does, in ``touch(_:)``, allocates nothing:
/// - `lru` moves the entry to the newest end of its list, exact least-recently-used order;
/// - `s3-fifo` raises a counter of two bits. Order changes when room is made: see `EvictionIndex+s3FIFO.swift`;
/// - `size` raises a counter and notes the inflation of the moment: see `EvictionIndex+size.swift`.
///
/// The last two remember some of what has left as *ghosts*: slots of the same arena and table, without a value and without
/// a part in ``count`` and ``totalCost``. Their number is bounded by that of the entries.
///
/// Orders are intrusive doubly linked lists of 32-bit slot numbers; the table is open addressing with linear probing and
/// backward-shift deletion, so there are no tombstones and a look-up's cost does not grow with churn.
public struct EvictionIndex: Sendable {
    /// Which entry leaves next.
    public let policy: EvictionPolicy

    var slots: ContiguousArray<Slot> = []
    /// Slot numbers by hash; its count is a power of two and at least a quarter of it is empty.
    var table: ContiguousArray<UInt32>
    /// All entries of `lru`; of `s3-fifo`, those that have been asked for again.
    var main = SlotList()
    /// Newcomers of `s3-fifo`.
    var small = SlotList()
    /// What has left and is remembered.
    var ghosts = SlotList()
    /// Free slots, linked by `older`.
    var free = Slot.none
    /// Entries of `size`, the least valuable first.
    var heap: ContiguousArray<HeapEntry> = []
    /// By slot, for `size`: ``inflation`` at the entry's last use.
    var lastInflation: ContiguousArray<Double> = []
    /// For `size`: the value of what has left last.
    var inflation = 0.0

    /// Entries held.
    public internal(set) var count = 0
    /// Sum of the costs of all entries.
    public internal(set) var totalCost = 0

    /// An empty index; it allocates a small table at once and grows by doubling.
    public init(policy: EvictionPolicy = .lru) {
        self.policy = policy
        table = ContiguousArray(repeating: Slot.none, count: PolicyLimits.smallestTable)
    }

    /// Bytes of everything, as allocated.
    public var memoryBytes: Int {
        slots.capacity * MemoryLayout<Slot>.stride + table.capacity * MemoryLayout<UInt32>.stride
            + heap.capacity * MemoryLayout<HeapEntry>.stride + lastInflation.capacity * MemoryLayout<Double>.stride
    }

    /// Slots that exist, free ones and ghosts included: the count that a parallel array of values must have.
    public var slotCount: Int { slots.count }

    /// The slot of the entry with `hash`, or nil. Does not count as a use.
    public func find(_ hash: UInt128) -> UInt32? {
        guard let slot = slot(of: hash), slots[Int(slot)].queue != .ghost else { return nil }
        return slot
    }

    /// Notes a use of the entry.
    public mutating func touch(_ slot: UInt32) {
        switch policy {
        case .lru:
            guard main.newest != slot else { return }
            main.unlink(slot, &slots)
            main.linkNewest(slot, &slots)
        case .s3FIFO:
            if slots[Int(slot)].uses < PolicyLimits.s3Uses { slots[Int(slot)].uses += 1 }
        case .size:
            if slots[Int(slot)].uses < Slot.largestUses { slots[Int(slot)].uses += 1 }
            lastInflation[Int(slot)] = inflation
        }
    }

    /// Whether a newcomer may come in where entries that cost `freeing` would have to leave for it. `hash` must not be
    /// present.
    ///
    /// Only `size` ever says no: when one of them is worth more. It then remembers the request, so that an object that goes
    /// on being asked for comes in.
    public mutating func admits(_ hash: UInt128, cost: Int, freeing: Int) -> Bool {
        policy == .size ? admitsByValue(hash, Slot.clamp(cost), freeing: freeing) : true
    }

    /// Adds an entry and returns its slot. `hash` must not be present: see ``find(_:)``.
    public mutating func insert(_ hash: UInt128, cost: Int) -> UInt32 {
        let cost = Slot.clamp(cost)
        let ghost = ghosts.isEmpty ? nil : slot(of: hash)
        assert(ghost.map { slots[Int($0)].queue == .ghost } ?? true, "a hash is held once")
        var uses: UInt16 = 0
        let slot: UInt32
        if let ghost {
            slot = ghost
            uses = slots[Int(ghost)].uses
            leaveGhosts(ghost)
            slots[Int(ghost)] = Slot(hash: hash, cost: cost)
        } else {
            slot = takeSlot(hash, cost)
        }
        count += 1
        totalCost += cost
        switch policy {
        case .lru:
            main.linkNewest(slot, &slots)
        case .s3FIFO:
            if ghost == nil { linkSmall(slot) } else { main.linkNewest(slot, &slots) }
        case .size:
            slots[Int(slot)].uses = min(uses + 1, Slot.largestUses)
            pushOnHeap(slot)
        }
        return slot
    }

    /// Changes the cost of an entry.
    public mutating func setCost(_ slot: UInt32, to cost: Int) {
        let cost = Slot.clamp(cost)
        let old = slots[Int(slot)].cost
        totalCost += cost - old
        slots[Int(slot)].cost = cost
        switch policy {
        case .lru: break
        case .s3FIFO: if slots[Int(slot)].queue == .small { small.cost += cost - old }
        case .size: if cost > old { lowerOnHeap(slot) }
        }
    }

    /// Takes an entry out that is not wanted any more, without remembering it. Its slot is reused by a later insertion.
    public mutating func remove(_ slot: UInt32) {
        leave(slot)
        giveSlotBack(slot)
        trimGhosts()
    }

    /// Takes the entry out that the policy wants least, and returns the slot that it had. nil: there is none.
    public mutating func evict() -> UInt32? {
        switch policy {
        case .lru:
            guard !main.isEmpty else { return nil }
            let slot = main.oldest
            leave(slot)
            giveSlotBack(slot)
            return slot
        case .s3FIFO: return evictByQueues()
        case .size: return evictByValue()
        }
    }

    /// The hash that a slot holds.
    public func hash(of slot: UInt32) -> UInt128 { slots[Int(slot)].hash }

    /// The cost given for a slot.
    public func cost(of slot: UInt32) -> Int { slots[Int(slot)].cost }

    /// Takes an entry out of its order, and out of the sums. It stays in the table.
    mutating func leave(_ slot: UInt32) {
        let cost = slots[Int(slot)].cost
        switch policy {
        case .lru: main.unlink(slot, &slots)
        case .s3FIFO:
            if slots[Int(slot)].queue == .small {
                small.unlink(slot, &slots)
                small.cost -= cost
            } else {
                main.unlink(slot, &slots)
            }
        case .size: removeFromHeap(slot)
        }
        count -= 1
        totalCost -= cost
    }
}
