import CLibc

/// The name of a resource in the cache: site, normalised path and chosen query, with their hash. A value.
///
/// The bytes are `site 0x00 path [? query]`. Neither a site id nor a normalised path contains 0x00, and a normalised
/// path contains no `?`, so the parts can be told apart. The key of one block of a large object has the object's behind a
/// ``BlockPrefix``, which no site id can be taken for: site, path and query are the object's, and so whatever covers the
/// object covers its blocks. Make keys with ``CacheStore/key(site:path:query:)``, ``CacheStore/key(bytes:)`` or
/// ``CacheStore/blockKey(of:number:etag:)``, for the hash is keyed by the store.
public struct CacheKey: Hashable, Sendable {
    /// `[block prefix] site 0x00 path [? query]`.
    public let bytes: [UInt8]
    /// The store's keyed hash of ``bytes``.
    public let hash: KeyHash
    let siteStart: Int
    let siteEnd: Int
    let pathStart: Int
    let pathEnd: Int

    init?(bytes: [UInt8], hash: KeyHash) {
        guard let start = BlockPrefix.end(in: bytes), bytes[start...].contains(0) else { return nil }
        self.init(wellFormed: bytes, siteStart: start, hash: hash)
    }

    /// `bytes` come from ``bytes(site:path:query:)``, behind a block's prefix that ends at `siteStart`; without a 0x00, all
    /// of them would be the site.
    init(wellFormed bytes: [UInt8], siteStart: Int = 0, hash: KeyHash) {
        let zero = bytes[siteStart...].firstIndex(of: 0) ?? bytes.count
        self.bytes = bytes
        self.hash = hash
        self.siteStart = siteStart
        siteEnd = zero
        pathStart = min(zero + 1, bytes.count)
        pathEnd = bytes[pathStart...].firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
    }

    /// The bytes of a key with these parts.
    public static func bytes(site: String, path: some Sequence<UInt8>, query: (some Sequence<UInt8>)?) -> [UInt8] {
        var bytes = siteBytes(site)
        bytes.append(0)
        bytes.append(contentsOf: path)
        if let query {
            bytes.append(UInt8(ascii: "?"))
            bytes.append(contentsOf: query)
        }
        return bytes
    }

    static func siteBytes(_ site: String) -> [UInt8] { Array(site.utf8.lazy.filter { $0 != 0 }) }

    /// The site's id.
    public var site: ArraySlice<UInt8> { bytes[siteStart..<siteEnd] }
    /// The normalised path, still percent-encoded.
    public var path: ArraySlice<UInt8> { bytes[pathStart..<pathEnd] }
    /// The query without its `?`; nil when the key has none.
    public var query: ArraySlice<UInt8>? { pathEnd == bytes.count ? nil : bytes[(pathEnd + 1)...] }

    /// Whether this is the key of one block.
    public var isBlock: Bool { siteStart > 0 }

    /// Keys are equal when their bytes are; the hash follows from them.
    public static func == (left: CacheKey, right: CacheKey) -> Bool {
        left.hash == right.hash && left.bytes == right.bytes
    }

    /// Feeds the stored hash, which is uniform already.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(hash.low)
    }
}

/// Whether two byte strings are the same.
///
/// Unsafe pointers: both buffers have the same count when `memcmp` reads that many bytes, and neither leaves the closure.
func bytesEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBytes { left in
        right.withUnsafeBytes { right in
            guard let a = left.baseAddress, let b = right.baseAddress else { return true }
            return memcmp(a, b, left.count) == 0
        }
    }
}
