/// Remembers, in a fixed amount of memory, which keys were asked for lately. A value; whoever shares it locks it.
///
/// Two generations of a Bloom filter: new keys go into the young one, and when that has taken its share it becomes the
/// old one and an empty one takes its place. A key is therefore remembered for at least one and at most two
/// generations. Answers may be wrong only towards "seen" (about 1 % of the keys when a generation is full), which
/// admits an object one request too early and does no harm.
public struct SecondRequestFilter: Sendable {
    /// Bits of the filter set for each key.
    static let probes = 4
    /// Bits a key needs for about 1 % of false answers with four probes.
    static let bitsPerKey = 11

    /// Keys that one generation takes.
    public let keysPerGeneration: Int

    private var young: ContiguousArray<UInt64>
    private var old: ContiguousArray<UInt64>
    private var keysInYoung = 0
    private let mask: UInt64

    /// A filter whose generations take at least `keysPerGeneration` keys each. Memory is about 2 × 11 bits a key, rounded
    /// up to a power of two, and never grows.
    public init(keysPerGeneration: Int) {
        let wanted = max(64, keysPerGeneration * Self.bitsPerKey)
        var bits = 64
        while bits < wanted { bits *= 2 }
        mask = UInt64(bits - 1)
        young = ContiguousArray(repeating: 0, count: bits / 64)
        old = ContiguousArray(repeating: 0, count: bits / 64)
        self.keysPerGeneration = max(1, keysPerGeneration)
    }

    /// Bytes of both generations.
    public var memoryBytes: Int { (young.capacity + old.capacity) * 8 }

    /// Notes a request for the key and says whether it was asked for before. `hash` must be uniform in all its bits.
    public mutating func recordAndTest(_ hash: UInt128) -> Bool {
        let low = UInt64(truncatingIfNeeded: hash)
        // Odd, so that the probes of one key do not fall together.
        let step = UInt64(truncatingIfNeeded: hash >> 64) | 1
        var inYoung = true
        var inOld = true
        for probe in 0..<UInt64(Self.probes) {
            let bit = (low &+ probe &* step) & mask
            let word = Int(bit >> 6)
            let flag = UInt64(1) << (bit & 63)
            if young[word] & flag == 0 {
                inYoung = false
                young[word] |= flag
            }
            if old[word] & flag == 0 { inOld = false }
        }
        if !inYoung {
            keysInYoung += 1
            if keysInYoung >= keysPerGeneration { startGeneration() }
        }
        return inYoung || inOld
    }

    private mutating func startGeneration() {
        swap(&young, &old)
        for word in young.indices { young[word] = 0 }
        keysInYoung = 0
    }
}
