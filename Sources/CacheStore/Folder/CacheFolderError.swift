/// Why a cache folder cannot be looked into. A value.
public enum CacheFolderError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is nothing of that name.
    case missing(path: String)
    /// It is there, but no folder.
    case notAFolder(path: String)
    /// A folder, but not one that a cache has made.
    case notACache(path: String, reason: String)
    /// The system refuses it; `reason` is its own word.
    case refused(path: String, reason: String)

    /// One clear sentence.
    public var description: String {
        switch self {
        case .missing(let path): "\(path) does not exist"
        case .notAFolder(let path): "\(path) is not a folder; a cache folder is meant, as cache.disk.path names it"
        case .notACache(let path, let reason): "\(path) is not a cache folder: \(reason)"
        case .refused(let path, let reason):
            "cannot read \(path): \(reason) (a cache folder belongs to the user that the edge runs as)"
        }
    }
}
