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
        bytes.appendNumber(Self.sum(bytes, at: 0))
        return bytes
    }

    /// nil when what stands at `start` is not a whole, undamaged header of this version.
    init?(_ bytes: [UInt8], at start: Int = 0) {
        var reader = ByteReader(bytes, start..<min(bytes.count, start + Self.bytes))
        guard bytes.count - start >= Self.bytes, reader.number(UInt32.self) == Self.magic,
            let state = reader.number(UInt32.self), reader.number(UInt16.self) == Self.version,
            let kind = reader.number(UInt8.self).flatMap(Kind.init), let coding = reader.number(UInt8.self),
            let units = reader.number(UInt32.self),
            let low = reader.number(UInt64.self), let high = reader.number(UInt64.self),
            let generation = reader.number(UInt64.self), let log = reader.number(UInt64.self),
            let number = reader.number(UInt64.self), let time = reader.number(Int64.self),
            let bodyLength = reader.number(UInt64.self).flatMap(Int.init(exactly:)),
            let key = reader.number(UInt32.self), let variant = reader.number(UInt32.self),
            let head = reader.number(UInt32.self), let blocks = reader.number(UInt32.self),
            let frontSum = reader.number(UInt32.self), let tag = reader.number(UInt16.self)
        else { return nil }
        var last = ByteReader(bytes, (start + Self.bytes - 4)..<(start + Self.bytes))
        guard last.number(UInt32.self) == Self.sum(bytes, at: start) else { return nil }
        isLive = state == Self.live
        self.kind = kind
        self.coding = coding
        hash = UInt128(high) << 64 | UInt128(low)
        self.generation = generation
        self.log = log
        purgeNumber = number
        timeWritten = time
        self.bodyLength = bodyLength
        keyLength = Int(key)
        variantLength = Int(variant)
        headLength = Int(head)
        self.frontSum = frontSum
        variantTag = tag
        // The checksum says that these are what was written; the bounds say that arithmetic with them is safe.
        guard bodyLength <= 1 << 40, keyLength <= StoreLimits.keyBytes, headLength <= StoreLimits.headBytes,
            variantLength <= StoreLimits.keyBytes, Int(blocks) == self.blocks,
            Int(units) * Self.alignment == length
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
    private static func sum(_ bytes: [UInt8], at start: Int) -> UInt32 {
        var sum = CRC32C()
        sum.add(bytes.span.extracting(start..<(start + stateOffset)))
        sum.add(bytes.span.extracting((start + stateOffset + 4)..<(start + Self.bytes - 4)))
        return sum.value
    }
}
