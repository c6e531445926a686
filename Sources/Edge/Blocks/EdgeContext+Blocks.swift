import CacheStore
import HTTPWire

/// Which objects are in blocks, and which of their blocks are there.
extension EdgeContext {
    /// Whether the memory is large enough for any.
    var hasBlocks: Bool { store.memoryObjectLimit >= Limits.blockMemoryShare * CacheStore.blockBytes }

    /// Whether an answer with this tag and length can be in blocks at all.
    func mayBeInBlocks(etag: EntityTag?, length: UInt64, key: CacheKey) -> Bool {
        guard let etag, !etag.isWeak, length > 0, length <= blocksLimit, hasBlocks else { return false }
        return store.blockKey(of: key, number: 0, etag: etag) != nil
    }

    /// The end of the run of missing blocks that begins with `first` and goes no further than `last`.
    func endOfMissing(_ object: BlockObject, from first: UInt32, through last: UInt32) -> UInt32 {
        var end = first + 1
        while end <= last, end - first < Limits.blocksPerRun, let key = object.key(of: end, in: store),
            !store.holds(key),
            !blocks.contains(key, tags: object.head.tags, epochs: store.epochs)
        {
            end += 1
        }
        return end
    }

    /// Whether all of this is in memory or on disk.
    func holds(_ part: BodyPart, of object: BlockObject) -> Bool {
        guard case .slice(let range) = part else { return true }
        for number in BlockObject.block(at: range.lowerBound)...BlockObject.block(at: range.upperBound - 1) {
            guard let key = object.key(of: number, in: store), store.holds(key) else { return false }
        }
        return true
    }

    /// Drops a version that the origin does not have any more. False: that happens to this object again and again.
    func forget(_ object: BlockObject) -> Bool {
        let key = object.key
        if let stored = store.lookup(hash: key.hash, key: key.bytes.span),
            stored.representations.contains(where: { $0.head.etag == object.etag })
        {
            store.remove(key)
        }
        store.removeBlocks(of: key, etag: object.etag, length: object.length)
        let now = UnixClock.seconds()
        guard changedObjects.contains(key.hash, now: now) else {
            changedObjects.remember(key.hash, now: now)
            return true
        }
        let isRare = !changingObjects.contains(key.hash, now: now)
        changingObjects.remember(key.hash, now: now)
        return isRare
    }
}
