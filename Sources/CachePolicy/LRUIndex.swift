/// A hash table and an exact least-recently-used order over one arena of slots. A value; whoever shares it locks it.
///
/// It holds what eviction needs and nothing else: a 128-bit hash and a cost for each entry. Values live beside it, in
/// an array that the owner indexes by slot, so the memory tier's shards and the replay of a trace run through the very
/// same code. At most one entry exists for a hash: an owner that compares full keys treats a hash with a foreign key
/// as absent, and replaces it on insertion.
///
/// The order is an intrusive doubly linked list of 32-bit slot numbers; the table is open addressing with linear
/// probing and backward-shift deletion, so there are no tombstones and a look-up's cost does not grow with churn.
public struct LRUIndex: Sendable {
    /// One entry: 32 bytes.
    struct Slot: Sendable {
        var hash: UInt128
        var cost: Int
        var newer: UInt32
        var older: UInt32
    }

    /// No slot: the end of a list, or an empty place in the table.
    static let none = UInt32.max
    static let minimumTableSize = 16

    var slots: ContiguousArray<Slot> = []
    /// Slot numbers by hash; its count is a power of two and at least a quarter of it is empty.
    var table: ContiguousArray<UInt32>
    /// The newest and the oldest entry.
    var newest = Self.none
    var oldest = Self.none
    /// Free slots, linked by `older`.
    var free = Self.none

    /// Entries held.
    public private(set) var count = 0
    /// Sum of the costs of all entries.
    public private(set) var totalCost = 0

    /// An empty index; it allocates a small table at once and grows by doubling.
    public init() {
        table = ContiguousArray(repeating: Self.none, count: Self.minimumTableSize)
    }

    /// Bytes of the arena and the table, as allocated.
    public var memoryBytes: Int {
        slots.capacity * MemoryLayout<Slot>.stride + table.capacity * MemoryLayout<UInt32>.stride
    }

    /// Slots that exist, free ones included: the count that a parallel array of values must have.
    public var slotCount: Int { slots.count }

    /// The slot that holds `hash`, or nil. Does not count as a use.
    public func find(_ hash: UInt128) -> UInt32? {
        let mask = table.count - 1
        var place = Self.home(hash, mask)
        while true {
            let slot = table[place]
            if slot == Self.none { return nil }
            if slots[Int(slot)].hash == hash { return slot }
            place = (place + 1) & mask
        }
    }

    /// Makes the entry the most recently used one.
    public mutating func touch(_ slot: UInt32) {
        guard newest != slot else { return }
        unlink(slot)
        linkNewest(slot)
    }

    /// Adds an entry as the most recently used one and returns its slot. `hash` must not be present: see ``find(_:)``.
    public mutating func insert(_ hash: UInt128, cost: Int) -> UInt32 {
        assert(find(hash) == nil, "a hash is held once")
        if (count + 1) * 4 > table.count * 3 { growTable() }
        let slot = takeSlot(hash, cost)
        linkNewest(slot)
        place(slot)
        count += 1
        totalCost += cost
        return slot
    }

    /// Changes the cost of an entry.
    public mutating func setCost(_ slot: UInt32, to cost: Int) {
        totalCost += cost - slots[Int(slot)].cost
        slots[Int(slot)].cost = cost
    }

    /// Takes an entry out. Its slot is reused by a later insertion.
    public mutating func remove(_ slot: UInt32) {
        unlink(slot)
        removeFromTable(slot)
        count -= 1
        totalCost -= slots[Int(slot)].cost
        slots[Int(slot)].cost = 0
        slots[Int(slot)].older = free
        free = slot
    }

    /// The entry that has not been used for the longest time: the next one to evict.
    public var leastRecent: UInt32? { oldest == Self.none ? nil : oldest }

    /// The entry used next after `slot`, towards the most recent one.
    public func moreRecent(than slot: UInt32) -> UInt32? {
        let newer = slots[Int(slot)].newer
        return newer == Self.none ? nil : newer
    }

    /// The hash that a slot holds.
    public func hash(of slot: UInt32) -> UInt128 { slots[Int(slot)].hash }

    /// The cost given for a slot.
    public func cost(of slot: UInt32) -> Int { slots[Int(slot)].cost }
}
