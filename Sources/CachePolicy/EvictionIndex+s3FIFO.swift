// S3-FIFO (Yang, Zhang, Qiu, Yue, Vigfusson: FIFO queues are all you need for cache eviction, SOSP 2023), by cost instead
// of by number.
//
// A newcomer enters the small queue, a tenth of the cost. At its end it moves to the main queue if it was asked for twice
// more, else it leaves and becomes a ghost. What comes back while its ghost is remembered enters the main queue at once.
// At the end of the main queue an entry with uses left goes round again with one less; one without leaves for good.
// Ghosts are remembered for as long as what has left after them costs no more than nine tenths of what is held.

extension EvictionIndex {
    mutating func linkSmall(_ slot: UInt32) {
        slots[Int(slot)].queue = .small
        small.linkNewest(slot, &slots)
        small.cost += slots[Int(slot)].cost
    }

    mutating func evictByQueues() -> UInt32? {
        var steps = 0
        while count > 0 {
            steps += 1
            let mustLeave = steps > PolicyLimits.stepsPerEviction
            if main.isEmpty || (!small.isEmpty && small.cost > totalCost / PolicyLimits.s3SmallShare) {
                let slot = small.oldest
                if slots[Int(slot)].uses >= PolicyLimits.s3UsesToStay, !mustLeave {
                    small.unlink(slot, &slots)
                    small.cost -= slots[Int(slot)].cost
                    slots[Int(slot)].queue = .main
                    slots[Int(slot)].uses = 0
                    main.linkNewest(slot, &slots)
                    continue
                }
                leave(slot)
                becomeGhost(slot)
                return slot
            }
            let slot = main.oldest
            if slots[Int(slot)].uses > 0, !mustLeave {
                slots[Int(slot)].uses -= 1
                main.unlink(slot, &slots)
                main.linkNewest(slot, &slots)
                continue
            }
            leave(slot)
            giveSlotBack(slot)
            return slot
        }
        return nil
    }
}
