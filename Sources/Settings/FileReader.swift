import Glibc

/// Reads small files whole. A value without state.
enum FileReader {
    /// Why a file could not be read: a noun phrase for "found …".
    struct Failure: Error {
        let reason: String
    }

    /// - Throws: ``Failure`` when it cannot be opened, is not a regular file, or has more than `limit` bytes.
    static func read(_ path: String, limit: Int = SettingsLimits.fileBytes) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(reason: reason(errno)) }
        defer { close(descriptor) }
        var information = stat()
        guard fstat(descriptor, &information) == 0 else { throw Failure(reason: reason(errno)) }
        if information.st_mode & S_IFMT == S_IFDIR { throw Failure(reason: "a folder") }
        var bytes: [UInt8] = []
        var failure: Int32 = 0
        var ended = false
        while !ended, failure == 0, bytes.count <= limit {
            // `read` writes at most `count` bytes into memory that the array owns for the time of the call.
            bytes += [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                let got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                count = max(0, got)
                ended = got == 0
                if got < 0, errno != EINTR { failure = errno }
            }
        }
        guard failure == 0 else { throw Failure(reason: reason(failure)) }
        guard bytes.count <= limit else { throw Failure(reason: "more than \(ByteSize(bytes: limit))") }
        return bytes
    }

    /// Whether this process may read a regular file of that name; nil if so, else why not.
    static func reasonAgainst(_ path: String) -> String? {
        var information = stat()
        guard stat(path, &information) == 0 else { return reason(errno) }
        if information.st_mode & S_IFMT == S_IFDIR { return "a folder" }
        return access(path, R_OK) == 0 ? nil : reason(errno)
    }

    /// A path below the folder of the file that names it, unless it is absolute.
    static func resolve(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
    }

    /// Everything before the last slash; "" when there is none, "/" for a file in the root.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOENT, ENOTDIR: "no such file"
        case EACCES, EPERM: "a file that may not be read"
        default: "an error: \(String(cString: strerror(code)))"
        }
    }
}
