/// The format of the file `checkpoint`: the index, and up to where of each segment it speaks. A namespace.
///
/// ```
/// head:     0 "APUSCKPT"   8 u32 version   12 u32 segments   16 u64 store   24 u64 highest generation
///          32 u32 next segment   36 u32 zero   40 i64 time taken
///          48 segments × { u32 sequence, u32 zero, u64 covered end, u64 last use }   … u32 CRC-32C of all that
/// chunks:   u32 entries (1…)   u32 CRC-32C of the number and the entries   entries × 48
/// end:      u32 0   u32 CRC-32C of the zero and the number   u64 number of all entries
/// entry:    0 u128 key hash   16 u64 generation   24 u32 segment, u32 offset / 8   32 u32 head's segment, u32 offset / 8
///          40 u32 record length / 8   44 u16 variant tag   46 u8 coding   47 u8 flags
/// ```
enum Checkpoint {
    static let name = "checkpoint"
    static let magic = Array("APUSCKPT".utf8)
    static let version: UInt32 = 1
    static let fixedBytes = 48
    static let segmentBytes = 24
    static let entryBytes = 48
    /// Segments that a head may name; a disk has far fewer.
    static let segmentLimit = 1 << 20
    /// Entries in one chunk: a part of the index has fewer.
    static let chunkLimit = 1 << 16

    /// A segment as the checkpoint knows it. A value.
    struct Covered: Sendable, Equatable {
        var sequence: UInt32
        /// Records before this were settled when the checkpoint was begun; what lies behind is found by walking.
        var end: Int
        var lastUse: UInt64
    }

    /// What stands before the entries. A value.
    struct Head: Sendable, Equatable {
        var store: UInt64
        var highestGeneration: UInt64
        var nextSequence: UInt32
        var timeTaken: Int64
        var segments: [Covered]

        func encode() -> [UInt8] {
            var bytes = Checkpoint.magic
            bytes.appendNumber(Checkpoint.version)
            bytes.appendNumber(UInt32(segments.count))
            bytes.appendNumber(store)
            bytes.appendNumber(highestGeneration)
            bytes.appendNumber(nextSequence)
            bytes.appendNumber(UInt32(0))
            bytes.appendNumber(timeTaken)
            for segment in segments {
                bytes.appendNumber(segment.sequence)
                bytes.appendNumber(UInt32(0))
                bytes.appendNumber(UInt64(segment.end))
                bytes.appendNumber(segment.lastUse)
            }
            bytes.appendNumber(CRC32C.of(bytes.span))
            return bytes
        }

        /// nil: damaged. `bytes`: all of it, checksum included, as ``length(_:)`` says.
        init?(_ bytes: [UInt8]) {
            var reader = ByteReader(bytes, 12..<max(12, bytes.count - 4))
            var last = ByteReader(bytes, max(0, bytes.count - 4)..<bytes.count)
            guard bytes.count > Checkpoint.fixedBytes, let count = reader.number(UInt32.self),
                last.number(UInt32.self) == CRC32C.of(bytes.span.extracting(0..<(bytes.count - 4))),
                let store = reader.number(UInt64.self), let generation = reader.number(UInt64.self),
                let next = reader.number(UInt32.self), reader.number(UInt32.self) != nil,
                let time = reader.number(Int64.self)
            else { return nil }
            self.store = store
            highestGeneration = generation
            nextSequence = next
            timeTaken = time
            segments = []
            for _ in 0..<count {
                guard let sequence = reader.number(UInt32.self), reader.number(UInt32.self) != nil,
                    let end = reader.number(UInt64.self).flatMap(Int.init(exactly:)),
                    let lastUse = reader.number(UInt64.self)
                else { return nil }
                segments.append(Covered(sequence: sequence, end: end, lastUse: lastUse))
            }
        }

        init(store: UInt64, highestGeneration: UInt64, nextSequence: UInt32, timeTaken: Int64, segments: [Covered]) {
            self.store = store
            self.highestGeneration = highestGeneration
            self.nextSequence = nextSequence
            self.timeTaken = timeTaken
            self.segments = segments
        }
    }

    /// What the first ``fixedBytes`` of a file say. A value.
    enum Reading: Equatable {
        /// Ours: so long is the head.
        case head(length: Int)
        case otherVersion(UInt32)
        case unreadable
    }

    static func read(_ start: [UInt8]) -> Reading {
        var reader = ByteReader(start)
        guard let magic = reader.slice(8), magic.elementsEqual(Self.magic), let version = reader.number(UInt32.self)
        else { return .unreadable }
        guard version == Self.version else { return .otherVersion(version) }
        guard start.count == fixedBytes, let count = reader.number(UInt32.self), count <= segmentLimit else {
            return .unreadable
        }
        return .head(length: fixedBytes + Int(count) * segmentBytes + 4)
    }

    /// A chunk with these entries.
    static func chunk(_ entries: ContiguousArray<DiskIndex.Entry>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + entries.count * entryBytes)
        let count = UInt32(entries.count)
        bytes.appendNumber(count)
        bytes.appendNumber(UInt32(0))
        for entry in entries { append(entry, to: &bytes) }
        fillSum(&bytes)
        return bytes
    }

    /// What stands behind the last chunk.
    static func end(_ total: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendNumber(UInt64(0))
        bytes.appendNumber(UInt64(total))
        fillSum(&bytes)
        return bytes
    }

    /// The checksum of a chunk, or of the end: over everything but itself.
    static func sum(_ count: UInt32, _ rest: Span<UInt8>) -> UInt32 {
        var sum = CRC32C()
        var number: [UInt8] = []
        number.appendNumber(count)
        sum.add(number.span)
        sum.add(rest)
        return sum.value
    }

    private static func fillSum(_ bytes: inout [UInt8]) {
        var sum = CRC32C()
        sum.add(bytes.span.extracting(0..<4))
        sum.add(bytes.span.extracting(8..<bytes.count))
        var number: [UInt8] = []
        number.appendNumber(sum.value)
        bytes.replaceSubrange(4..<8, with: number)
    }

    private static func append(_ entry: DiskIndex.Entry, to bytes: inout [UInt8]) {
        bytes.appendWord(entry.low)
        bytes.appendWord(entry.high)
        bytes.appendWord(entry.generation)
        bytes.appendWord(UInt64(entry.place.units) << 32 | UInt64(entry.place.segment))
        bytes.appendWord(UInt64(entry.headPlace.units) << 32 | UInt64(entry.headPlace.segment))
        bytes.appendWord(
            UInt64(entry.flags) << 56 | UInt64(entry.coding) << 48 | UInt64(entry.variantTag) << 32
                | UInt64(entry.units)
        )
    }

    /// The entry at `offset`; nil beyond the end.
    static func entry(_ bytes: [UInt8], at offset: Int) -> DiskIndex.Entry? {
        guard offset >= 0, offset <= bytes.count - entryBytes else { return nil }
        // Unsafe pointer: the guard keeps all six words within the array, and it is gone when the closure returns.
        return bytes.withUnsafeBytes { raw in
            func word(_ number: Int) -> UInt64 {
                UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset + 8 * number, as: UInt64.self))
            }
            func place(_ word: UInt64) -> DiskIndex.Place {
                DiskIndex.Place(
                    segment: UInt32(truncatingIfNeeded: word),
                    units: UInt32(truncatingIfNeeded: word >> 32)
                )
            }
            let last = word(5)
            return DiskIndex.Entry(
                low: word(0),
                high: word(1),
                generation: word(2),
                place: place(word(3)),
                headPlace: place(word(4)),
                units: UInt32(truncatingIfNeeded: last),
                variantTag: UInt16(truncatingIfNeeded: last >> 32),
                coding: UInt8(truncatingIfNeeded: last >> 48),
                flags: UInt8(truncatingIfNeeded: last >> 56)
            )
        }
    }
}

extension [UInt8] {
    /// Eight bytes at once.
    fileprivate mutating func appendWord(_ word: UInt64) {
        // Unsafe pointer: within `word`, and gone when the closure returns.
        Swift.withUnsafeBytes(of: word.littleEndian) { append(contentsOf: $0) }
    }
}
