public import NIOCore

extension CacheStore {
    /// Whether anything is on disk under the hash: a look into the index, in memory.
    public func isOnDisk(_ hash: KeyHash) -> Bool { disk(hash)?.contains(hash.value) ?? false }

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
        guard let disk = disk(key.hash) else { return eventLoop.execute { bound.value(nil) } }
        disk.submit { canRead in
            let resource = canRead ? self.load(key, from: disk) : nil
            eventLoop.execute { bound.value(resource) }
        }
    }

    /// The same, on this thread.
    func load(_ key: CacheKey, from disk: DiskTier) -> Resource? {
        guard let reserved = reserve() else { return nil }
        let forms = disk.read(key, with: reserved)
        guard let loaded = living(forms, key: key, disk) else {
            reserved.end()
            return nil
        }
        return promote(loaded, reserved, disk)
    }

    /// Begins to store a form too large for memory on disk, while its body passes through to the client.
    ///
    /// `head` says the body's length, which must be known; `mark` and `generation` as for ``insert(_:key:reserved:)``. nil:
    /// no disk, not admitted yet (the second request is), too large for it too, or purged meanwhile. What is stored under
    /// the key goes when the fill is finished.
    public func beginDiskFill(
        _ key: CacheKey,
        head: StoredHead,
        generation: UInt64,
        mark: PurgeMark,
        variant: [UInt8] = []
    ) -> DiskFill? {
        guard let disk = disk(key.hash), epochs.judge(mark, key: key, tags: head.tags) != .dead,
            case .now = disk.admission(key.hash.value, bodyLength: head.bodyLength)
        else { return nil }
        let form = Representation(
            generation: generation,
            mark: mark,
            variant: variant,
            head: head,
            body: StoredBody(pieces: [])
        )
        return disk.beginStream(form, key: key, length: head.bodyLength)
    }

    /// Whether a disk, if there is any, takes bodies of that many bytes at all.
    public func mayKeepOnDisk(_ length: UInt64) -> Bool {
        disks.tiers.contains { length < UInt64(max(0, $0.recordLimit - RecordHeader.bytes)) }
    }

    /// Waits until everything handed to the disks is written and synced, and the purge state with it.
    public func flush() async { await disks.flush() }

    /// Flushes, stops the threads and gives the folders free. Nothing is read or written afterwards. A store with a disk
    /// must be closed before it is let go.
    public func close() async { await disks.close() }
}
