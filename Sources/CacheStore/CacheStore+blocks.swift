public import HTTPWire

/// Large objects in blocks.
///
/// The object's own entry, under its own key, has a head and a ``StoredBody/init(blocks:)``. Each block is an ordinary entry
/// under a ``blockKey(of:number:etag:)``: it has the memory and disk tiers, checksums, purge scopes and marks of any.
extension CacheStore {
    /// Bytes of a block; the last one of an object may be shorter.
    public static let blockBytes = StoreLimits.largeBlockBytes

    /// The key of one block of the object. `etag`: the strong entity tag of its bytes, which every block of one version
    /// shares. nil: the tag is too long for a key.
    public func blockKey(of key: CacheKey, number: UInt32, etag: EntityTag) -> CacheKey? {
        guard !key.isBlock,
            let bytes = BlockPrefix.bytes(number: number, etag: Array(etag.opaque.utf8), before: key.bytes)
        else { return nil }
        let start = bytes.count - key.bytes.count
        return CacheKey(wellFormed: bytes, siteStart: start, hash: hash(bytes.span))
    }

    /// Whether an entry is in memory, alive, or on disk; does not count as a use. The disk's index does not know whether
    /// a purge has killed what it has: it may turn out to be missing when it is read.
    public func holds(_ key: CacheKey) -> Bool {
        if let resource = memory.shard(key.hash.value).peek(key) { return !epochs.isDead(resource.identity, key: key) }
        return disk(key.hash)?.contains(key.hash.value) ?? false
    }

    /// Lets go of what is in memory under the key, if it is of this generation; what is on disk stays.
    public func forgetInMemory(_ key: CacheKey, generation: UInt64) {
        memory.remove(key) { $0.identity.generation == generation }
    }

    /// Forgets the blocks of an object, in memory and on disk. The object has changed, or was purged: `holds` would take
    /// them for there.
    public func removeBlocks(of key: CacheKey, etag: EntityTag, length: UInt64) {
        for number in 0..<Self.blockCount(length) {
            guard let block = blockKey(of: key, number: number, etag: etag) else { return }
            if let disk = disk(block.hash), disk.contains(block.hash.value) { disk.drop(block.hash.value) }
            memory.remove(block)
        }
    }

    /// The number of blocks of an object of `length` bytes; at most as many as a block's number can say.
    public static func blockCount(_ length: UInt64) -> UInt32 {
        UInt32(clamping: (length / UInt64(blockBytes)) + (length % UInt64(blockBytes) > 0 ? 1 : 0))
    }
}
