// What has left and is remembered, in the order in which it has left.

extension EvictionIndex {
    /// Remembers an entry that has just left its order. The slot stays what it is until the ghost is forgotten.
    mutating func becomeGhost(_ slot: UInt32) {
        slots[Int(slot)].queue = .ghost
        ghosts.linkNewest(slot, &slots)
        ghosts.cost += slots[Int(slot)].cost
        trimGhosts()
    }

    /// Takes a slot out of the ghosts; it stays in the table.
    mutating func leaveGhosts(_ slot: UInt32) {
        ghosts.unlink(slot, &slots)
        ghosts.cost -= slots[Int(slot)].cost
    }

    /// Forgets the oldest ghosts while there are too many.
    mutating func trimGhosts() {
        for _ in 0..<PolicyLimits.ghostsPerTrim {
            guard !ghosts.isEmpty, hasTooManyGhosts else { return }
            let slot = ghosts.oldest
            leaveGhosts(slot)
            giveSlotBack(slot)
        }
    }

    private var hasTooManyGhosts: Bool {
        if ghosts.count > count + PolicyLimits.ghostsAtLeast { return true }
        return policy == .s3FIFO && ghosts.cost > totalCost / 10 * 9
    }
}
