/// One request of a trace. A value.
public struct TraceRequest: Sendable, Hashable {
    /// Of key and size together: an object of another size is another object.
    public var hash: UInt128
    /// Bytes.
    public var size: Int
}

/// A hash of 128 bits over a key's bytes and a size, uniform enough for tables. Not keyed: a trace is no attacker.
struct ObjectHash {
    private static let first: UInt64 = 0x9E37_79B9_7F4A_7C15
    private static let second: UInt64 = 0xD6E8_FEB8_6659_FD93

    static func hash(_ key: Span<UInt8>, size: Int) -> UInt128 {
        var low = first
        var high = second ^ UInt64(key.count)
        var index = 0
        while index < key.count {
            var word: UInt64 = 0
            let end = min(index + 8, key.count)
            while index < end {
                word = word << 8 | UInt64(key[index])
                index += 1
            }
            low = fold(low ^ word, 0xA076_1D64_78BD_642F)
            high = fold(high ^ word, 0xE703_7ED1_A0B4_28DB) ^ low
        }
        let length = UInt64(truncatingIfNeeded: size)
        low = mix(low ^ mix(length &+ first))
        high = mix(high ^ mix(length ^ second) ^ low)
        return UInt128(high) << 64 | UInt128(low)
    }

    private static func fold(_ value: UInt64, _ factor: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: factor)
        return product.high ^ product.low ^ value
    }

    /// The finaliser of SplitMix64.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
