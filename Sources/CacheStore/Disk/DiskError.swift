import Glibc

/// A refused system call: which, on what, why. A value.
struct DiskError: Error, Sendable, Equatable, CustomStringConvertible {
    enum Operation: String, Sendable {
        case open, size, read, write, truncate, sync, lock, rename, remove, makeFolder = "make folder", list, volume
    }

    var operation: Operation
    var path: String
    /// The system's error number; 0 when fewer bytes came than the file's length promised.
    var code: Int32

    var description: String {
        "\(operation.rawValue) \(path): \(code == 0 ? "unexpected end of file" : String(cString: strerror(code)))"
    }
}
