internal import SignatureV4

/// The name of a file with an object's bytes. *Value*.
///
/// Twelve random bytes, so that a name never comes back, and the number of the start in which it was made: what an
/// earlier start left behind can be told from what this one is writing without looking at any clock.
struct BlobID: Hashable, Sendable {
    static let byteCount = 16

    let bytes: [UInt8]

    init(generation: UInt32) {
        let number = (0..<4).map { UInt8(truncatingIfNeeded: generation >> (24 - 8 * UInt32($0))) }
        bytes = Digest.random(count: Self.byteCount - 4) + number
    }

    init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }

    init?(fileName: String) {
        guard let bytes = Hex.decode(fileName) else { return nil }
        self.init(bytes: bytes)
    }

    var generation: UInt32 { bytes.suffix(4).reduce(0) { $0 << 8 | UInt32($1) } }
    var fileName: String { Hex.encode(bytes) }
    /// `3f/3f0a…`
    var relativePath: String { "\(Self.folderName(bytes[0]))/\(fileName)" }

    static func folderName(_ first: UInt8) -> String { Hex.encode([first]) }
}
