/// Where the forms on disk are: 48 bytes an entry and 5 to 10 for the table. A value; ``DiskTier`` locks it.
///
/// One entry for each form. Forms of one key share its hash and stand in one run of the table, which is open addressing
/// with linear probing and backward-shift deletion. Entries lie in chunks, so that growing never copies them.
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

    private static let none = UInt32.max
    private static let chunk = 1024

    private var chunks: ContiguousArray<ContiguousArray<Entry>> = []
    private var table = ContiguousArray<UInt32>(repeating: Self.none, count: 64)
    private var free: ContiguousArray<UInt32> = []
    private var slots = 0
    private(set) var count = 0

    var memoryBytes: Int {
        chunks.count * Self.chunk * MemoryLayout<Entry>.stride + (table.capacity + free.capacity) * 4
    }

    subscript(slot: UInt32) -> Entry {
        get { chunks[Int(slot) / Self.chunk][Int(slot) % Self.chunk] }
        set { chunks[Int(slot) / Self.chunk][Int(slot) % Self.chunk] = newValue }
    }

    /// The slots of all forms under the hash.
    func slots(_ hash: UInt128) -> [UInt32] {
        let mask = table.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        var found: [UInt32] = []
        while table[place] != Self.none {
            if self[table[place]].hash == hash { found.append(table[place]) }
            place = (place + 1) & mask
        }
        return found
    }

    /// Whether there is any form under the hash. Allocates nothing.
    func contains(_ hash: UInt128) -> Bool {
        let mask = table.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while table[place] != Self.none {
            if self[table[place]].hash == hash { return true }
            place = (place + 1) & mask
        }
        return false
    }

    /// The slot of one form.
    func slot(_ hash: UInt128, coding: UInt8, variantTag: UInt16) -> UInt32? {
        slots(hash).first { self[$0].coding == coding && self[$0].variantTag == variantTag }
    }

    mutating func insert(_ entry: Entry) {
        if (count + 1) * 5 > table.count * 4 { growTable() }
        let slot: UInt32
        if let reused = free.popLast() {
            slot = reused
            self[slot] = entry
        } else {
            slot = UInt32(slots)
            slots += 1
            if Int(slot) / Self.chunk == chunks.count {
                var chunk = ContiguousArray<Entry>()
                chunk.reserveCapacity(Self.chunk)
                chunks.append(chunk)
            }
            chunks[Int(slot) / Self.chunk].append(entry)
        }
        put(slot)
        count += 1
    }

    mutating func remove(_ slot: UInt32) {
        let mask = table.count - 1
        var gap = Int(truncatingIfNeeded: self[slot].low) & mask
        while table[gap] != slot { gap = (gap + 1) & mask }
        var place = gap
        while true {
            place = (place + 1) & mask
            let candidate = table[place]
            if candidate == Self.none { break }
            let home = Int(truncatingIfNeeded: self[candidate].low) & mask
            if (place - home) & mask >= (place - gap) & mask {
                table[gap] = candidate
                gap = place
            }
        }
        table[gap] = Self.none
        self[slot].place = .none
        free.append(slot)
        count -= 1
    }

    /// The slots of all entries for which `matches` holds: walks everything.
    func all(where matches: (Entry) -> Bool) -> [UInt32] {
        var found: [UInt32] = []
        for slot in table where slot != Self.none && matches(self[slot]) { found.append(slot) }
        return found
    }

    private mutating func put(_ slot: UInt32) {
        let mask = table.count - 1
        var place = Int(truncatingIfNeeded: self[slot].low) & mask
        while table[place] != Self.none { place = (place + 1) & mask }
        table[place] = slot
    }

    private mutating func growTable() {
        let old = table
        table = ContiguousArray(repeating: Self.none, count: old.count * 2)
        for slot in old where slot != Self.none { put(slot) }
    }
}
