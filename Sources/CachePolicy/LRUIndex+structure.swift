// The list and the table behind LRUIndex. Every function here keeps these true:
// - an entry in use is in the list exactly once and in the table exactly once;
// - from an entry's home place to the place it stands in, no place of the table is empty;
// - `slots[newest].newer` and `slots[oldest].older` are `none`.

extension LRUIndex {
    /// Where a hash would like to stand. Hashes are keyed and uniform, or mixed by the caller, so low bits will do.
    static func home(_ hash: UInt128, _ mask: Int) -> Int {
        Int(truncatingIfNeeded: hash) & mask
    }

    mutating func takeSlot(_ hash: UInt128, _ cost: Int) -> UInt32 {
        if free != Self.none {
            let slot = free
            free = slots[Int(slot)].older
            slots[Int(slot)] = Slot(hash: hash, cost: cost, newer: Self.none, older: Self.none)
            return slot
        }
        slots.append(Slot(hash: hash, cost: cost, newer: Self.none, older: Self.none))
        return UInt32(slots.count - 1)
    }

    mutating func linkNewest(_ slot: UInt32) {
        slots[Int(slot)].newer = Self.none
        slots[Int(slot)].older = newest
        if newest != Self.none { slots[Int(newest)].newer = slot }
        newest = slot
        if oldest == Self.none { oldest = slot }
    }

    mutating func unlink(_ slot: UInt32) {
        let newer = slots[Int(slot)].newer
        let older = slots[Int(slot)].older
        if newer == Self.none { newest = older } else { slots[Int(newer)].older = older }
        if older == Self.none { oldest = newer } else { slots[Int(older)].newer = newer }
    }

    mutating func place(_ slot: UInt32) {
        let mask = table.count - 1
        var place = Self.home(slots[Int(slot)].hash, mask)
        while table[place] != Self.none { place = (place + 1) & mask }
        table[place] = slot
    }

    mutating func growTable() {
        table = ContiguousArray(repeating: Self.none, count: table.count * 2)
        var slot = oldest
        while slot != Self.none {
            place(slot)
            slot = slots[Int(slot)].newer
        }
    }

    /// Empties the slot's place and moves later entries of the same run back, so that no search meets a gap too early.
    mutating func removeFromTable(_ slot: UInt32) {
        let mask = table.count - 1
        var gap = Self.home(slots[Int(slot)].hash, mask)
        while table[gap] != slot { gap = (gap + 1) & mask }
        var place = gap
        while true {
            place = (place + 1) & mask
            let candidate = table[place]
            if candidate == Self.none { break }
            let home = Self.home(slots[Int(candidate)].hash, mask)
            // The candidate may fill the gap unless its home lies after the gap, up to where it stands.
            if (place - home) & mask >= (place - gap) & mask {
                table[gap] = candidate
                gap = place
            }
        }
        table[gap] = Self.none
    }
}
