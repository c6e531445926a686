/// What a folder remembers of the last start of its store: which disks there were. A value; the file `session`.
///
/// ```
/// "APUSSESS" | u32 version | u64 identity | u64 number, id | u32 count, each: u64 id of an earlier session, newest first
/// | u32 count, each: u64 identity | u64 bytes | u8 flags | u16 + path | u32 CRC-32C of all that
/// flags: 1 starts empty next time, 2 on a file system of its own, 4 was not there
/// ```
/// Every start writes a new session into every disk before a request is answered. A disk whose session is an older one was
/// away while the edge ran: it has missed what was replaced and invalidated then. See ``DiskSetPlan``.
struct DiskSession: Sendable, Equatable {
    /// A disk of the session. A value.
    struct Member: Sendable, Equatable {
        var identity: UInt64
        /// Its size: the weight of its share of the keys.
        var bytes: UInt64
        var path: String
        /// It has failed since, and may have missed something.
        var isOut = false
        /// Its folder was not on the root file system: when it is found there, nothing is mounted.
        var isMounted = false
        /// It is configured, but was not there: it has no share.
        var isAbsent = false
    }

    static let name = "session"
    static let magic = Array("APUSSESS".utf8)
    static let version: UInt32 = 1
    /// The largest file that is read.
    static let limit = 1 << 20

    /// The folder's own: random, made with it, and moved with it.
    var identity: UInt64
    /// Counts the starts.
    var number: UInt64
    /// Random: two disks that were used apart from one another may have the same number.
    var id: UInt64
    /// The sessions before, newest first.
    var history: [UInt64]
    var members: [Member]

    enum Reading: Sendable, Equatable {
        case session(DiskSession)
        case otherVersion(UInt32)
        case unreadable
    }

    /// How the keys were shared.
    var placement: DiskPlacement { DiskPlacement(members.filter { !$0.isAbsent }.map(\.placed)) }

    /// Whether the disk has taken part from the beginning to the end.
    func hasWhole(_ identity: UInt64) -> Bool {
        members.contains { $0.identity == identity && !$0.isOut && !$0.isAbsent }
    }

    func encode() -> [UInt8] {
        var bytes = Self.magic
        bytes.appendNumber(Self.version)
        for number in [identity, number, id] { bytes.appendNumber(number) }
        bytes.appendNumber(UInt32(history.count))
        for id in history { bytes.appendNumber(id) }
        bytes.appendNumber(UInt32(members.count))
        for member in members {
            bytes.appendNumber(member.identity)
            bytes.appendNumber(member.bytes)
            bytes.append((member.isOut ? 1 : 0) | (member.isMounted ? 2 : 0) | (member.isAbsent ? 4 : 0))
            let path = Array(member.path.utf8.prefix(Int(UInt16.max)))
            bytes.appendNumber(UInt16(path.count))
            bytes.append(contentsOf: path)
        }
        bytes.appendNumber(CRC32C.of(bytes.span))
        return bytes
    }

    static func decode(_ bytes: [UInt8]) -> Reading {
        let end = max(0, bytes.count - 4)
        var reader = ByteReader(bytes, 0..<end)
        var last = ByteReader(bytes, end..<bytes.count)
        guard let magic = reader.slice(8), magic.elementsEqual(self.magic), let version = reader.number(UInt32.self)
        else { return .unreadable }
        guard version == Self.version else { return .otherVersion(version) }
        guard last.number(UInt32.self) == CRC32C.of(bytes.span.extracting(0..<end)),
            let identity = reader.number(UInt64.self), let number = reader.number(UInt64.self),
            let id = reader.number(UInt64.self), let count = reader.number(UInt32.self)
        else { return .unreadable }
        var session = DiskSession(identity: identity, number: number, id: id, history: [], members: [])
        for _ in 0..<count {
            guard let id = reader.number(UInt64.self) else { return .unreadable }
            session.history.append(id)
        }
        guard let count = reader.number(UInt32.self) else { return .unreadable }
        for _ in 0..<count {
            guard let identity = reader.number(UInt64.self), let bytes = reader.number(UInt64.self),
                let flags = reader.number(UInt8.self), let length = reader.number(UInt16.self),
                let path = reader.slice(Int(length))
            else { return .unreadable }
            session.members.append(
                Member(
                    identity: identity,
                    bytes: bytes,
                    path: String(decoding: path, as: UTF8.self),
                    isOut: flags & 1 != 0,
                    isMounted: flags & 2 != 0,
                    isAbsent: flags & 4 != 0
                )
            )
        }
        return reader.isAtEnd ? .session(session) : .unreadable
    }
}

extension DiskSession.Member {
    var placed: DiskPlacement.Member { DiskPlacement.Member(identity: identity, weight: Double(max(1, bytes))) }
}
