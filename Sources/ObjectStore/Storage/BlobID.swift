internal import SignatureV4

/// The name of a file with an object's bytes. *Value*.
///
/// Twelve random bytes, so that a name never comes back, and the number of the start in which it was made: what an
/// earlier start left behind can be told from what this one is writing without looking at any clock.
struct BlobID: Hashable, Sendable {
    private static let byteCount = 16

    /// Sixteen bytes in two numbers: a store with millions of objects keeps all names in memory for a moment.
    private let high: UInt64
    private let low: UInt64

    init(generation: UInt32) {
        let random = Digest.random(count: Self.byteCount - 4)
        high = Self.number(random[0..<8])
        low = Self.number(random[8...]) << 32 | UInt64(generation)
    }

    init?(bytes: some Collection<UInt8>) {
        guard bytes.count == Self.byteCount else { return nil }
        high = Self.number(bytes.prefix(8))
        low = Self.number(bytes.dropFirst(8))
    }

    init?(fileName: String) {
        guard let bytes = Hex.decode(fileName) else { return nil }
        self.init(bytes: bytes)
    }

    private static func number(_ bytes: some Collection<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }

    var bytes: [UInt8] {
        [high, low].flatMap { number in
            stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: number >> $0) }
        }
    }

    var generation: UInt32 { UInt32(truncatingIfNeeded: low) }
    var fileName: String { Hex.encode(bytes) }
    /// `3f`
    var folderName: String { Self.folderName(UInt8(truncatingIfNeeded: high >> 56)) }
    /// `3f/3f0a…`
    var relativePath: String { "\(folderName)/\(fileName)" }

    static func folderName(_ first: UInt8) -> String { Hex.encode([first]) }
}
