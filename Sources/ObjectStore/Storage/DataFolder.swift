internal import Glibc
internal import NIOCore

/// Why a store could not be opened: one sentence for the operator. *Value*.
public struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// What was expected, what was found, and where.
    public let message: String

    init(_ message: String) { self.message = message }

    /// The same as ``message``.
    public var description: String { message }
}

/// The folder that holds everything, and the lock that makes this process its only user. *Immutable snapshot*; the lock
/// is given up by ``unlock()`` or with the last owner.
///
///     lock  objects.sqlite  tmp/…  blobs/00…ff/…
final class DataFolder: Sendable {
    let path: String
    private let lock: OpenFile

    var temporary: String { path + "/tmp" }
    var blobs: String { path + "/blobs" }
    var database: String { path + "/objects.sqlite" }

    /// Makes what is missing, takes the lock, removes what unfinished uploads left behind.
    init(_ path: String) throws(ObjectStoreError) {
        do throws(SystemError) {
            try Files.makeFolders(path)
            self.path = path
            self.lock = try OpenFile(path + "/lock", flags: O_RDWR | O_CREAT)
        } catch {
            throw ObjectStoreError("The data folder \(path) cannot be used: \(error)")
        }
        try takeLock()
        do throws(SystemError) {
            try makeSubfolders()
            // Nobody else can be writing here: the lock is ours.
            for name in try Files.names(in: temporary) { try Files.remove("\(temporary)/\(name)") }
            // The database's own files inherit this mode.
            try OpenFile(database, flags: O_RDWR | O_CREAT).sync()
            try Files.syncFolder(path)
        } catch {
            throw ObjectStoreError("The data folder \(path) cannot be used: \(error)")
        }
    }

    private func takeLock() throws(ObjectStoreError) {
        guard flock(lock.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = (try? lock.read(at: 0, count: 32)).map { String(buffer: $0) } ?? ""
            let process = holder.isEmpty ? "" : " (process \(holder))"
            throw ObjectStoreError(
                errno == EWOULDBLOCK
                    ? "The data folder \(path) is in use by another origin\(process). Two cannot share one folder."
                    : "The data folder \(path) cannot be locked: \(String(cString: strerror(errno)))"
            )
        }
        // Only a help for the message above; the lock itself is the kernel's.
        let holder = Array(String(getpid()).utf8)
        if ftruncate(lock.descriptor, 0) == 0 {
            try? lock.write(holder.span.bytes, at: 0)
        }
    }

    /// Lets another process have the folder.
    func unlock() {
        _ = flock(lock.descriptor, LOCK_UN)
    }

    private func makeSubfolders() throws(SystemError) {
        try Files.makeFolder(temporary)
        try Files.makeFolder(blobs)
        for number in 0..<256 {
            try Files.makeFolder("\(blobs)/\(BlobID.folderName(UInt8(number)))")
        }
        try Files.syncFolder(blobs)
    }
}
