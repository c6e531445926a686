/// Bodies for tests. A namespace.
public enum TestBytes {
    /// `count` bytes that look random and are the same for the same seed: a shift or a swap of pieces shows.
    public static func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
            for index in 0..<count {
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                buffer[index] = UInt8(truncatingIfNeeded: state >> 24)
            }
            initialised = count
        }
    }
}
