// Little-endian numbers in files: written at the end of an array, read with every bound checked.

extension [UInt8] {
    mutating func appendNumber<Number: FixedWidthInteger>(_ number: Number) {
        var rest = number
        for _ in 0..<(Number.bitWidth / 8) {
            append(UInt8(truncatingIfNeeded: rest))
            rest = Number.bitWidth > 8 ? rest >> 8 : 0
        }
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
