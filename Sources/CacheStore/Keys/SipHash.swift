/// SipHash with 128 bits of output and any number of rounds (Aumasson and Bernstein, 2012). A value: the secret key.
///
/// The store uses one compression and three finalisation rounds, as hash tables commonly do: who does not know the key
/// cannot make two keys collide on purpose, and nothing in the store is wrong when two do, only slower. The rounds are
/// parameters so that the published vectors of SipHash-2-4-128 test this very code.
struct SipHash: Sendable, Equatable {
    let k0: UInt64
    let k1: UInt64

    /// A key from the system's random numbers.
    static func random() -> SipHash {
        var generator = SystemRandomNumberGenerator()
        return SipHash(k0: generator.next(), k1: generator.next())
    }

    /// The 128-bit hash of `bytes`, its first eight output bytes in the low half.
    ///
    /// Unsafe pointer: it reads `bytes` only within `0..<count`, eight at a time while eight are left, and does not
    /// outlive the closure.
    func hash(_ bytes: Span<UInt8>, compression: Int = 1, finalisation: Int = 3) -> UInt128 {
        var state = State(k0, k1)
        bytes.withUnsafeBytes { raw in
            let count = raw.count
            let whole = count & ~7
            var offset = 0
            while offset < whole {
                let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                state.compress(word, compression)
                offset += 8
            }
            var last = UInt64(truncatingIfNeeded: count) << 56
            var shift: UInt64 = 0
            while offset < count {
                last |= UInt64(raw[offset]) << shift
                shift += 8
                offset += 1
            }
            state.compress(last, compression)
        }
        return state.finish(finalisation)
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        init(_ k0: UInt64, _ k1: UInt64) {
            v0 = k0 ^ 0x736f_6d65_7073_6575
            v1 = k1 ^ 0x646f_7261_6e64_6f6d ^ 0xee
            v2 = k0 ^ 0x6c79_6765_6e65_7261
            v3 = k1 ^ 0x7465_6462_7974_6573
        }

        @inline(__always)
        mutating func round() {
            v0 &+= v1
            v1 = rotate(v1, 13) ^ v0
            v0 = rotate(v0, 32)
            v2 &+= v3
            v3 = rotate(v3, 16) ^ v2
            v0 &+= v3
            v3 = rotate(v3, 21) ^ v0
            v2 &+= v1
            v1 = rotate(v1, 17) ^ v2
            v2 = rotate(v2, 32)
        }

        @inline(__always)
        private func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
            (value &<< bits) | (value &>> (64 &- bits))
        }

        @inline(__always)
        mutating func compress(_ word: UInt64, _ rounds: Int) {
            v3 ^= word
            for _ in 0..<rounds { round() }
            v0 ^= word
        }

        mutating func finish(_ rounds: Int) -> UInt128 {
            v2 ^= 0xee
            for _ in 0..<rounds { round() }
            let low = v0 ^ v1 ^ v2 ^ v3
            v1 ^= 0xdd
            for _ in 0..<rounds { round() }
            let high = v0 ^ v1 ^ v2 ^ v3
            return UInt128(high) << 64 | UInt128(low)
        }
    }
}
