/// Where the forms on disk are: 48 bytes an entry, and 3 to 7 for tables and slack. A value; ``DiskTier`` locks it.
///
/// One entry for each form; the forms of one key share its hash. Linear hashing: there are as many tables as the index has
/// thousands of entries, and when another one is due, one table is split into two. So no insertion moves more than
/// about two thousand entries, whatever the index holds, and readers never wait long for the lock.
struct DiskIndex: Sendable {
    /// A record's place: segment and offset, in units of 8 bytes. Segment 0 does not exist.
    struct Place: Sendable, Hashable {
        var segment: UInt32
        var units: UInt32

        static let none = Place(segment: 0, units: 0)

        var offset: Int { Int(units) * RecordHeader.alignment }
    }

    struct Entry: Sendable {
        var low: UInt64
        var high: UInt64
        var generation: UInt64
        var place: Place
        /// A newer head, in a record of its own; `none`: the record's own head holds.
        var headPlace: Place
        /// Length of the record, in units of 8 bytes.
        var units: UInt32
        var variantTag: UInt16
        var coding: UInt8
        var flags: UInt8

        /// It was read since it was written: carried over when its segment is given up.
        static let hit: UInt8 = 1
        /// A newer head is on its way: not to be read until it is there.
        static let headPending: UInt8 = 2

        var hash: UInt128 { UInt128(high) << 64 | UInt128(low) }
        var length: Int { Int(units) * RecordHeader.alignment }
        var isIdentity: Bool { coding == 0 }
    }

    /// Names an entry until the next insertion; removing others does not change it.
    struct Slot: Sendable, Hashable {
        fileprivate var table: UInt32
        fileprivate var entry: UInt16
    }

    /// One of the forms under a hash; see ``first(_:)``.
    struct Cursor: Sendable {
        let slot: Slot
        fileprivate let position: Int
    }

    /// Entries a table has on average when the next one is split.
    private static let entriesPerTable = 1024

    private var tables = ContiguousArray([DiskIndexTable()])
    private var tableBytes = DiskIndexTable().memoryBytes
    private(set) var count = 0
    /// What of each segment is live. Kept here, where entries come, change and go, so that nobody else has to think of it.
    private(set) var usage = SegmentUsage()

    var memoryBytes: Int { usage.memoryBytes + tableBytes + tables.capacity * MemoryLayout<DiskIndexTable>.stride }

    subscript(slot: Slot) -> Entry {
        get { tables[Int(slot.table)][slot.entry] }
        set {
            usage.replace(self[slot], by: newValue)
            tables[Int(slot.table)][slot.entry] = newValue
        }
    }

    /// The first of the forms under the hash, in no order; allocates nothing. Go on with ``next(_:_:)``; in between,
    /// entries may be changed, but none removed or inserted.
    func first(_ hash: UInt128) -> Cursor? {
        let number = number(UInt64(truncatingIfNeeded: hash >> 64))
        return cursor(number, hash, from: tables[number].home(UInt64(truncatingIfNeeded: hash)))
    }

    /// The one after `cursor`.
    func next(_ hash: UInt128, _ cursor: Cursor) -> Cursor? {
        let number = Int(cursor.slot.table)
        return self.cursor(number, hash, from: tables[number].position(after: cursor.position))
    }

    /// The slots of all forms under the hash: for loops that remove.
    func slots(_ hash: UInt128) -> [Slot] {
        var found: [Slot] = []
        var cursor = first(hash)
        while let here = cursor {
            found.append(here.slot)
            cursor = next(hash, here)
        }
        return found
    }

    /// Whether there is any form under the hash. Allocates nothing.
    func contains(_ hash: UInt128) -> Bool { first(hash) != nil }

    /// The slot of one form. Allocates nothing.
    func slot(_ hash: UInt128, coding: UInt8, variantTag: UInt16) -> Slot? {
        var cursor = first(hash)
        while let here = cursor {
            let entry = self[here.slot]
            if entry.coding == coding, entry.variantTag == variantTag { return here.slot }
            cursor = next(hash, here)
        }
        return nil
    }

    /// False when there is no room: only when hashes are not what a keyed hash makes.
    @discardableResult
    mutating func insert(_ entry: Entry) -> Bool {
        if count >= tables.count * Self.entriesPerTable { split() }
        let number = number(entry.high)
        let before = tables[number].memoryBytes
        guard tables[number].insert(entry) else { return false }
        usage.enter(entry)
        tableBytes += tables[number].memoryBytes - before
        count += 1
        return true
    }

    mutating func remove(_ slot: Slot) {
        usage.leave(self[slot])
        tables[Int(slot.table)].remove(slot.entry)
        count -= 1
    }

    /// The slots of all entries for which `matches` holds: walks everything.
    func all(where matches: (Entry) -> Bool) -> [Slot] {
        var found: [Slot] = []
        for number in tables.indices {
            tables[number].forEach { entry, place in
                if matches(entry) { found.append(Slot(table: UInt32(number), entry: place)) }
            }
        }
        return found
    }

    // MARK: Copying

    /// The number of parts that ``entries(ofPart:)`` gives. It grows as entries come, and never falls.
    var parts: Int { tables.count }

    /// A part of the index: all forms of the keys in it. A key may move to a part of a higher number, never to a lower one.
    func entries(ofPart part: Int) -> ContiguousArray<Entry> {
        var copy = ContiguousArray<Entry>()
        copy.reserveCapacity(tables[part].count)
        tables[part].forEach { entry, _ in copy.append(entry) }
        return copy
    }

    // MARK: Tables

    private func cursor(_ number: Int, _ hash: UInt128, from position: Int) -> Cursor? {
        guard let found = tables[number].find(hash, from: position) else { return nil }
        return Cursor(slot: Slot(table: UInt32(number), entry: found.entry), position: found.position)
    }

    /// The hash bits that choose among this many tables; of those that choose none, one bit fewer counts.
    private static func bits(_ tables: Int) -> UInt64 {
        (1 << UInt64(Int.bitWidth - (tables - 1).leadingZeroBitCount)) - 1
    }

    private func number(_ high: UInt64) -> Int {
        let bits = Self.bits(tables.count)
        let number = Int(high & bits)
        return number < tables.count ? number : Int(high & (bits >> 1))
    }

    /// One table more: half of the entries of the one whose turn it is.
    private mutating func split() {
        let source = tables.count & Int(Self.bits(tables.count + 1) >> 1)
        let old = tables[source]
        tableBytes -= old.memoryBytes
        tables[source] = DiskIndexTable(expecting: old.count / 2)
        tables.append(DiskIndexTable(expecting: old.count / 2))
        old.forEach { entry, _ in _ = tables[number(entry.high)].insert(entry) }
        tableBytes += tables[source].memoryBytes + tables[tables.count - 1].memoryBytes
    }
}
