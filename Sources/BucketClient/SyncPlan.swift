/// What an upload has to do, decided from what is there. A value; nothing is read or sent here.
public struct SyncPlan: Sendable, Equatable {
    /// Files to send, in order of their keys.
    public var uploads: [LocalFile] = []
    /// Files that the bucket has already.
    public var unchanged: [LocalFile] = []
    /// Keys of the bucket, below the prefix, that no file has.
    public var deletions: [String] = []

    /// Compares by size and ETag.
    ///
    /// - Parameters:
    ///   - remote: everything below the prefix.
    ///   - deletesOthers: whether keys without a file go.
    ///   - etag: the MD5 of a file in hexadecimal; asked only where the sizes are the same.
    public init(
        local: [LocalFile],
        remote: [RemoteObject],
        deletesOthers: Bool,
        etag: (LocalFile) throws -> String
    ) rethrows {
        let byKey = Dictionary(remote.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        for file in local.sorted(by: { $0.key < $1.key }) {
            if let object = byKey[file.key], object.size == file.size, try object.etag == etag(file) {
                unchanged.append(file)
            } else {
                uploads.append(file)
            }
        }
        guard deletesOthers else { return }
        let keys = Set(local.map(\.key))
        deletions = remote.map(\.key).filter { !keys.contains($0) }.sorted()
    }

    /// Bytes that the uploads send.
    public var uploadBytes: UInt64 { uploads.reduce(0) { $0 + $1.size } }
}

/// A file to be uploaded. A value.
public struct LocalFile: Sendable, Equatable {
    /// Where it is.
    public var path: String
    /// The object's key, prefix included.
    public var key: String
    /// The key without the prefix: what patterns are matched against.
    public var relativeKey: String
    /// Bytes.
    public var size: UInt64

    /// A file as given.
    public init(path: String, key: String, relativeKey: String, size: UInt64) {
        self.path = path
        self.key = key
        self.relativeKey = relativeKey
        self.size = size
    }
}

/// An object of a bucket as a listing has it. A value.
public struct RemoteObject: Sendable, Equatable {
    /// The key.
    public var key: String
    /// Bytes.
    public var size: UInt64
    /// Without quotes.
    public var etag: String

    /// An object as given.
    public init(key: String, size: UInt64, etag: String) {
        self.key = key
        self.size = size
        self.etag = etag
    }
}
