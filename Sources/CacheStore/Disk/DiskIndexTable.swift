/// A part of ``DiskIndex``: open addressing with linear probing and backward-shift deletion over numbers of entries, which
/// lie in chunks, so that growing never copies them. A value.
struct DiskIndexTable: Sendable {
    typealias Entry = DiskIndex.Entry

    private static let none = UInt16.max
    /// Entries in a chunk.
    private static let chunk = 64
    /// More than a split leaves to any table; what is above is refused.
    private static let limit = 60_000

    /// Numbers of entries, where their hashes say; a power of two of them.
    private var places: ContiguousArray<UInt16>
    private var chunks: ContiguousArray<ContiguousArray<Entry>> = []
    /// Entries that were ever used.
    private var used = 0
    /// The first of those not used any more; each names the next one as its length.
    private var free = Self.none
    private(set) var count = 0

    /// `expecting`: the number of entries that come at once.
    init(expecting: Int = 0) {
        var size = 16
        while size * 4 < expecting * 5 { size *= 2 }
        places = ContiguousArray(repeating: Self.none, count: size)
    }

    /// With what the allocator and the arrays add: 48 bytes each.
    var memoryBytes: Int {
        chunks.count * (Self.chunk * MemoryLayout<Entry>.stride + 48) + chunks.capacity * 8 + 48 + places.count * 2 + 48
    }

    subscript(entry: UInt16) -> Entry {
        get { chunks[Int(entry) / Self.chunk][Int(entry) % Self.chunk] }
        set { chunks[Int(entry) / Self.chunk][Int(entry) % Self.chunk] = newValue }
    }

    /// Where the look-up of a hash with these low bits begins.
    func home(_ low: UInt64) -> Int { Int(truncatingIfNeeded: low) & (places.count - 1) }

    func position(after position: Int) -> Int { (position + 1) & (places.count - 1) }

    /// The next entry with this hash, from a position on.
    func find(_ hash: UInt128, from start: Int) -> (entry: UInt16, position: Int)? {
        var position = start
        while places[position] != Self.none {
            if self[places[position]].hash == hash { return (places[position], position) }
            position = self.position(after: position)
        }
        return nil
    }

    func forEach(_ body: (Entry, UInt16) -> Void) {
        for entry in places where entry != Self.none { body(self[entry], entry) }
    }

    mutating func insert(_ entry: Entry) -> Bool {
        guard count < Self.limit else { return false }
        if (count + 1) * 5 > places.count * 4 { grow() }
        var number = free
        if number != Self.none {
            free = UInt16(truncatingIfNeeded: self[number].units)
            self[number] = entry
        } else {
            number = UInt16(used)
            if used / Self.chunk == chunks.count {
                var chunk = ContiguousArray<Entry>()
                chunk.reserveCapacity(Self.chunk)
                chunks.append(chunk)
            }
            chunks[used / Self.chunk].append(entry)
            used += 1
        }
        put(number)
        count += 1
        return true
    }

    mutating func remove(_ entry: UInt16) {
        let mask = places.count - 1
        var gap = home(self[entry].low)
        while places[gap] != entry { gap = (gap + 1) & mask }
        var position = gap
        while true {
            position = (position + 1) & mask
            let candidate = places[position]
            if candidate == Self.none { break }
            let itsHome = home(self[candidate].low)
            if (position - itsHome) & mask >= (position - gap) & mask {
                places[gap] = candidate
                gap = position
            }
        }
        places[gap] = Self.none
        self[entry].place = .none
        self[entry].units = UInt32(free)
        free = entry
        count -= 1
    }

    private mutating func put(_ entry: UInt16) {
        var position = home(self[entry].low)
        while places[position] != Self.none { position = self.position(after: position) }
        places[position] = entry
    }

    private mutating func grow() {
        let old = places
        places = ContiguousArray(repeating: Self.none, count: old.count * 2)
        for entry in old where entry != Self.none { put(entry) }
    }
}
