/// A disk tier without its bytes: a log of segments, and which object lies in which. A value.
///
/// By the store's rules: records are appended to the active segment; one larger than a segment has a segment of its own; one
/// ordinary segment is always kept free. When room is needed, the least recently read segment goes, and its records that
/// were read since they were written, or that are in memory, are written again to the active one, up to half of it. An
/// object of a trace never changes, so nothing in a segment dies before the segment does. Headers are not counted.
struct SegmentLog: Sendable {
    private struct Segment: Sendable {
        /// What it takes: its capacity while it is written to, its length afterwards.
        var bytes: Int
        var lastUse: UInt64
        /// Slots of what was written to it.
        var records: [UInt32] = []
    }

    let limit: Int
    let segmentBytes: Int
    let recordLimit: Int
    /// Objects larger than this are never in memory, and not carried over.
    let largestInMemory: Int

    private var index = EvictionIndex(policy: .lru)
    /// By slot: the segment it lies in, and whether it was read since it was written.
    private var places: ContiguousArray<(segment: UInt32, isHit: Bool)> = []
    private var segments: [UInt32: Segment] = [:]
    private var active: UInt32?
    private var offset = 0
    private var usedBytes = 0
    private var tick: UInt64 = 0
    private var nextSegment: UInt32 = 1

    private(set) var bytesWritten = 0
    private(set) var bytesCarriedOver = 0
    private(set) var segmentsGivenUp = 0

    init(bytes: Int, largestInMemory: Int) {
        limit = bytes
        // A disk smaller than the store would open still has four segments.
        segmentBytes = max(1, min(DiskRules.segmentBytes(disk: bytes), bytes / 4))
        recordLimit = DiskRules.recordLimit(disk: bytes)
        self.largestInMemory = largestInMemory
    }

    /// Whether the object is there; counts as a use of its segment.
    mutating func read(_ hash: UInt128) -> Bool {
        guard let slot = index.find(hash) else { return false }
        places[Int(slot)].isHit = true
        tick += 1
        segments[places[Int(slot)].segment]?.lastUse = tick
        return true
    }

    /// Writes the object unless it is there, or too large.
    mutating func write(_ hash: UInt128, size: Int, memory: EvictionIndex) {
        guard size <= recordLimit, index.find(hash) == nil else { return }
        let target: UInt32
        if size > segmentBytes {
            target = makeSegment(capacity: size, memory)
        } else {
            if active == nil || offset + size > segmentBytes { startSegment(keeping: size, memory) }
            guard let active else { return }
            target = active
            offset += size
        }
        append(hash, size, to: target)
    }

    private mutating func append(_ hash: UInt128, _ size: Int, to segment: UInt32) {
        let slot = index.insert(hash, cost: size)
        while places.count < index.slotCount { places.append((0, false)) }
        places[Int(slot)] = (segment, false)
        segments[segment]?.records.append(slot)
        bytesWritten += size
    }

    /// Seals the active segment and begins another one.
    private mutating func startSegment(keeping size: Int, _ memory: EvictionIndex) {
        if let active, let sealed = segments[active] {
            usedBytes += offset - sealed.bytes
            segments[active]?.bytes = offset
        }
        active = nil
        active = makeSegment(capacity: segmentBytes, memory)
        offset = 0
        makeSpace(for: segmentBytes, keeping: size, memory)
    }

    private mutating func makeSegment(capacity: Int, _ memory: EvictionIndex) -> UInt32 {
        makeSpace(for: capacity, keeping: 0, memory)
        tick += 1
        segments[nextSegment] = Segment(bytes: capacity, lastUse: tick)
        usedBytes += capacity
        nextSegment += 1
        return nextSegment - 1
    }

    private mutating func makeSpace(for bytes: Int, keeping: Int, _ memory: EvictionIndex) {
        var allowance = min(segmentBytes / 2, segmentBytes - offset - keeping)
        while usedBytes + bytes > limit {
            let sealed = segments.lazy.filter { [active] in $0.key != active }
            guard let victim = sealed.min(by: { $0.value.lastUse < $1.value.lastUse }) else { return }
            segments[victim.key] = nil
            usedBytes -= victim.value.bytes
            segmentsGivenUp += 1
            for slot in victim.value.records where places[Int(slot)].segment == victim.key {
                carryOver(slot, &allowance, memory)
            }
        }
    }

    private mutating func carryOver(_ slot: UInt32, _ allowance: inout Int, _ memory: EvictionIndex) {
        let hash = index.hash(of: slot)
        let size = index.cost(of: slot)
        let isWanted = size <= largestInMemory && (places[Int(slot)].isHit || memory.find(hash) != nil)
        index.remove(slot)
        places[Int(slot)] = (0, false)
        guard isWanted, size <= allowance, let active, offset + size <= segmentBytes else { return }
        allowance -= size
        offset += size
        bytesCarriedOver += size
        append(hash, size, to: active)
    }
}
