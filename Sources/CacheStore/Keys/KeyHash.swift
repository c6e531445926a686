/// The keyed 128-bit hash of a cache key. A value.
///
/// The key of the hash belongs to one store and is kept with its disk folder; hashes of different stores do not compare.
public struct KeyHash: Hashable, Sendable {
    /// All 128 bits.
    public let value: UInt128

    /// A hash that was computed before.
    public init(value: UInt128) {
        self.value = value
    }

    var low: UInt64 { UInt64(truncatingIfNeeded: value) }
    var high: UInt64 { UInt64(truncatingIfNeeded: value >> 64) }
}
