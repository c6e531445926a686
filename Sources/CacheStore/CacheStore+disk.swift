public import NIOCore

extension CacheStore {
    /// Whether anything is on disk under the hash: a look into the index, in memory.
    public func isOnDisk(_ hash: KeyHash) -> Bool { false }

    /// Reads what the disk has of the key on an I/O thread, verifies every checksum, and puts it into memory when it fits.
    ///
    /// Call on `eventLoop`; `completion` runs there, once. nil: a miss (not on disk, purged, damaged, or no room). A body
    /// too large for memory stays on disk: ``StoredBody/disk``.
    public func loadFromDisk(
        _ key: CacheKey,
        on eventLoop: any EventLoop,
        _ completion: @escaping (Resource?) -> Void
    ) {
        let bound = NIOLoopBound(completion, eventLoop: eventLoop)
        eventLoop.execute { bound.value(nil) }
    }

    /// Waits until everything handed to the disk is written and synced, and the purge state with it.
    public func flush() async {}

    /// Flushes, stops the threads and gives the folder free. Nothing is read or written afterwards.
    public func close() async {}
}
