/// Why a store could not be opened: what was expected, what was found, where. A value.
public enum CacheStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The memory budget is too small to work with.
    case memoryTooSmall(bytes: Int, smallest: Int)
    /// The disk's size is too small to work with.
    case diskTooSmall(path: String, bytes: Int, smallest: Int)
    /// Another process uses the folder.
    case folderInUse(path: String)
    /// The folder cannot be made, read or written.
    case folderUnusable(path: String, reason: String)

    /// One clear sentence.
    public var description: String {
        switch self {
        case .memoryTooSmall(let bytes, let smallest):
            "cache memory of \(bytes) bytes is too small: at least \(smallest) bytes are needed"
        case .diskTooSmall(let path, let bytes, let smallest):
            "a disk cache of \(bytes) bytes in \(path) is too small: at least \(smallest) bytes are needed"
        case .folderInUse(let path):
            "the cache folder \(path) is in use by another process"
        case .folderUnusable(let path, let reason):
            "the cache folder \(path) cannot be used: \(reason)"
        }
    }
}
