/// Which keys were read from the page cache lately, so that those that are read again come into memory. A value;
/// ``DiskTier`` locks it.
///
/// One place for each object that memory may hold, taken by whichever key came last: a key is remembered for about as many
/// reads as it would have stayed in memory. A lost or false memory costs a promotion too few or too many.
struct RecentReads: Sendable {
    private var marks: ContiguousArray<UInt32>
    private let mask: Int

    /// For a tier of `memoryBytes`.
    init(memoryBytes: Int) {
        let wanted = min(max(memoryBytes / StoreLimits.typicalObject, 256), StoreLimits.recentReads)
        let count = 1 << (Int.bitWidth - 1 - wanted.leadingZeroBitCount)
        marks = ContiguousArray(repeating: 0, count: count)
        mask = count - 1
    }

    var memoryBytes: Int { marks.capacity * 4 }

    /// Notes a read and says whether the key was read lately. `hash` must be uniform in all its bits.
    mutating func recordAndTest(_ hash: UInt128) -> Bool {
        let place = Int(truncatingIfNeeded: hash >> 64) & mask
        let mark = UInt32(truncatingIfNeeded: hash) | 1
        guard marks[place] != mark else { return true }
        marks[place] = mark
        return false
    }
}
