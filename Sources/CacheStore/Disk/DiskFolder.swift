import Logging
import NIOConcurrencyHelpers

/// A disk tier's folder: made, locked, and its identity read. An immutable snapshot; the lock lasts until
/// ``unlock()``, or as long as it does.
///
/// ```
/// lock       held with flock by the process that uses the folder
/// store      "APUSMETA" | u32 version | u64 hash key ×2 | u32 CRC-32C
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

    /// - Parameter key: the key that the store's other folders have; nil: there is none yet.
    init(path: String, io: any DiskIO, logger: Logger, key: SipHash? = nil) throws(CacheStoreError) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
        self.io = io
        self.logger = logger
        do throws(DiskError) {
            try io.makeFolder(path)
            guard let descriptor = try io.lock(path + "/lock") else {
                throw DiskError(operation: .lock, path: "", code: 0)
            }
            lock = NIOLockedValueBox(OpenFile(descriptor: descriptor, path: path + "/lock", io: io))
            hasher = try Self.readMeta(path, key, io, logger)
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

    private static func readMeta(
        _ folder: String,
        _ key: SipHash?,
        _ io: any DiskIO,
        _ logger: Logger
    ) throws(DiskError) -> SipHash {
        if let bytes = try io.readFile(folder + "/" + metaName, limit: 4096) {
            var reader = ByteReader(bytes)
            let magic = reader.slice(8)
            let version = reader.number(UInt32.self)
            if magic?.elementsEqual(metaMagic) == true, version == metaVersion, bytes.count == 32,
                let k0 = reader.number(UInt64.self), let k1 = reader.number(UInt64.self),
                reader.number(UInt32.self) == CRC32C.of(bytes.span.extracting(0..<28))
            {
                let found = SipHash(k0: k0, k1: k1)
                if key == nil || key == found { return found }
                return try writeMeta(folder, key ?? found, io)
            }
            setAside(folder, metaName, why: "version \(version.map(String.init) ?? "?") is not known", io, logger)
        }
        return try writeMeta(folder, key ?? .random(), io)
    }

    private static func writeMeta(_ folder: String, _ hasher: SipHash, _ io: any DiskIO) throws(DiskError) -> SipHash {
        var bytes = metaMagic
        bytes.appendNumber(metaVersion)
        bytes.appendNumber(hasher.k0)
        bytes.appendNumber(hasher.k1)
        bytes.appendNumber(CRC32C.of(bytes.span))
        try io.replaceFile(folder + "/" + metaName, in: folder, with: bytes)
        return hasher
    }
}
