/// How much of each segment the index points to. A value; ``DiskIndex`` keeps it with every entry that comes, changes or
/// goes, so it is right whoever fills the index: a write, a removal, a move, recovery, a checkpoint.
///
/// A newer head in a record of its own counts with an estimate, for its length stands in the record only.
struct SegmentUsage: Sendable {
    /// What is live in one segment.
    struct Live: Sendable, Equatable {
        /// Records that an entry points to.
        var records = 0
        /// Bytes of those, about.
        var bytes = 0
    }

    private var segments: [UInt32: Live] = [:]
    /// Of all segments together.
    private(set) var total = Live()

    var memoryBytes: Int { segments.capacity * (MemoryLayout<(UInt32, Live)>.stride + 1) }

    /// What is live in a segment; nothing for one that is not known.
    subscript(sequence: UInt32) -> Live { segments[sequence] ?? Live() }

    mutating func enter(_ entry: DiskIndex.Entry) {
        change(entry.place, 1, entry.length)
        change(entry.headPlace, 1, StoreLimits.headRecordEstimate)
    }

    mutating func leave(_ entry: DiskIndex.Entry) {
        change(entry.place, -1, -entry.length)
        change(entry.headPlace, -1, -StoreLimits.headRecordEstimate)
    }

    /// An entry has been changed in its place. Most changes are of its flags alone.
    mutating func replace(_ old: DiskIndex.Entry, by new: DiskIndex.Entry) {
        guard old.place != new.place || old.headPlace != new.headPlace || old.units != new.units else { return }
        leave(old)
        enter(new)
    }

    private mutating func change(_ place: DiskIndex.Place, _ records: Int, _ bytes: Int) {
        guard place != .none else { return }
        var live = self[place.segment]
        live.records += records
        live.bytes += bytes
        total.records += records
        total.bytes += bytes
        segments[place.segment] = live.records == 0 ? nil : live
    }
}
