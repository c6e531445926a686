import Logging
import NIOConcurrencyHelpers

/// A disk tier's folder: made, locked, and its identity read. An immutable snapshot; the lock lasts until
/// ``unlock()``, or as long as it does.
///
/// ```
/// lock       held with flock by the process that uses the folder
/// store      "APUSMETA" | u32 version | u64 hash key ×2 | u32 CRC-32C
/// session    see DiskSession
/// purges     see PurgeStateFile
/// segment-*  see SegmentHeader, RecordHeader
/// ```
final class DiskFolder: Sendable {
    static let metaName = "store"
    static let metaMagic = Array("APUSMETA".utf8)
    static let metaVersion: UInt32 = 1

    let path: String
    let io: any DiskIO
    let logger: Logger
    /// The key of the hashes in this folder's records.
    let hasher: SipHash
    private let lock: NIOLockedValueBox<OpenFile?>

    /// - Parameter key: the store's one key. Where the folder has another one, what is in it belongs to another store.
    init(path: String, io: any DiskIO, logger: Logger, key: SipHash) throws(CacheStoreError) {
        let path = Self.plain(path)
        self.path = path
        hasher = key
        self.io = io
        self.logger = logger
        do throws(DiskError) {
            try io.makeFolder(path)
            guard let descriptor = try io.lock(path + "/lock") else {
                throw DiskError(operation: .lock, path: "", code: 0)
            }
            lock = NIOLockedValueBox(OpenFile(descriptor: descriptor, path: path + "/lock", io: io))
            try Self.prepareMeta(path, key, io, logger)
        } catch {
            if error.operation == .lock, error.code == 0 { throw .folderInUse(path: path) }
            throw .folderUnusable(path: path, reason: error.description)
        }
    }

    /// Names the hash key without giving it away: segments of another key are not this store's.
    var storeTag: UInt64 { UInt64(truncatingIfNeeded: hasher.hash(Self.metaMagic.span)) }

    /// Gives the folder free for another process.
    func unlock() {
        lock.withLockedValue { lock in
            if let lock { io.unlock(lock.descriptor) }
            lock = nil
        }
    }

    func file(_ name: String) -> String { path + "/" + name }

    /// Renames a file whose format is not known out of the way; it is not deleted, for a newer program may want it.
    func setAside(_ name: String, why: String) {
        Self.setAside(path, name, why: why, io, logger)
    }

    private static func setAside(_ folder: String, _ name: String, why: String, _ io: any DiskIO, _ logger: Logger) {
        let target = folder + "/set-aside-" + name
        do throws(DiskError) {
            try io.rename(folder + "/" + name, to: target)
            logger.warning("set aside a cache file", metadata: ["file": "\(target)", "reason": "\(why)"])
        } catch {
            logger.warning("cannot set aside a cache file", metadata: ["file": "\(name)", "reason": "\(error)"])
        }
    }

    /// The hash key that a folder has; nil: it is new, or cannot be read.
    static func storedKey(_ path: String, _ io: any DiskIO) -> SipHash? {
        let bytes = try? io.readFile(path + "/" + metaName, limit: 4096)
        return bytes.flatMap { $0 }.flatMap(key(ofMeta:))
    }

    /// The folder's name without slashes at its end.
    static func plain(_ path: String) -> String {
        var path = path[...]
        while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }

    private static func prepareMeta(
        _ folder: String,
        _ key: SipHash,
        _ io: any DiskIO,
        _ logger: Logger
    ) throws(DiskError) {
        let path = folder + "/" + metaName
        if let bytes = try io.readFile(path, limit: 4096) {
            let found = Self.key(ofMeta: bytes)
            if found == key { return }
            guard found == nil else {
                // The segments say whose they are, and are set aside when they are walked.
                for name in [PurgeStateFile.name, DiskSession.name, Checkpoint.name] {
                    let isThere = (try? io.readFile(folder + "/" + name, limit: .max)) != nil
                    if isThere { setAside(folder, name, why: "it belongs to another store", io, logger) }
                }
                return try writeMeta(path, in: folder, key, io)
            }
            setAside(folder, metaName, why: "damaged, or of a version that is not known", io, logger)
        }
        try writeMeta(path, in: folder, key, io)
    }

    private static func writeMeta(
        _ path: String,
        in folder: String,
        _ key: SipHash,
        _ io: any DiskIO
    ) throws(DiskError) {
        var bytes = metaMagic
        bytes.appendNumber(metaVersion)
        bytes.appendNumber(key.k0)
        bytes.appendNumber(key.k1)
        bytes.appendNumber(CRC32C.of(bytes.span))
        try io.replaceFile(path, in: folder, with: bytes)
    }
}

extension DiskFolder {
    /// What the folder remembers of the last session.
    func session() throws(DiskError) -> DiskSetPlan.Found {
        guard let bytes = try io.readFile(file(DiskSession.name), limit: DiskSession.limit) else { return .nothing }
        switch DiskSession.decode(bytes) {
        case .session(let session): return .session(session)
        case .otherVersion(let version):
            setAside(DiskSession.name, why: "version \(version) is not known")
            return .unreadable
        case .unreadable: return .unreadable
        }
    }

    func write(_ session: DiskSession) throws(DiskError) {
        try io.replaceFile(file(DiskSession.name), in: path, with: session.encode())
    }

    /// Deletes what this store has in the folder, and waits until that is on the disk: a record must not be back after a
    /// power failure. Returns the number of segments. Those of another store, or of another version, stay to be set aside.
    func empty() throws(DiskError) -> Int {
        let names = try io.names(in: path)
        var segments = 0
        for name in names where SegmentHeader.sequence(ofName: name) != nil {
            guard try isOurs(segment: name) else { continue }
            try io.remove(file(name))
            segments += 1
        }
        for name in names where name == PurgeStateFile.name || name == Checkpoint.name { try io.remove(file(name)) }
        try io.syncFolder(path)
        return segments
    }

    private func isOurs(segment name: String) throws(DiskError) -> Bool {
        let descriptor = try io.open(file(name), create: false)
        defer { io.close(descriptor) }
        let start = try io.readBytes(descriptor, SegmentHeader.bytes, at: 0, path: file(name))
        switch SegmentHeader.read(start) {
        case .segment(let header): return header.store == storeTag
        case .otherVersion: return false
        case .unreadable: return true
        }
    }

    /// The purge state in the folder; nil: none that can be read.
    func purgeState() -> (state: PurgeEpochs.State, stamp: PurgeStateFile.Stamp)? {
        do throws(DiskError) {
            guard let bytes = try io.readFile(file(PurgeStateFile.name), limit: PurgeStateFile.limit) else {
                return nil
            }
            switch PurgeStateFile.decode(bytes) {
            case .state(let state, let stamp): return (state, stamp)
            case .otherVersion(let version):
                setAside(PurgeStateFile.name, why: "version \(version) is not known")
            case .unreadable: setAside(PurgeStateFile.name, why: "damaged")
            }
        } catch {
            // Without it nothing is known to be purged, and every record of a log is unknown: see PurgeEpochs.judge.
            logger.warning("cannot read the purge state", metadata: ["reason": "\(error)"])
        }
        return nil
    }
}
