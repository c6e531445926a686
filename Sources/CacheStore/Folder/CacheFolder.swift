import CLibc
import Glibc

/// Looks into the folder of a disk cache, whether an edge runs on it or not. An immutable snapshot of its file list.
///
/// It opens nothing for writing and takes no lock. What a running edge does meanwhile is harmless: files are append-only but
/// for state words, and a segment that vanishes was given up.
public struct CacheFolder: Sendable {
    /// A file that is not read, and why. A value.
    public struct OtherFile: Sendable, Equatable {
        /// Its name in the folder.
        public var name: String
        /// What it is.
        public var what: String
    }

    /// The folder, without a final slash.
    public let path: String
    /// Files that this program leaves alone: set aside, of unknown versions, damaged, not a cache's.
    public let otherFiles: [OtherFile]
    /// The numbers of its segments, in the order in which they were made.
    public let segments: [UInt32]
    /// Format versions of the segments, with how many have them.
    public let versions: [UInt32: Int]
    /// The purge log's identity; nil: none is followed.
    public let purgeLog: String?
    /// The number of the last purge that had been applied when the file was written; nil: there is no such file.
    public let purgeNumber: UInt64?
    /// Unix seconds at which the checkpoint was taken; nil: there is none.
    public let checkpointTime: Int64?

    let io = SystemDiskIO()
    let hasher: SipHash
    /// What the purges known in the folder say; nil: nothing is known.
    let epochs: PurgeEpochs?

    /// Reads what is there.
    public init(path given: String) throws(CacheFolderError) {
        let path = DiskFolder.plain(given)
        self.path = path
        let names = try Self.names(path, io)
        hasher = try Self.key(path, io)
        let magic = DiskFolder.metaMagic
        let tag = UInt64(truncatingIfNeeded: hasher.hash(magic.span))
        var others: [OtherFile] = []
        var segments: [UInt32] = []
        var versions: [UInt32: Int] = [:]
        for name in names.sorted() {
            if let sequence = SegmentHeader.sequence(ofName: name) {
                guard let start = Self.start(of: path + "/" + name, SegmentHeader.bytes, io) else { continue }
                switch SegmentHeader.read(start) {
                case .segment(let header) where header.store == tag && header.sequence == sequence:
                    segments.append(sequence)
                    versions[ByteReader.number(start, at: 8), default: 0] += 1
                case .segment: others.append(OtherFile(name: name, what: "segment of another store"))
                case .otherVersion(let version):
                    others.append(OtherFile(name: name, what: "segment of version \(version), which is not known here"))
                case .unreadable: others.append(OtherFile(name: name, what: "segment without a readable header"))
                }
            } else if let what = Self.what(name) {
                others.append(OtherFile(name: name, what: what))
            }
        }
        self.segments = segments
        self.versions = versions
        checkpointTime = Self.checkpointTime(path, io, &others)
        var epochs: PurgeEpochs?
        if let bytes = try? io.readFileOnly(path + "/" + PurgeStateFile.name, limit: PurgeStateFile.limit) {
            switch PurgeStateFile.decode(bytes) {
            case .state(let state, _):
                let restored = PurgeEpochs()
                restored.restore(state)
                epochs = restored
            case .otherVersion(let version):
                let what = "purge state of version \(version), which is not known here"
                others.append(OtherFile(name: PurgeStateFile.name, what: what))
            case .unreadable: others.append(OtherFile(name: PurgeStateFile.name, what: "purge state, damaged"))
            }
        }
        self.epochs = epochs
        purgeLog = epochs?.logIdentity
        purgeNumber = epochs?.applied
        otherFiles = others
    }

    /// Bytes of all segment files, as they are now.
    public var bytes: Int {
        segments.reduce(0) { sum, sequence in
            var status = stat()
            return stat(path + "/" + SegmentHeader.name(sequence), &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }

    // MARK: Files

    private static func names(_ path: String, _ io: SystemDiskIO) throws(CacheFolderError) -> [String] {
        do throws(DiskError) {
            return try io.names(in: path)
        } catch {
            switch error.code {
            case ENOENT: throw .missing(path: path)
            case ENOTDIR: throw .notAFolder(path: path)
            default: throw .refused(path: path, reason: String(cString: strerror(error.code)))
            }
        }
    }

    private static func key(_ path: String, _ io: SystemDiskIO) throws(CacheFolderError) -> SipHash {
        let found: [UInt8]?
        do throws(DiskError) {
            found = try io.readFileOnly(path + "/" + DiskFolder.metaName, limit: 4096)
        } catch {
            throw .refused(path: error.path, reason: String(cString: strerror(error.code)))
        }
        guard let bytes = found else {
            throw .notACache(path: path, reason: "it has no file '\(DiskFolder.metaName)'")
        }
        guard let key = DiskFolder.key(ofMeta: bytes) else {
            var reader = ByteReader(bytes)
            let isOurs = reader.slice(8)?.elementsEqual(DiskFolder.metaMagic) ?? false
            let version = reader.number(UInt32.self) ?? 0
            let isOther = isOurs && version != DiskFolder.metaVersion
            let why = isOther ? "is of version \(version), which is not known here" : "is damaged, or not a cache's"
            throw .notACache(path: path, reason: "its file '\(DiskFolder.metaName)' \(why)")
        }
        return key
    }

    private static func start(of path: String, _ count: Int, _ io: SystemDiskIO) -> [UInt8]? {
        guard let file = try? io.openForReading(path) else { return nil }
        defer { io.close(file) }
        return try? io.readBytes(file, count, at: 0, path: path)
    }

    private static func checkpointTime(_ path: String, _ io: SystemDiskIO, _ others: inout [OtherFile]) -> Int64? {
        guard let start = start(of: path + "/" + Checkpoint.name, Checkpoint.fixedBytes, io),
            start.count == Checkpoint.fixedBytes
        else { return nil }
        guard start.starts(with: Checkpoint.magic) else {
            others.append(OtherFile(name: Checkpoint.name, what: "damaged, or not a cache's"))
            return nil
        }
        let version: UInt32 = ByteReader.number(start, at: 8)
        if version != Checkpoint.version {
            others.append(OtherFile(name: Checkpoint.name, what: "of version \(version), which is not known here"))
            return nil
        }
        return ByteReader.number(start, at: 40)
    }

    /// What a file is that is none of the cache's own; nil for those.
    private static func what(_ name: String) -> String? {
        if name.hasPrefix("set-aside-") { return "set aside: of a version that the edge did not know, or damaged" }
        if name.hasSuffix(".new") { return "being written, or left by a crash" }
        let known = [DiskFolder.metaName, PurgeStateFile.name, "lock", Checkpoint.name, DiskSession.name]
        return known.contains(name) ? nil : "not a cache's"
    }
}

extension DiskFolder {
    /// The hash key in a folder's file; nil: damaged, or of another version.
    static func key(ofMeta bytes: [UInt8]) -> SipHash? {
        var reader = ByteReader(bytes)
        guard reader.slice(8)?.elementsEqual(metaMagic) == true, reader.number(UInt32.self) == metaVersion,
            bytes.count == 32, let k0 = reader.number(UInt64.self), let k1 = reader.number(UInt64.self),
            reader.number(UInt32.self) == CRC32C.of(bytes.span.extracting(0..<28))
        else { return nil }
        return SipHash(k0: k0, k1: k1)
    }
}

extension ByteReader {
    /// The number at a place that is known to be there; 0 if it is not.
    static func number<Number: FixedWidthInteger>(_ bytes: [UInt8], at offset: Int) -> Number {
        var reader = ByteReader(bytes, offset..<bytes.count)
        return reader.number(Number.self) ?? 0
    }
}

extension SystemDiskIO {
    /// Opens without the right to write.
    func openForReading(_ path: String) throws(DiskError) -> Int32 {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw DiskError(operation: .open, path: path, code: errno) }
        return file
    }

    /// The whole of a small file, opened for reading only; nil when there is none.
    func readFileOnly(_ path: String, limit: Int) throws(DiskError) -> [UInt8]? {
        let file: Int32
        do throws(DiskError) {
            file = try openForReading(path)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        defer { close(file) }
        return try readBytes(file, min(limit, try size(file, path: path)), at: 0, path: path)
    }
}
