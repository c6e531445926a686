// Little-endian numbers in files: written at the end of an array, read with every bound checked.

extension [UInt8] {
    /// The bytes of `raw`, and capacity for no others.
    init(copying raw: RawSpan) {
        // Unsafe pointer: read within its count, and gone when the closure returns.
        self = raw.withUnsafeBytes { [UInt8]($0) }
    }

    mutating func appendNumber<Number: FixedWidthInteger>(_ number: Number) {
        var rest = number
        for _ in 0..<(Number.bitWidth / 8) {
            append(UInt8(truncatingIfNeeded: rest))
            rest = Number.bitWidth > 8 ? rest >> 8 : 0
        }
    }
}

extension RawSpan {
    /// The number that stands at `offset`. The caller has checked that it is within.
    func number<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int, _ type: Number.Type = Number.self)
        -> Number
    {
        // Bounds are checked inside; unsafe it is for types of which not every pattern of bits is a value.
        Number(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

/// Reads numbers and strings off an array; nil once it is too short. A value.
struct ByteReader {
    let bytes: [UInt8]
    private(set) var offset: Int
    let end: Int

    init(_ bytes: [UInt8], _ range: Range<Int>? = nil) {
        self.bytes = bytes
        offset = range?.lowerBound ?? 0
        end = min(range?.upperBound ?? bytes.count, bytes.count)
    }

    var isAtEnd: Bool { offset >= end }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        let width = Number.bitWidth / 8
        guard offset <= end - width else { return nil }
        var value: Number = 0
        for place in 0..<width { value |= Number(truncatingIfNeeded: bytes[offset + place]) << Number(8 * place) }
        offset += width
        return value
    }

    mutating func slice(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, count <= end - offset else { return nil }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }
}
