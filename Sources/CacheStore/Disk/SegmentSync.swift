/// What of a segment is on the disk for good. A value; ``DiskTier`` locks it.
///
/// Writes are counted after they are done, and what was synced is noted with the number that stood there before the sync began.
/// So whatever was written earlier than a count that is synced survives a power loss, and any number of threads may
/// sync at the same time.
struct SegmentSync: Sendable {
    /// Changes of the file so far. It begins with one: nobody knows what an earlier process has left unsynced.
    private(set) var writes: UInt64 = 1
    /// The last of them that cleared a state word.
    private(set) var lastKill: UInt64 = 1
    private var synced: UInt64 = 0

    var isDirty: Bool { synced < writes }
    var hasUnsyncedKills: Bool { synced < lastKill }

    mutating func noteWrite() { writes += 1 }

    mutating func noteKill() {
        writes += 1
        lastKill = writes
    }

    /// A sync has succeeded that began when the count was `writes`.
    mutating func noteSync(_ writes: UInt64) { synced = max(synced, writes) }
}
