/// The purge state as one file, replaced as a whole. A namespace.
///
/// ```
/// "APUSPRGE" | u32 version | u64 session, change in it | u64 hash key ×2 | log identity (u16 + bytes) | u64 log, number
/// | u8 has entry mark, entry mark (u16 + bytes)
/// | u8 has previous, u64 previous log | table | table (previous) | u32 CRC-32C of all that
/// table: u64 everything hard, soft | u64 any tag hard, soft | u32 count, each:
///        u64 hash ×2 | u64 hard, soft | u8 1: has site, 2: is site | u64 site ×2 | i32 prefix length
/// ```
///
/// Why it may lag behind (rule N7): log identity, number and epochs are one snapshot, taken under one lock, and replaced
/// by one rename, so the file always says "these are all purges up to this number". After a restart the edge follows the
/// log from that number on, and thereby learns of every purge that the file does not know before it is ready; until then
/// it confirms everything with the origin. A file with a number but older epochs would lose purges for ever; an older
/// file only makes the edge read a little more of the log. The same holds for a record on disk that is newer than the
/// file: it carries its own number, and the purges between the file's and that number do not touch it when applied again.
enum PurgeStateFile {
    static let name = "purges"
    static let magic = Array("APUSPRGE".utf8)
    /// Version 3 hashes scopes otherwise than version 2 did, and has a stamp.
    static let version: UInt32 = 3

    /// When the state was taken. Where a store's disks have different states, the newest one counts. A value.
    struct Stamp: Sendable, Equatable {
        /// The number of the store's session.
        var session: UInt64 = 0
        /// The state's version within it.
        var change: UInt64 = 0
    }

    /// The largest file that is read: two tables at their bound.
    static let limit = (256 << 10) + 2 * (StoreLimits.purgeScopes + 1) * 64

    enum Reading {
        case state(PurgeEpochs.State, Stamp)
        case otherVersion(UInt32)
        case unreadable
    }

    static func encode(_ state: PurgeEpochs.State, stamp: Stamp = Stamp()) -> [UInt8] {
        var bytes = magic
        bytes.reserveCapacity(256 + 64 * (state.current.entries.count + state.previous.entries.count))
        bytes.appendNumber(version)
        bytes.appendNumber(stamp.session)
        bytes.appendNumber(stamp.change)
        bytes.appendNumber(state.hashes.hasher.k0)
        bytes.appendNumber(state.hashes.hasher.k1)
        let identity = Array((state.logIdentity ?? "").utf8.prefix(Int(UInt16.max)))
        bytes.appendNumber(UInt16(identity.count))
        bytes.append(contentsOf: identity)
        bytes.appendNumber(state.mark.log)
        bytes.appendNumber(state.mark.number)
        let entryMark = Array((state.entryMark ?? "").utf8.prefix(Int(UInt16.max)))
        bytes.append(state.entryMark == nil ? 0 : 1)
        bytes.appendNumber(UInt16(entryMark.count))
        bytes.append(contentsOf: entryMark)
        bytes.append(state.hasPrevious ? 1 : 0)
        bytes.appendNumber(state.previousLog)
        encode(state.current, into: &bytes)
        encode(state.previous, into: &bytes)
        bytes.appendNumber(CRC32C.of(bytes.span))
        return bytes
    }

    static func decode(_ bytes: [UInt8]) -> Reading {
        var reader = ByteReader(bytes, 0..<max(0, bytes.count - 4))
        var last = ByteReader(bytes, max(0, bytes.count - 4)..<bytes.count)
        guard let magic = reader.slice(8), magic.elementsEqual(self.magic), let version = reader.number(UInt32.self)
        else { return .unreadable }
        guard version == Self.version else { return .otherVersion(version) }
        guard last.number(UInt32.self) == CRC32C.of(bytes.span.extracting(0..<(bytes.count - 4))),
            let session = reader.number(UInt64.self), let change = reader.number(UInt64.self),
            let k0 = reader.number(UInt64.self), let k1 = reader.number(UInt64.self),
            let length = reader.number(UInt16.self), let identity = reader.slice(Int(length)),
            let log = reader.number(UInt64.self), let number = reader.number(UInt64.self),
            let hasMark = reader.number(UInt8.self), let markLength = reader.number(UInt16.self),
            let entryMark = reader.slice(Int(markLength)),
            let hasPrevious = reader.number(UInt8.self), let previousLog = reader.number(UInt64.self),
            let current = table(&reader), let previous = table(&reader), reader.isAtEnd
        else { return .unreadable }
        return .state(
            PurgeEpochs.State(
                hashes: ScopeHashes(hasher: SipHash(k0: k0, k1: k1)),
                logIdentity: identity.isEmpty ? nil : String(decoding: identity, as: UTF8.self),
                entryMark: hasMark == 1 ? String(decoding: entryMark, as: UTF8.self) : nil,
                mark: PurgeMark(log: log, number: number),
                current: current,
                previous: previous,
                previousLog: previousLog,
                hasPrevious: hasPrevious == 1,
                local: EpochTable()
            ),
            Stamp(session: session, change: change)
        )
    }

    private static func encode(_ table: EpochTable, into bytes: inout [UInt8]) {
        for epoch in [table.everything, table.anyTag] {
            bytes.appendNumber(epoch.hard)
            bytes.appendNumber(epoch.soft)
        }
        bytes.appendNumber(UInt32(table.entries.count))
        for (hash, entry) in table.entries {
            append(hash, to: &bytes)
            bytes.appendNumber(entry.epoch.hard)
            bytes.appendNumber(entry.epoch.soft)
            bytes.append((entry.site == nil ? 0 : 1) | (entry.isSite ? 2 : 0))
            append(entry.site ?? 0, to: &bytes)
            bytes.appendNumber(entry.prefixLength)
        }
    }

    private static func append(_ hash: UInt128, to bytes: inout [UInt8]) {
        bytes.appendNumber(UInt64(truncatingIfNeeded: hash))
        bytes.appendNumber(UInt64(truncatingIfNeeded: hash >> 64))
    }

    private static func hash(_ reader: inout ByteReader) -> UInt128? {
        guard let low = reader.number(UInt64.self), let high = reader.number(UInt64.self) else { return nil }
        return UInt128(high) << 64 | UInt128(low)
    }

    private static func epoch(_ reader: inout ByteReader) -> EpochTable.Epoch? {
        guard let hard = reader.number(UInt64.self), let soft = reader.number(UInt64.self) else { return nil }
        return EpochTable.Epoch(hard: hard, soft: soft)
    }

    private static func table(_ reader: inout ByteReader) -> EpochTable? {
        var table = EpochTable()
        guard let everything = epoch(&reader), let anyTag = epoch(&reader), let count = reader.number(UInt32.self)
        else { return nil }
        table.everything = everything
        table.anyTag = anyTag
        for _ in 0..<count {
            guard let key = hash(&reader), let epoch = epoch(&reader), let flags = reader.number(UInt8.self),
                let site = hash(&reader), let length = reader.number(Int32.self)
            else { return nil }
            let entry = EpochTable.Entry(
                epoch: epoch,
                site: flags & 1 == 0 ? nil : site,
                prefixLength: length,
                isSite: flags & 2 != 0
            )
            table.restore(key, entry)
        }
        return table
    }
}
