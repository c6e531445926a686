internal import Glibc
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import SignatureV4

/// The files with the objects' bytes. Immutable but for the table of blobs in use, which has a lock.
///
/// A blob is written once, is referred to by at most one object or part, and is deleted after the commit that took that
/// reference away. All calls block.
final class BlobStore: Sendable {
    let folder: DataFolder
    private let generation: UInt32
    private let use = NIOLockedValueBox(Use())

    /// A blob that is being read stays until the last reader has gone.
    private struct Use {
        var readers: [BlobID: Int] = [:]
        var doomed: Set<BlobID> = []
    }

    init(_ folder: DataFolder, generation: UInt32) {
        self.folder = folder
        self.generation = generation
    }

    func path(_ id: BlobID) -> String { "\(folder.blobs)/\(id.relativePath)" }

    func makeTemporaryFile() throws(SystemError) -> TemporaryFile {
        let name = Hex.encode(Digest.random(count: 12))
        return TemporaryFile(try OpenFile("\(folder.temporary)/\(name)", flags: O_RDWR | O_CREAT | O_EXCL))
    }

    /// Gives a flushed temporary file its place, durably.
    func adopt(_ temporary: TemporaryFile) throws(SystemError) -> BlobID {
        let id = BlobID(generation: generation)
        let target = path(id)
        try Files.move(temporary.file.path, to: target)
        do throws(SystemError) {
            try Files.syncFolder("\(folder.blobs)/\(id.folderName)")
        } catch {
            try? Files.remove(target)
            throw error
        }
        return id
    }

    /// The blob's file, open for reading. Once open it can be read to its end even if it is deleted meanwhile.
    func open(_ id: BlobID) throws(SystemError) -> OpenFile {
        try OpenFile(path(id), flags: O_RDONLY)
    }

    /// nil when it was deleted.
    func openIfPresent(_ id: BlobID) throws(SystemError) -> OpenFile? {
        do {
            return try open(id)
        } catch {
            if error.isMissing { return nil }
            throw error
        }
    }

    /// Keeps blobs that will be opened one after the other. Balanced by ``release(_:)``.
    func retain(_ ids: [BlobID]) {
        use.withLockedValue { use in
            for id in ids { use.readers[id, default: 0] += 1 }
        }
    }

    func release(_ ids: [BlobID]) {
        let doomed = use.withLockedValue { use in
            ids.filter { id in
                let left = (use.readers[id] ?? 1) - 1
                use.readers[id] = left > 0 ? left : nil
                return left <= 0 && use.doomed.remove(id) != nil
            }
        }
        for id in doomed { unlink(path(id)) }
    }

    /// Deletes blobs that nothing refers to any more; those being read go when their last reader does. A file that
    /// cannot be deleted is found at the next start.
    func delete(_ ids: [BlobID]) {
        let free = use.withLockedValue { use in
            ids.filter { id in
                guard use.readers[id] != nil else { return true }
                use.doomed.insert(id)
                return false
            }
        }
        for id in free { unlink(path(id)) }
    }

    /// Deletes files of earlier starts that are not among `referenced`: what a crash left between a file's adoption and
    /// its commit, or between a commit and the old file's deletion. Such a file can never be referred to again, so
    /// this is safe beside uploads. Returns how many went.
    func collectOrphans(referenced: Set<BlobID>, isCancelled: () -> Bool) throws(SystemError) -> Int {
        var count = 0
        for number in 0..<256 {
            if isCancelled() { break }
            let subfolder = "\(folder.blobs)/\(BlobID.folderName(UInt8(number)))"
            for name in try Files.names(in: subfolder) {
                guard let id = BlobID(fileName: name), id.generation < generation, !referenced.contains(id) else {
                    continue
                }
                try Files.remove("\(subfolder)/\(name)")
                count += 1
            }
        }
        return count
    }
}

/// A file that is deleted with its last owner, unless it was moved away from its random name. *Immutable snapshot*.
final class TemporaryFile: Sendable {
    let file: OpenFile

    init(_ file: OpenFile) { self.file = file }

    deinit { unlink(file.path) }
}
