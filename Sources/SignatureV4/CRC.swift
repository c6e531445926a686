/// The cyclic checksums of S3. *Value*.
public enum CRCKind: Sendable, CaseIterable {
    /// CRC-32 of zlib and Ethernet.
    case crc32
    /// CRC-32C (Castagnoli).
    case crc32c
    /// CRC-64/NVME.
    case crc64nvme

    /// Bits of the checksum.
    public var width: Int { self == .crc64nvme ? 64 : 32 }

    /// The polynomial with its lowest power in the highest bit: all three process each byte from its lowest bit on.
    fileprivate var polynomial: UInt64 {
        switch self {
        case .crc32: 0xEDB8_8320
        case .crc32c: 0x82F6_3B78
        case .crc64nvme: 0x9A6C_9329_AC4B_C9B5
        }
    }

    fileprivate var mask: UInt64 { self == .crc64nvme ? .max : 0xFFFF_FFFF }

    fileprivate var table: [UInt64] {
        switch self {
        case .crc32: Tables.crc32
        case .crc32c: Tables.crc32c
        case .crc64nvme: Tables.crc64nvme
        }
    }
}

/// One cyclic checksum over bytes that arrive in pieces. *Value*.
///
/// Eight bytes are folded in a step through eight tables. A checksum of 32 bits lives in the low half of 64, so one
/// loop serves all kinds.
public struct CRC: Sendable {
    /// Which checksum it is.
    public let kind: CRCKind
    private var state: UInt64

    /// The checksum of nothing.
    public init(_ kind: CRCKind) {
        self.kind = kind
        self.state = kind.mask
    }

    /// The checksum of everything that was fed.
    public var value: UInt64 { state ^ kind.mask }

    /// The value's bytes in network order, four or eight of them, as S3 encodes them in Base64.
    public var bytes: [UInt8] { Self.bytes(value, kind) }

    /// Feeds the next bytes.
    public mutating func update(_ bytes: RawSpan) {
        var crc = state
        kind.table.withUnsafeBufferPointer { table in
            bytes.withUnsafeBytes { input in
                var index = 0
                // Both pointers are read within their bounds: `table` has 8 × 256 entries and every index into it is
                // a byte plus a constant of at most 7 × 256.
                while index + 8 <= input.count {
                    crc ^= UInt64(littleEndian: input.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                    crc =
                        table[Int(crc & 0xFF) &+ 1792] ^ table[Int(crc &>> 8 & 0xFF) &+ 1536]
                        ^ table[Int(crc &>> 16 & 0xFF) &+ 1280] ^ table[Int(crc &>> 24 & 0xFF) &+ 1024]
                        ^ table[Int(crc &>> 32 & 0xFF) &+ 768] ^ table[Int(crc &>> 40 & 0xFF) &+ 512]
                        ^ table[Int(crc &>> 48 & 0xFF) &+ 256] ^ table[Int(crc &>> 56)]
                    index &+= 8
                }
                while index < input.count {
                    crc = table[Int((crc ^ UInt64(input[index])) & 0xFF)] ^ (crc &>> 8)
                    index &+= 1
                }
            }
        }
        state = crc
    }

    /// The checksum of `bytes`.
    public static func checksum(_ kind: CRCKind, _ bytes: RawSpan) -> UInt64 {
        var crc = CRC(kind)
        crc.update(bytes)
        return crc.value
    }

    /// The value's bytes in network order.
    public static func bytes(_ value: UInt64, _ kind: CRCKind) -> [UInt8] {
        stride(from: kind.width - 8, through: 0, by: -8).map { UInt8(truncatingIfNeeded: value >> UInt64($0)) }
    }

    /// The checksum of two parts put together, from the checksum of each and the second one's length in bytes.
    ///
    /// A checksum is a remainder modulo the polynomial: appending n bytes multiplies the first one by x^8n.
    public static func combine(_ kind: CRCKind, _ first: UInt64, _ second: UInt64, secondLength: UInt64) -> UInt64 {
        let one: UInt64 = 1 << UInt64(kind.width - 1)
        var factor = one
        var power = one >> 8
        var bytes = secondLength
        while bytes > 0 {
            if bytes & 1 == 1 { factor = multiply(kind, factor, power) }
            power = multiply(kind, power, power)
            bytes >>= 1
        }
        return multiply(kind, factor, first) ^ second
    }

    private static func multiply(_ kind: CRCKind, _ a: UInt64, _ b: UInt64) -> UInt64 {
        var product: UInt64 = 0
        var shifted = b
        var bit: UInt64 = 1 << UInt64(kind.width - 1)
        while bit != 0 {
            if a & bit != 0 { product ^= shifted }
            shifted = shifted & 1 == 1 ? (shifted >> 1) ^ kind.polynomial : shifted >> 1
            bit >>= 1
        }
        return product
    }
}

/// Eight tables of 256 entries a polynomial: entry `256 * n + b` is what byte `b` followed by `n` zero bytes adds.
private enum Tables {
    static let crc32 = make(CRCKind.crc32.polynomial)
    static let crc32c = make(CRCKind.crc32c.polynomial)
    static let crc64nvme = make(CRCKind.crc64nvme.polynomial)

    static func make(_ polynomial: UInt64) -> [UInt64] {
        var table = [UInt64](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var value = UInt64(byte)
            for _ in 0..<8 {
                value = value & 1 == 1 ? (value >> 1) ^ polynomial : value >> 1
            }
            table[byte] = value
        }
        for index in 256..<table.count {
            let previous = table[index - 256]
            table[index] = table[Int(previous & 0xFF)] ^ (previous >> 8)
        }
        return table
    }
}
