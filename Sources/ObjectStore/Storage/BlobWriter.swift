/// Bytes that are safe on the disk under a blob's name, but that no object refers to yet. *Value*.
struct StagedBlob: Sendable {
    let id: BlobID
    let size: Int64
    let digests: BodyDigests.Results
}

/// Writes one blob: temporary file, then flushed, then moved to its name. *Moved*: one owner at a time.
///
/// Dropped without ``finish()``, it leaves nothing behind.
struct BlobWriter: ~Copyable {
    private let store: BlobStore
    private let temporary: TemporaryFile
    private var digests: BodyDigests
    private(set) var size: Int64 = 0
    private var flushed: Int64 = 0

    init(_ store: BlobStore, digests: consuming BodyDigests) throws(SystemError) {
        self.store = store
        self.temporary = try store.makeTemporaryFile()
        self.digests = digests
    }

    mutating func write(_ bytes: RawSpan) throws(SystemError) {
        digests.update(bytes)
        try temporary.file.write(bytes, at: size)
        size += Int64(bytes.byteCount)
        if size - flushed >= ObjectStoreLimits.flushBytes {
            try temporary.file.syncData()
            flushed = size
        }
    }

    /// On return the bytes survive a power failure, under the blob's name. `check` sees the digests before anything is
    /// flushed; if it throws, nothing is left.
    consuming func finish(_ check: (BodyDigests.Results) throws -> Void = { _ in }) throws -> StagedBlob {
        let results = digests.finish()
        try check(results)
        try temporary.file.sync()
        let id = try store.adopt(temporary)
        return StagedBlob(id: id, size: size, digests: results)
    }
}
