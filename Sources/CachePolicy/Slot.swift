/// One entry, or the ghost of one: 32 bytes. A value.
struct Slot: Sendable {
    /// What a slot is linked in.
    enum Queue: UInt64 {
        case main = 0
        case small, ghost
    }

    /// No slot: the end of a list, or an empty place in the table.
    static let none = UInt32.max
    /// Costs have 48 bits.
    static let largestCost = (1 << 48) - 1
    /// Uses have 12 bits.
    static let largestUses: UInt16 = (1 << 12) - 1

    var hash: UInt128
    /// Cost (bits 0 to 47), uses (48 to 59) and queue (60 and 61).
    private var word: UInt64
    /// The next newer slot of the list. Of an entry of `size`: its place in the heap.
    var newer = Self.none
    /// The next older slot of the list, or the next free slot.
    var older = Self.none

    init(hash: UInt128, cost: Int) {
        self.hash = hash
        word = UInt64(cost)
    }

    /// A cost that a slot can hold.
    static func clamp(_ cost: Int) -> Int { min(max(cost, 0), largestCost) }

    var cost: Int {
        get { Int(word & UInt64(Self.largestCost)) }
        set { word = word & ~UInt64(Self.largestCost) | UInt64(newValue) }
    }

    var uses: UInt16 {
        get { UInt16(truncatingIfNeeded: word >> 48) & Self.largestUses }
        set { word = word & ~(UInt64(Self.largestUses) << 48) | UInt64(newValue) << 48 }
    }

    var queue: Queue {
        get { Queue(rawValue: word >> 60) ?? .main }
        set { word = word & ~(3 << 60) | newValue.rawValue << 60 }
    }
}

/// A doubly linked list through slots. A value; it means something only with the arena it was made in.
struct SlotList: Sendable {
    var newest = Slot.none
    var oldest = Slot.none
    /// Slots linked.
    private(set) var count = 0
    /// The sum of their costs, where the owner keeps it.
    var cost = 0

    var isEmpty: Bool { oldest == Slot.none }

    mutating func linkNewest(_ slot: UInt32, _ slots: inout ContiguousArray<Slot>) {
        slots[Int(slot)].newer = Slot.none
        slots[Int(slot)].older = newest
        if newest != Slot.none { slots[Int(newest)].newer = slot }
        newest = slot
        if oldest == Slot.none { oldest = slot }
        count += 1
    }

    mutating func unlink(_ slot: UInt32, _ slots: inout ContiguousArray<Slot>) {
        let newer = slots[Int(slot)].newer
        let older = slots[Int(slot)].older
        if newer == Slot.none { newest = older } else { slots[Int(newer)].older = older }
        if older == Slot.none { oldest = newer } else { slots[Int(older)].newer = newer }
        count -= 1
    }
}
