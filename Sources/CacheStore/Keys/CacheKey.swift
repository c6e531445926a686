import CLibc

/// The name of a resource in the cache: site, normalised path and chosen query, with their hash. A value.
///
/// The bytes are `site 0x00 path [? query]`. Neither a site id nor a normalised path contains 0x00, and a normalised
/// path contains no `?`, so the parts can be told apart. Make keys with ``CacheStore/key(site:path:query:)`` or
/// ``CacheStore/key(bytes:)``, for the hash is keyed by the store.
public struct CacheKey: Hashable, Sendable {
    /// `site 0x00 path [? query]`.
    public let bytes: [UInt8]
    /// The store's keyed hash of ``bytes``.
    public let hash: KeyHash
    let siteEnd: Int
    let pathStart: Int
    let pathEnd: Int

    init?(bytes: [UInt8], hash: KeyHash) {
        guard bytes.contains(0) else { return nil }
        self.init(wellFormed: bytes, hash: hash)
    }

    /// `bytes` come from ``bytes(site:path:query:)``; without a 0x00, all of them would be the site.
    init(wellFormed bytes: [UInt8], hash: KeyHash) {
        let zero = bytes.firstIndex(of: 0) ?? bytes.count
        self.bytes = bytes
        self.hash = hash
        siteEnd = zero
        pathStart = min(zero + 1, bytes.count)
        pathEnd = bytes[pathStart...].firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
    }

    /// The bytes of a key with these parts.
    public static func bytes(site: String, path: some Sequence<UInt8>, query: (some Sequence<UInt8>)?) -> [UInt8] {
        var bytes = Array(site.utf8.lazy.filter { $0 != 0 })
        bytes.append(0)
        bytes.append(contentsOf: path)
        if let query {
            bytes.append(UInt8(ascii: "?"))
            bytes.append(contentsOf: query)
        }
        return bytes
    }

    /// The site's id.
    public var site: ArraySlice<UInt8> { bytes[..<siteEnd] }
    /// The normalised path, still percent-encoded.
    public var path: ArraySlice<UInt8> { bytes[pathStart..<pathEnd] }
    /// The query without its `?`; nil when the key has none.
    public var query: ArraySlice<UInt8>? { pathEnd == bytes.count ? nil : bytes[(pathEnd + 1)...] }

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
