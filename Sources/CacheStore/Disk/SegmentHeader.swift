/// The first 64 bytes of a segment file, little-endian. A value.
///
/// ```
///  0 "APUSSEG" 0   8 u32 version   12 u32 sequence   16 u64 store   24 i64 time made   32 u8 own: 1   33 zeros   60 u32 checksum
/// ```
/// `own`: made for one record alone, which came piece by piece and was finished later than records of segments made after
/// this one; nothing is ever carried over to it. `store` names the store's hash key: records of a folder with another key could never be found.
struct SegmentHeader: Sendable, Equatable {
    static let bytes = 64
    static let magic = Array("APUSSEG\0".utf8)
    /// Version 2 has records without a body whose head says a length: objects in blocks. What version 1 wrote reads the
    /// same; a program that knows only version 1 sets files of version 2 aside.
    static let version: UInt32 = 2
    static let readableVersions: ClosedRange<UInt32> = 1...2

    var sequence: UInt32
    var store: UInt64
    var timeMade: Int64
    var isOwn = false

    /// What the start of a file turned out to be.
    enum Reading: Sendable, Equatable {
        case segment(SegmentHeader)
        /// Ours, but of a format this program does not know.
        case otherVersion(UInt32)
        /// Damaged, or not ours.
        case unreadable
    }

    func encode() -> [UInt8] {
        var bytes = Self.magic
        bytes.appendNumber(Self.version)
        bytes.appendNumber(sequence)
        bytes.appendNumber(store)
        bytes.appendNumber(timeMade)
        bytes.append(isOwn ? 1 : 0)
        bytes.append(contentsOf: repeatElement(0, count: Self.bytes - 4 - bytes.count))
        bytes.appendNumber(CRC32C.of(bytes.span))
        return bytes
    }

    static func read(_ bytes: [UInt8]) -> Reading {
        var reader = ByteReader(bytes)
        guard let magic = reader.slice(8), magic.elementsEqual(Self.magic), let version = reader.number(UInt32.self)
        else { return .unreadable }
        guard readableVersions.contains(version) else { return .otherVersion(version) }
        guard bytes.count >= Self.bytes, let sequence = reader.number(UInt32.self),
            let store = reader.number(UInt64.self), let time = reader.number(Int64.self),
            let own = reader.number(UInt8.self)
        else { return .unreadable }
        var last = ByteReader(bytes, (Self.bytes - 4)..<Self.bytes)
        guard last.number(UInt32.self) == CRC32C.of(bytes.span.extracting(0..<(Self.bytes - 4))) else {
            return .unreadable
        }
        return .segment(SegmentHeader(sequence: sequence, store: store, timeMade: time, isOwn: own == 1))
    }

    /// The file's name: the sequence number in hexadecimal, so that names sort as the segments were made.
    static func name(_ sequence: UInt32) -> String {
        let digits = String(sequence, radix: 16)
        return "segment-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The sequence number in a file's name; nil for other files.
    static func sequence(ofName name: String) -> UInt32? {
        guard name.hasPrefix("segment-"), name.utf8.count == 16 else { return nil }
        return UInt32(name.dropFirst(8), radix: 16)
    }
}
