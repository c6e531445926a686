internal import Glibc
internal import NIOCore

/// A system call that failed. *Value*.
struct SystemError: Error, CustomStringConvertible {
    let call: String
    let path: String
    let number: Int32

    init(_ call: String, _ path: String) {
        self.call = call
        self.path = path
        self.number = errno
    }

    var isDiskFull: Bool { number == ENOSPC || number == EDQUOT }
    var isMissing: Bool { number == ENOENT }

    /// `open /data/x: Permission denied`
    var description: String { "\(call) \(path): \(reason)" }
    var reason: String { String(cString: strerror(number)) }
}

/// A file descriptor that is closed with its last owner. *Immutable snapshot*: positions are given with each call
/// (pread, pwrite), so any thread may use it.
final class OpenFile: Sendable {
    let descriptor: Int32
    let path: String

    init(_ path: String, flags: Int32, mode: mode_t = 0o600) throws(SystemError) {
        let descriptor = open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// Writes all bytes at `offset`.
    func write(_ bytes: RawSpan, at offset: Int64) throws(SystemError) {
        let isComplete = bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                // `rest` is a part of `bytes`, which is valid within this closure.
                let written = pwrite(
                    descriptor,
                    rest.base.baseAddress.map { $0 + rest.startIndex },
                    rest.count,
                    off_t(offset) + off_t(rest.startIndex)
                )
                if written < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                rest = rest.dropFirst(written)
            }
            return true
        }
        guard isComplete else { throw SystemError("write", path) }
    }

    /// Up to `count` bytes from `offset`; fewer only at the file's end.
    func read(at offset: Int64, count: Int) throws(SystemError) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count {
            let position = off_t(offset) + off_t(buffer.readableBytes)
            let missing = count - buffer.readableBytes
            let result = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: missing) { space in
                // The buffer offers at least `missing` bytes; a failed call has written none.
                let result = pread(descriptor, space.baseAddress, missing, position)
                return max(0, result)
            }
            if result == 0 {
                if errno == EINTR { continue }
                break
            }
        }
        return buffer
    }

    func sync() throws(SystemError) {
        guard fsync(descriptor) == 0 else { throw SystemError("fsync", path) }
    }

    /// Data and what is needed to read it back, such as the length.
    func syncData() throws(SystemError) {
        guard fdatasync(descriptor) == 0 else { throw SystemError("fdatasync", path) }
    }

    func size() throws(SystemError) -> Int64 {
        var info = stat()
        guard fstat(descriptor, &info) == 0 else { throw SystemError("fstat", path) }
        return Int64(info.st_size)
    }
}

/// Calls on paths. A namespace.
enum Files {
    /// False when it exists.
    @discardableResult
    static func makeFolder(_ path: String) throws(SystemError) -> Bool {
        if mkdir(path, 0o700) == 0 { return true }
        guard errno == EEXIST else { throw SystemError("mkdir", path) }
        return false
    }

    /// Makes the folder and those above it that are missing. Made ones survive a power failure.
    static func makeFolders(_ path: String) throws(SystemError) {
        var folder = path.hasPrefix("/") ? "/" : "."
        for part in path.split(separator: "/") {
            let next = folder == "/" ? "/\(part)" : "\(folder)/\(part)"
            if try makeFolder(next) { try syncFolder(folder) }
            folder = next
        }
    }

    static func move(_ from: String, to: String) throws(SystemError) {
        guard rename(from, to) == 0 else { throw SystemError("rename", from) }
    }

    /// A file that is gone already is no error.
    static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("unlink", path) }
    }

    static func syncFolder(_ path: String) throws(SystemError) {
        try OpenFile(path, flags: O_RDONLY | O_DIRECTORY).sync()
    }

    /// Names in a folder, without `.` and `..`.
    static func names(in path: String) throws(SystemError) -> [String] {
        guard let folder = opendir(path) else { throw SystemError("opendir", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            // d_name is NUL-terminated within its array and valid until the next readdir.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Bytes that an ordinary user may still write to the file system of `path`.
    static func freeBytes(_ path: String) throws(SystemError) -> Int64 {
        var info = statvfs()
        guard statvfs(path, &info) == 0 else { throw SystemError("statvfs", path) }
        let (bytes, isTooLarge) = UInt64(info.f_bavail).multipliedReportingOverflow(by: UInt64(info.f_frsize))
        return isTooLarge ? .max : Int64(clamping: bytes)
    }
}
