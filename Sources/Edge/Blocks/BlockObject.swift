import CacheStore
import HTTPWire

/// An object in blocks, as one request has found it. An immutable snapshot.
///
/// Its strong entity tag names its bytes: blocks that carry the same are parts of the same body, whoever fetched them.
final class BlockObject: Sendable {
    let key: CacheKey
    let site: Site
    /// The head of the whole, as it is stored.
    let head: StoredHead
    let etag: EntityTag
    /// Bytes of the whole.
    let length: UInt64
    /// The request that a missing block is asked for with, as far as the origin is told of it.
    let client: RequestHead
    /// It came through TLS; an origin that insists on that has to know.
    let isSecure: Bool

    /// nil: the form is not in blocks.
    init?(_ form: Representation, key: CacheKey, site: Site, client: RequestHead, isSecure: Bool) {
        guard case .blocks(let length) = form.body.location, let etag = form.head.etag, !etag.isWeak else { return nil }
        self.key = key
        self.site = site
        head = form.head
        self.etag = etag
        self.length = length
        self.client = client
        self.isSecure = isSecure
    }

    /// The number of its blocks.
    var blocks: UInt32 { CacheStore.blockCount(length) }

    /// The block that holds the byte at `offset`.
    static func block(at offset: UInt64) -> UInt32 { UInt32(clamping: offset / UInt64(CacheStore.blockBytes)) }

    /// Where a block begins; the end of the object for numbers beyond its last.
    func start(of block: UInt32) -> UInt64 { min(UInt64(block) * UInt64(CacheStore.blockBytes), length) }

    /// The bytes of the whole that a block holds.
    func range(of block: UInt32) -> Range<UInt64> { start(of: block)..<start(of: block &+ 1) }

    /// nil never comes: only objects whose tags fit a key are in blocks.
    func key(of block: UInt32, in store: CacheStore) -> CacheKey? {
        store.blockKey(of: key, number: block, etag: etag)
    }
}
