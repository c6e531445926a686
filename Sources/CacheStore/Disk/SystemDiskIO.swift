import CLibc
import Glibc

extension DiskError {
    var isNotFound: Bool { code == ENOENT }
    /// A read that came to the file's end too early.
    var isEndOfFile: Bool { operation == .read && code == 0 }
}

/// ``DiskIO`` by the system itself. A value with no state.
struct SystemDiskIO: DiskIO {
    func open(_ path: String, create: Bool) throws(DiskError) -> Int32 {
        let flags = O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_TRUNC : 0)
        return try call(.open, path) { Glibc.open(path, flags, 0o600) }
    }

    func close(_ file: Int32) {
        _ = Glibc.close(file)
    }

    func size(_ file: Int32, path: String) throws(DiskError) -> Int {
        var status = stat()
        _ = try call(.size, path) { fstat(file, &status) }
        return Int(status.st_size)
    }

    func read(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) -> Int {
        try call(.read, path) { pread(file, target.baseAddress, target.count, off_t(offset)) }
    }

    func readNow(_ file: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int, path: String) -> ReadNow {
        let count = apus_pread_now(file, target.baseAddress, target.count, off_t(offset))
        if count >= 0 { return .bytes(count) }
        switch errno {
        case EOPNOTSUPP, ENOSYS, EINVAL: return .unsupported
        default: return .wouldWait
        }
    }

    func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String) throws(DiskError) -> Int {
        try call(.write, path) { pwrite(file, bytes.baseAddress, bytes.count, off_t(offset)) }
    }

    func truncate(_ file: Int32, to length: Int, path: String) throws(DiskError) {
        _ = try call(.truncate, path) { ftruncate(file, off_t(length)) }
    }

    func sync(_ file: Int32, path: String) throws(DiskError) {
        _ = try call(.sync, path) { fdatasync(file) }
    }

    func lock(_ path: String) throws(DiskError) -> Int32? {
        let file = try call(.lock, path) { Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        if flock(file, LOCK_EX | LOCK_NB) == 0 { return file }
        let code = errno
        close(file)
        if code == EWOULDBLOCK { return nil }
        throw DiskError(operation: .lock, path: path, code: code)
    }

    func unlock(_ file: Int32) {
        _ = flock(file, LOCK_UN)
    }

    func rename(_ from: String, to: String) throws(DiskError) {
        _ = try call(.rename, from) { Glibc.rename(from, to) }
    }

    func remove(_ path: String) throws(DiskError) {
        _ = try call(.remove, path) { unlink(path) }
    }

    func makeFolder(_ path: String) throws(DiskError) {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
        if mkdir(path, 0o700) == 0 { return }
        guard errno == EEXIST, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw DiskError(operation: .makeFolder, path: path, code: errno)
        }
    }

    func volume(of folder: String) throws(DiskError) -> DiskVolume {
        var status = stat()
        _ = try call(.volume, folder) { stat(folder, &status) }
        var volume = statvfs()
        _ = try call(.volume, folder) { statvfs(folder, &volume) }
        let (bytes, overflow) = Int(clamping: volume.f_blocks).multipliedReportingOverflow(by: Int(volume.f_frsize))
        return DiskVolume(device: UInt64(status.st_dev), bytes: overflow ? .max : bytes)
    }

    func names(in folder: String) throws(DiskError) -> [String] {
        guard let handle = opendir(folder) else { throw DiskError(operation: .list, path: folder, code: errno) }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            // Unsafe pointer: d_name ends with a zero byte, and the entry is valid until the next readdir.
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    func syncFolder(_ path: String) throws(DiskError) {
        let file = try call(.sync, path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        defer { close(file) }
        _ = try call(.sync, path) { fsync(file) }
    }

    /// Direct, so that it is the medium that is read and verified, and not a copy of it in memory; and because it neither
    /// fills the page cache nor has to be undone afterwards. Where a file system refuses that: without reading ahead.
    func openPastCache(_ path: String) throws(DiskError) -> Int32 {
        let direct = Glibc.open(path, O_RDONLY | O_CLOEXEC | APUS_O_DIRECT)
        if direct >= 0 { return direct }
        let file = try call(.open, path) { Glibc.open(path, O_RDONLY | O_CLOEXEC) }
        _ = posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM)
        return file
    }

    func readPastCache(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) -> Int {
        if fcntl(file, F_GETFL) & APUS_O_DIRECT != 0 { return try read(file, into: target, at: offset, path: path) }
        // What this gets is in the page cache already and stays there; what follows is read and taken out again.
        let present = max(0, apus_pread_now(file, target.baseAddress, target.count, off_t(offset))) / 4096 * 4096
        let rest = UnsafeMutableRawBufferPointer(rebasing: target[present...])
        guard !rest.isEmpty else { return present }
        let count = try read(file, into: rest, at: offset + present, path: path)
        _ = posix_fadvise(file, off_t(offset + present), off_t(count), POSIX_FADV_DONTNEED)
        return present + count
    }

    private func call<Value: SignedInteger>(
        _ operation: DiskError.Operation,
        _ path: String,
        _ body: () -> Value
    ) throws(DiskError) -> Value {
        while true {
            let result = body()
            if result >= 0 { return result }
            let code = errno
            if code != EINTR { throw DiskError(operation: operation, path: path, code: code) }
        }
    }
}
