// Value per byte: GreedyDual-Size-Frequency (Cherkasova 1998; Arlitt et al. 2000) with admission.
//
// An entry's value is the inflation at its last use + uses / cost. The least valuable one leaves, and its value becomes the
// inflation: what is not used any more is overtaken by what is. A newcomer takes part: if its own value were the least, it
// does not come in, which raises the inflation just as if it had come and left. Ghosts keep the counts of what is outside.
//
// A hit raises the true value and leaves the heap alone. The heap's keys are therefore lower bounds of the values, and
// the root counts only once its key is true; otherwise it sinks to where it belongs. Each such step is paid for by a hit.

/// An entry's place in the order of `size`. A value.
struct HeapEntry: Sendable {
    /// At most the entry's value.
    var key: Double
    var slot: UInt32
}

extension EvictionIndex {
    func value(of slot: UInt32) -> Double {
        let entry = slots[Int(slot)]
        return lastInflation[Int(slot)] + Double(entry.uses) / Double(max(1, entry.cost))
    }

    /// Whether the least valuable entries that cost `freeing` together are all worth no more than the newcomer.
    mutating func admitsByValue(_ hash: UInt128, _ cost: Int, freeing: Int) -> Bool {
        let ghost = slot(of: hash)
        let uses = min(Slot.largestUses, (ghost.map { slots[Int($0)].uses } ?? 0) + 1)
        let value = inflation + Double(uses) / Double(max(1, cost))
        if isWorthMost(value, of: freeing) { return true }
        let slot: UInt32
        if let ghost {
            slot = ghost
            leaveGhosts(ghost)
            slots[Int(ghost)].cost = cost
        } else {
            slot = takeSlot(hash, cost)
        }
        slots[Int(slot)].uses = uses
        becomeGhost(slot)
        return false
    }

    /// Takes the least valuable entries off the heap one by one, as far as needed, into its tail, and puts them back.
    private mutating func isWorthMost(_ value: Double, of freeing: Int) -> Bool {
        var size = heap.count
        var freed = 0
        var isLeast = false
        for _ in 0..<PolicyLimits.victimsPerAdmission {
            guard size > 0, freed < freeing else { break }
            if refreshRoot(size) > value {
                isLeast = true
                break
            }
            freed += slots[Int(heap[0].slot)].cost
            size -= 1
            swapOnHeap(0, size)
            if size > 0 { siftDown(0, size) }
        }
        for place in size..<heap.count { siftUp(place) }
        // As if it had come and left: otherwise nothing would age while nothing comes in.
        if isLeast { inflation = max(inflation, min(value, heap[0].key)) }
        return !isLeast
    }

    mutating func evictByValue() -> UInt32? {
        guard !heap.isEmpty else { return nil }
        inflation = max(inflation, refreshRoot(heap.count))
        let slot = heap[0].slot
        leave(slot)
        becomeGhost(slot)
        return slot
    }

    /// Makes the root's key true, in the first `size` places; returns it.
    private mutating func refreshRoot(_ size: Int) -> Double {
        for _ in 0..<PolicyLimits.stepsPerEviction {
            let value = value(of: heap[0].slot)
            if value <= heap[0].key { break }
            heap[0].key = value
            siftDown(0, size)
        }
        return heap[0].key
    }

    mutating func pushOnHeap(_ slot: UInt32) {
        lastInflation[Int(slot)] = inflation
        heap.append(HeapEntry(key: value(of: slot), slot: slot))
        siftUp(heap.count - 1)
    }

    /// After something that may have lowered the entry's value.
    mutating func lowerOnHeap(_ slot: UInt32) {
        let place = Int(slots[Int(slot)].newer)
        let value = value(of: slot)
        guard value < heap[place].key else { return }
        heap[place].key = value
        siftUp(place)
    }

    mutating func removeFromHeap(_ slot: UInt32) {
        let place = Int(slots[Int(slot)].newer)
        let last = heap.removeLast()
        guard place < heap.count else { return }
        heap[place] = last
        siftDown(place, heap.count)
        siftUp(Int(slots[Int(last.slot)].newer))
    }

    private mutating func swapOnHeap(_ first: Int, _ second: Int) {
        heap.swapAt(first, second)
        slots[Int(heap[first].slot)].newer = UInt32(first)
        slots[Int(heap[second].slot)].newer = UInt32(second)
    }

    private mutating func siftUp(_ start: Int) {
        var place = start
        let entry = heap[place]
        while place > 0 {
            let parent = (place - 1) / 2
            guard entry.key < heap[parent].key else { break }
            heap[place] = heap[parent]
            slots[Int(heap[place].slot)].newer = UInt32(place)
            place = parent
        }
        heap[place] = entry
        slots[Int(entry.slot)].newer = UInt32(place)
    }

    private mutating func siftDown(_ start: Int, _ size: Int) {
        var place = start
        let entry = heap[place]
        while true {
            var child = 2 * place + 1
            guard child < size else { break }
            if child + 1 < size, heap[child + 1].key < heap[child].key { child += 1 }
            guard heap[child].key < entry.key else { break }
            heap[place] = heap[child]
            slots[Int(heap[place].slot)].newer = UInt32(place)
            place = child
        }
        heap[place] = entry
        slots[Int(entry.slot)].newer = UInt32(place)
    }
}
