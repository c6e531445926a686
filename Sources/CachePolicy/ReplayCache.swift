/// A cache that holds no bytes: drives ``EvictionIndex`` with a trace of (key, size) requests and counts. A value.
///
/// The rules of a replay: a (key, size) pair is an object, the capacity counts the objects' sizes and no metadata, an
/// object larger than the capacity bypasses the cache, and every request counts, those of a cold start included.
public struct ReplayCache: Sendable {
    /// Bytes of objects that may be held at once.
    public let capacityBytes: Int

    /// Requests replayed so far, and their bytes.
    public private(set) var requests = 0
    /// Bytes of all requests so far.
    public private(set) var requestedBytes = 0
    /// Requests that found their object.
    public private(set) var hits = 0
    /// Bytes of the requests that found their object.
    public private(set) var hitBytes = 0
    /// Objects thrown out to make room.
    public private(set) var evictions = 0

    private var index = EvictionIndex()

    /// An empty cache of `capacityBytes`.
    public init(capacityBytes: Int) {
        self.capacityBytes = capacityBytes
    }

    /// Bytes held now; never more than the capacity.
    public var heldBytes: Int { index.totalCost }

    /// Hits as a fraction of the requests; 0 before the first.
    public var objectHitRatio: Double { requests == 0 ? 0 : Double(hits) / Double(requests) }

    /// Bytes served from the cache as a fraction of all bytes requested; 0 before the first.
    public var byteHitRatio: Double { requestedBytes == 0 ? 0 : Double(hitBytes) / Double(requestedBytes) }

    /// Replays one request and says whether it was a hit.
    @discardableResult
    public mutating func request(key: UInt64, size: Int) -> Bool {
        requests += 1
        requestedBytes += size
        let hash = Self.hash(key: key, size: size)
        if let slot = index.find(hash) {
            index.touch(slot)
            hits += 1
            hitBytes += size
            return true
        }
        guard size <= capacityBytes else { return false }
        while index.totalCost + size > capacityBytes, index.evict() != nil {
            evictions += 1
        }
        _ = index.insert(hash, cost: size)
        return false
    }

    /// Different for different (key, size) pairs: the size stands in the upper half as it is, and the key goes into the
    /// lower half through a bijection (the finaliser of SplitMix64), for the table looks at the low bits.
    private static func hash(key: UInt64, size: Int) -> UInt128 {
        var low = key &+ 0x9E37_79B9_7F4A_7C15
        low = (low ^ (low >> 30)) &* 0xBF58_476D_1CE4_E5B9
        low = (low ^ (low >> 27)) &* 0x94D0_49BB_1331_11EB
        low ^= low >> 31
        return UInt128(UInt64(truncatingIfNeeded: size)) << 64 | UInt128(low)
    }
}
