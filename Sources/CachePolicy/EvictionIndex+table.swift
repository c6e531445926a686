// The arena and the table behind EvictionIndex. Every function here keeps these true:
// - an entry in use, or a ghost, is in the table exactly once;
// - from its home place to the place it stands in, no place of the table is empty.

extension EvictionIndex {
    /// Where a hash would like to stand. Hashes are keyed and uniform, or mixed by the caller, so low bits will do.
    static func home(_ hash: UInt128, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: hash) & mask
    }

    /// The slot of the entry or ghost with `hash`.
    func slot(of hash: UInt128) -> UInt32? {
        let mask = table.count - 1
        var place = Self.home(hash, mask)
        while true {
            let slot = table[place]
            if slot == Slot.none { return nil }
            if slots[Int(slot)].hash == hash { return slot }
            place = (place + 1) & mask
        }
    }

    /// A slot for a hash that is not there yet, entered in the table.
    mutating func takeSlot(_ hash: UInt128, _ cost: Int) -> UInt32 {
        if (count + ghosts.count + 1) * 4 > table.count * 3 { growTable() }
        let slot: UInt32
        if free != Slot.none {
            slot = free
            free = slots[Int(slot)].older
            slots[Int(slot)] = Slot(hash: hash, cost: cost)
        } else {
            slot = UInt32(slots.count)
            slots.append(Slot(hash: hash, cost: cost))
            if policy == .size { lastInflation.append(0) }
        }
        place(slot)
        return slot
    }

    /// Takes a slot that is in no list out of the table.
    mutating func giveSlotBack(_ slot: UInt32) {
        removeFromTable(slot)
        slots[Int(slot)] = Slot(hash: slots[Int(slot)].hash, cost: 0)
        slots[Int(slot)].older = free
        free = slot
    }

    private mutating func place(_ slot: UInt32) {
        let mask = table.count - 1
        var place = Self.home(slots[Int(slot)].hash, mask)
        while table[place] != Slot.none { place = (place + 1) & mask }
        table[place] = slot
    }

    private mutating func growTable() {
        let old = table
        table = ContiguousArray(repeating: Slot.none, count: old.count * 2)
        for slot in old where slot != Slot.none { place(slot) }
    }

    /// Empties the slot's place and moves later entries of the same run back, so that no search meets a gap too early.
    private mutating func removeFromTable(_ slot: UInt32) {
        let mask = table.count - 1
        var gap = Self.home(slots[Int(slot)].hash, mask)
        while table[gap] != slot { gap = (gap + 1) & mask }
        var place = gap
        while true {
            place = (place + 1) & mask
            let candidate = table[place]
            if candidate == Slot.none { break }
            let home = Self.home(slots[Int(candidate)].hash, mask)
            // The candidate may fill the gap unless its home lies after the gap, up to where it stands.
            if (place - home) & mask >= (place - gap) & mask {
                table[gap] = candidate
                gap = place
            }
        }
        table[gap] = Slot.none
    }
}
