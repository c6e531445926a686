/// What a replay's cache has to work with. A value.
public struct ReplayConfiguration: Sendable, Hashable {
    /// What memory keeps when it is full.
    public var policy: EvictionPolicy
    /// Bytes of objects that memory holds.
    public var memoryBytes: Int
    /// Bytes that the disk's segments take; nil: no disk.
    public var diskBytes: Int?
    /// Objects below this many bytes go to disk at once, others on their second request.
    public var admitAtOnceBelow: Int

    /// A memory tier by itself, or with a disk.
    public init(
        policy: EvictionPolicy = .lru,
        memoryBytes: Int,
        diskBytes: Int? = nil,
        admitAtOnceBelow: Int = DiskRules.admitAtOnceBelow
    ) {
        self.policy = policy
        self.memoryBytes = memoryBytes
        self.diskBytes = diskBytes
        self.admitAtOnceBelow = admitAtOnceBelow
    }
}

/// A cache that holds no bytes: drives the store's own structures with a trace of requests and counts. A value.
///
/// Memory is an ``EvictionIndex``, as in one shard of the memory tier; admission to disk is a ``SecondRequestFilter``; the
/// disk is a log of segments by the store's rules. The rules of a replay: a (key, size) pair is an object, which ``request``
/// is given the hash of; a tier's size counts the objects' sizes and no metadata; an object larger than memory bypasses it;
/// every request counts, those of a cold start included.
public struct ReplayCache: Sendable {
    /// What it was made with.
    public let configuration: ReplayConfiguration
    private var counted = ReplayFigures()
    private var memory: EvictionIndex
    /// By slot of `memory`: the next hit offers the object to the disk.
    private var awaitsDisk: ContiguousArray<Bool> = []
    private var disk: SegmentLog?
    private var filter: SecondRequestFilter

    /// An empty cache.
    public init(_ configuration: ReplayConfiguration) {
        self.configuration = configuration
        memory = EvictionIndex(policy: configuration.policy)
        disk = configuration.diskBytes.map { SegmentLog(bytes: $0, largestInMemory: configuration.memoryBytes) }
        let keys = configuration.diskBytes.map { DiskRules.filterKeys(disk: $0, memory: configuration.memoryBytes) }
        filter = SecondRequestFilter(keysPerGeneration: keys ?? 1)
    }

    /// What was counted so far.
    public var figures: ReplayFigures {
        var figures = counted
        if let disk {
            figures.diskBytesWritten = disk.bytesWritten
            figures.diskBytesCarriedOver = disk.bytesCarriedOver
            figures.diskSegmentsGivenUp = disk.segmentsGivenUp
        }
        return figures
    }

    /// Bytes of objects in memory now; never more than its size.
    public var heldBytes: Int { memory.totalCost }

    /// Replays one request and says whether it was a hit. `hash`: of key and size together, uniform in all its bits.
    @discardableResult
    public mutating func request(_ hash: UInt128, size: Int) -> Bool {
        counted.requests += 1
        counted.requestedBytes += size
        if let slot = memory.find(hash) {
            memory.touch(slot)
            counted.memoryHits += 1
            counted.memoryHitBytes += size
            if disk != nil, awaitsDisk[Int(slot)] {
                awaitsDisk[Int(slot)] = false
                disk?.write(hash, size: size, memory: memory)
            }
            return true
        }
        if disk?.read(hash) == true {
            counted.diskHits += 1
            counted.diskHitBytes += size
            keep(hash, size, awaitsDisk: false)
            return true
        }
        guard let limit = disk?.recordLimit, size <= limit else {
            keep(hash, size, awaitsDisk: false)
            return false
        }
        let isAdmitted = size < configuration.admitAtOnceBelow || filter.recordAndTest(hash)
        if !isAdmitted { counted.diskNotAdmitted += 1 }
        keep(hash, size, awaitsDisk: !isAdmitted)
        if isAdmitted { disk?.write(hash, size: size, memory: memory) }
        return false
    }

    /// Puts an object into memory if it fits there and the policy lets it in.
    private mutating func keep(_ hash: UInt128, _ size: Int, awaitsDisk awaits: Bool) {
        let capacity = configuration.memoryBytes
        guard size <= capacity else { return }
        let over = memory.totalCost + size - capacity
        if over > 0, !memory.admits(hash, cost: size, freeing: over) {
            counted.notAdmitted += 1
            return
        }
        while memory.totalCost + size > capacity, memory.evict() != nil { counted.evictions += 1 }
        let slot = memory.insert(hash, cost: size)
        guard disk != nil else { return }
        while awaitsDisk.count < memory.slotCount { awaitsDisk.append(false) }
        awaitsDisk[Int(slot)] = awaits
    }
}
