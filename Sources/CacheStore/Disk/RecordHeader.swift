/// The fixed part at the start of every record: 128 bytes, little-endian. A value.
///
/// ```
///   0 u32 magic "APR1"        4 u32 state (LIVE, else dead; not under the checksum: it is cleared in place)
///   8 u16 version            10 u8 kind, u8 coding      12 u32 record length / 8
///  16 u128 key hash          32 u64 generation
///  40 u64 log, u64 purge number, i64 time written
///  64 u64 body length        72 u32 key, variant, head lengths, blocks
///  88 u32 checksum of the front: variant, key, head, block checksums
///  92 u16 variant tag        94 zeros                  124 u32 checksum of this header
/// ```
/// Then: variant, key, head, one CRC-32C for each 64 KiB block of the body, the body, zeros up to a multiple of 8.
struct RecordHeader: Sendable, Equatable {
    enum Kind: UInt8, Sendable {
        /// A form: head and body.
        case form = 1
        /// A newer head for a form of the same generation (a 304): no body.
        case head = 2
    }

    static let bytes = 128
    static let magic: UInt32 = 0x3152_5041
    static let version: UInt16 = 1
    /// The state of a record in use. Anything else is dead, so that a damaged state is a miss.
    static let live: UInt32 = 0x4556_494C
    static let stateOffset = 4
    /// Records start at multiples of this.
    static let alignment = 8

    var isLive = true
    var kind: Kind
    var coding: UInt8
    var hash: UInt128
    var generation: UInt64
    var log: UInt64
    var purgeNumber: UInt64
    var timeWritten: Int64
    var bodyLength: Int
    var keyLength: Int
    var variantLength: Int
    var headLength: Int
    var frontSum: UInt32
    var variantTag: UInt16

    var blocks: Int { (bodyLength + StoreLimits.blockBytes - 1) / StoreLimits.blockBytes }
    /// From the record's start to its body.
    var frontLength: Int { Self.bytes + variantLength + keyLength + headLength + 4 * blocks }
    /// The whole record.
    var length: Int { (frontLength + bodyLength + Self.alignment - 1) / Self.alignment * Self.alignment }

    var variantRange: Range<Int> { Self.bytes..<(Self.bytes + variantLength) }
    var keyRange: Range<Int> { variantRange.upperBound..<(variantRange.upperBound + keyLength) }
    var headRange: Range<Int> { keyRange.upperBound..<(keyRange.upperBound + headLength) }
    var blockRange: Range<Int> { headRange.upperBound..<frontLength }

    func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.bytes)
        bytes.appendNumber(Self.magic)
        bytes.appendNumber(isLive ? Self.live : 0)
        bytes.appendNumber(Self.version)
        bytes.append(kind.rawValue)
        bytes.append(coding)
        bytes.appendNumber(UInt32(truncatingIfNeeded: length / Self.alignment))
        bytes.appendNumber(UInt64(truncatingIfNeeded: hash))
        bytes.appendNumber(UInt64(truncatingIfNeeded: hash >> 64))
        bytes.appendNumber(generation)
        bytes.appendNumber(log)
        bytes.appendNumber(purgeNumber)
        bytes.appendNumber(timeWritten)
        bytes.appendNumber(UInt64(bodyLength))
        for length in [keyLength, variantLength, headLength, blocks] {
            bytes.appendNumber(UInt32(truncatingIfNeeded: length))
        }
        bytes.appendNumber(frontSum)
        bytes.appendNumber(variantTag)
        bytes.append(contentsOf: repeatElement(0, count: Self.bytes - 4 - bytes.count))
        // Its own place is not summed up.
        bytes.appendNumber(UInt32(0))
        let sum = Self.sum(bytes.span.bytes)
        bytes.removeLast(4)
        bytes.appendNumber(sum)
        return bytes
    }

    /// nil when what stands at `start` is not a whole, undamaged header of this version.
    init?(_ bytes: [UInt8], at start: Int = 0) {
        guard start >= 0, bytes.count - start >= Self.bytes else { return nil }
        self.init(bytes.span.bytes.extracting(start..<(start + Self.bytes)))
    }

    /// The same for what stands at the beginning of `raw`.
    init?(_ raw: RawSpan) {
        guard raw.byteCount >= Self.bytes, raw.number(at: 0) == Self.magic, raw.number(at: 8) == Self.version,
            raw.number(at: Self.bytes - 4) == Self.sum(raw),
            let kind = Kind(rawValue: raw.number(at: 10)),
            let bodyLength = Int(exactly: raw.number(at: 64, UInt64.self))
        else { return nil }
        isLive = raw.number(at: Self.stateOffset) == Self.live
        self.kind = kind
        coding = raw.number(at: 11)
        hash = raw.number(at: 16)
        generation = raw.number(at: 32)
        log = raw.number(at: 40)
        purgeNumber = raw.number(at: 48)
        timeWritten = raw.number(at: 56)
        self.bodyLength = bodyLength
        keyLength = Int(raw.number(at: 72, UInt32.self))
        variantLength = Int(raw.number(at: 76, UInt32.self))
        headLength = Int(raw.number(at: 80, UInt32.self))
        frontSum = raw.number(at: 88)
        variantTag = raw.number(at: 92)
        // The checksum says that these are what was written; the bounds say that arithmetic with them is safe.
        guard bodyLength <= 1 << 40, keyLength <= StoreLimits.keyBytes, headLength <= StoreLimits.headBytes,
            variantLength <= StoreLimits.keyBytes, Int(raw.number(at: 84, UInt32.self)) == blocks,
            Int(raw.number(at: 12, UInt32.self)) * Self.alignment == length
        else { return nil }
    }

    init(
        kind: Kind,
        coding: UInt8,
        hash: UInt128,
        generation: UInt64,
        mark: PurgeMark,
        timeWritten: Int64,
        bodyLength: Int,
        keyLength: Int,
        variant: [UInt8],
        headLength: Int
    ) {
        self.kind = kind
        self.coding = coding
        self.hash = hash
        self.generation = generation
        log = mark.log
        purgeNumber = mark.number
        self.timeWritten = timeWritten
        self.bodyLength = bodyLength
        self.keyLength = keyLength
        variantLength = variant.count
        self.headLength = headLength
        frontSum = 0
        variantTag = Self.tag(of: variant)
    }

    /// 16 bits that tell variants of one key apart in the index; 0 for none. Two that share it displace each other.
    static func tag(of variant: [UInt8]) -> UInt16 {
        guard !variant.isEmpty else { return 0 }
        return UInt16(CRC32C.of(variant.span) % 0xFFFF) + 1
    }

    /// Over everything but the state word and the checksum itself.
    private static func sum(_ header: RawSpan) -> UInt32 {
        var sum = CRC32C()
        sum.add(header.extracting(0..<stateOffset))
        sum.add(header.extracting((stateOffset + 4)..<(bytes - 4)))
        return sum.value
    }
}
