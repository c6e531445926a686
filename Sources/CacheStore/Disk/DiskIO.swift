/// What came of a read that must not wait. A value.
enum ReadNow: Equatable {
    /// This many bytes, fewer than wanted when the page cache has no more.
    case bytes(Int)
    /// Nothing of it without waiting. An error counts as this: the read that may wait says what it is.
    case wouldWait
    /// The system or the filesystem has no such reads.
    case unsupported
}

/// Every system call that the disk tier makes: one door, at which tests inject faults. Safe from every thread.
///
/// Reads and writes may be short, as the system's are; use ``readFully(_:into:at:path:)`` and
/// ``writeFully(_:_:at:path:)``. A call interrupted by a signal is repeated inside.
protocol DiskIO: Sendable {
    /// Opens for reading and writing, close-on-exec; with `create`, makes it with mode 0600 and empties it.
    func open(_ path: String, create: Bool) throws(DiskError) -> Int32
    func close(_ file: Int32)
    func size(_ file: Int32, path: String) throws(DiskError) -> Int
    func read(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) -> Int
    /// Reads what is in the page cache and waits for no device: for event loops.
    func readNow(_ file: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int, path: String) -> ReadNow
    func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String) throws(DiskError) -> Int
    func truncate(_ file: Int32, to length: Int, path: String) throws(DiskError)
    /// Waits until the file's data is on the disk.
    func sync(_ file: Int32, path: String) throws(DiskError)
    /// Takes the lock of the file for this open file; false when another has it.
    func lock(_ path: String) throws(DiskError) -> Int32?
    /// Gives the lock free, also where a child process that is just being started still has the file open. Does not close it.
    func unlock(_ file: Int32)
    func rename(_ from: String, to: String) throws(DiskError)
    func remove(_ path: String) throws(DiskError)
    /// Makes a folder with mode 0700, in one that is there; one that exists is fine.
    func makeFolder(_ path: String) throws(DiskError)
    func names(in folder: String) throws(DiskError) -> [String]
    /// The file system that the folder lies on.
    func volume(of folder: String) throws(DiskError) -> DiskVolume
    /// Waits until the folder's own entries are on the disk: after a rename.
    func syncFolder(_ path: String) throws(DiskError)
    /// Opens for reading only, past the page cache where the file system can do that.
    func openPastCache(_ path: String) throws(DiskError) -> Int32
    /// Reads from a file that was opened so. What was not in the page cache before is not in it afterwards, and what was
    /// in it stays. `target`'s address, its count and `offset` are multiples of 4096.
    func readPastCache(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) -> Int
}

extension DiskIO {
    /// As any other file: for doubles that have no page cache to think of.
    func openPastCache(_ path: String) throws(DiskError) -> Int32 { try open(path, create: false) }

    func readPastCache(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) -> Int {
        try read(file, into: target, at: offset, path: path)
    }

    /// Reads exactly as many bytes as `target` holds.
    func readFully(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) {
        var done = 0
        while done < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...])
            let count = try read(file, into: rest, at: offset + done, path: path)
            guard count > 0 else { throw DiskError(operation: .read, path: path, code: 0) }
            done += count
        }
    }

    /// Reads up to `count` bytes; fewer only at the end of the file.
    func readBytes(_ file: Int32, _ count: Int, at offset: Int, path: String) throws(DiskError) -> [UInt8] {
        var bytes: [UInt8] = []
        try readBytes(file, count, at: offset, into: &bytes, path: path)
        return bytes
    }

    /// The same into an array whose memory is used again; what was in it goes.
    func readBytes(
        _ file: Int32,
        _ count: Int,
        at offset: Int,
        into bytes: inout [UInt8],
        path: String
    ) throws(DiskError) {
        if bytes.count < count { bytes += [UInt8](repeating: 0, count: count - bytes.count) }
        var done = 0
        while done < count {
            // Unsafe pointer: within the array, and gone when the closure returns.
            let result = bytes.withUnsafeMutableBytes { raw -> Result<Int, DiskError> in
                let rest = UnsafeMutableRawBufferPointer(rebasing: raw[done..<count])
                do throws(DiskError) {
                    return .success(try read(file, into: rest, at: offset + done, path: path))
                } catch {
                    return .failure(error)
                }
            }
            let got = try result.get()
            if got == 0 { break }
            done += got
        }
        bytes.removeLast(bytes.count - done)
    }

    /// Writes all of `bytes`.
    func writeFully(
        _ file: Int32,
        _ bytes: UnsafeRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = try write(file, rest, at: offset + done, path: path)
            guard count > 0 else { throw DiskError(operation: .write, path: path, code: 0) }
            done += count
        }
    }

    /// Writes all of `bytes`.
    func writeBytes(_ file: Int32, _ bytes: [UInt8], at offset: Int, path: String) throws(DiskError) {
        let result = bytes.withUnsafeBytes { raw -> Result<Void, DiskError> in
            do throws(DiskError) {
                try writeFully(file, raw, at: offset, path: path)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// The whole of a small file; nil when there is none.
    func readFile(_ path: String, limit: Int) throws(DiskError) -> [UInt8]? {
        let file: Int32
        do throws(DiskError) {
            file = try open(path, create: false)
        } catch {
            if error.isNotFound { return nil }
            throw error
        }
        defer { close(file) }
        let count = try size(file, path: path)
        guard count <= limit else { throw DiskError(operation: .read, path: path, code: 0) }
        return try readBytes(file, count, at: 0, path: path)
    }

    /// Replaces a small file as a whole: written beside it, synced, renamed over it, and the folder synced.
    func replaceFile(_ path: String, in folder: String, with bytes: [UInt8]) throws(DiskError) {
        let temporary = path + ".new"
        try writeAndSync(temporary, bytes)
        try rename(temporary, to: path)
        try syncFolder(folder)
    }
}

extension DiskIO {
    private func writeAndSync(_ path: String, _ bytes: [UInt8]) throws(DiskError) {
        let file = try open(path, create: true)
        defer { close(file) }
        try writeBytes(file, bytes, at: 0, path: path)
        try sync(file, path: path)
    }
}

/// A file that is closed when its last reader lets go of it. An immutable snapshot.
final class OpenFile: Sendable {
    let descriptor: Int32
    let path: String
    private let io: any DiskIO

    init(descriptor: Int32, path: String, io: any DiskIO) {
        self.descriptor = descriptor
        self.path = path
        self.io = io
    }

    deinit { io.close(descriptor) }
}
