/// A small generator of random numbers with a fixed seed, so that a failure can be repeated. A value.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// The same seed gives the same numbers.
    public init(seed: UInt64) { state = seed }

    /// SplitMix64.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// `text` with a few of its bytes changed, left out, doubled, or replaced by one of `tokens`.
    public mutating func damage(_ text: [UInt8], with tokens: [String] = []) -> [UInt8] {
        var bytes = text
        for _ in 0..<Int.random(in: 0...3, using: &self) where !bytes.isEmpty {
            let place = bytes.indices.randomElement(using: &self) ?? 0
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes[place] = .random(in: .min ... .max, using: &self)
            case 1: bytes.remove(at: place)
            case 2: bytes.insert(bytes[place], at: place)
            case 3: bytes.removeSubrange(place..<min(place + 8, bytes.count))
            default: bytes.insert(contentsOf: Array((tokens.randomElement(using: &self) ?? "\0").utf8), at: place)
            }
        }
        return bytes
    }
}
