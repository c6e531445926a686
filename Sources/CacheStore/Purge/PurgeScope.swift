extension PurgeEpochs {
    /// What a purge covers. A value. Sites are site ids, as in ``CacheKey``; paths and queries are normalised.
    public enum Scope: Sendable, Hashable {
        /// Every entry of every site.
        case everything
        /// Every entry of a site.
        case site(String)
        /// Every entry of a site whose normalised path starts with these bytes, whatever its query.
        case prefix(site: String, path: [UInt8])
        /// One path with exactly this query ([] is the empty query, `/p?`), or with every query and none (nil).
        case url(site: String, path: [UInt8], query: [UInt8]?)
        /// Every entry that carries the tag, of one site or of all (nil).
        case tag(site: String?, tag: String)
    }

    /// One entry of a snapshot of the purges: a scope and the number of its newest purge.
    public struct ScopeEpoch: Sendable, Hashable {
        /// What was purged.
        public var scope: Scope
        /// The purge's number.
        public var number: UInt64
        /// Whether it was soft.
        public var soft: Bool

        /// A scope purged at `number`.
        public init(scope: Scope, number: UInt64, soft: Bool) {
            self.scope = scope
            self.number = number
            self.soft = soft
        }
    }
}

/// The hashes under which scopes stand in the tables. A value.
///
/// Only hashes are kept: memory is the same for every scope, and should two scopes ever share one (2^-128 a pair), a
/// purge drops too much, never too little. Each kind has a key of its own. What is hashed is a part of a key's bytes as it
/// lies there (site; `site 0x00 path`, whole or its beginning; all of it), so that a look-up copies and allocates nothing.
struct ScopeHashes {
    private enum Kind: UInt64 { case site = 1, prefix, urlExact, urlAny, tagAnywhere }

    let hasher: SipHash

    private func keyed(_ kind: Kind) -> SipHash {
        SipHash(k0: hasher.k0 ^ (kind.rawValue &* 0x9E37_79B9_7F4A_7C15), k1: hasher.k1)
    }

    // MARK: Of a key

    func site(_ key: CacheKey) -> UInt128 {
        keyed(.site).hash(key.bytes.span.extracting(key.siteStart..<key.siteEnd))
    }

    func urlAny(_ key: CacheKey) -> UInt128 {
        keyed(.urlAny).hash(key.bytes.span.extracting(key.siteStart..<key.pathEnd))
    }

    /// `/p` and `/p?` are different URLs: the query mark is one of the bytes.
    func urlExact(_ key: CacheKey) -> UInt128 {
        keyed(.urlExact).hash(key.bytes.span.extracting(key.siteStart..<key.bytes.count))
    }

    /// The hash of the path's first `length` bytes; nil when it has fewer.
    func prefix(_ key: CacheKey, length: Int) -> UInt128? {
        guard length <= key.pathEnd - key.pathStart else { return nil }
        return keyed(.prefix).hash(key.bytes.span.extracting(key.siteStart..<(key.pathStart + length)))
    }

    // MARK: Of a purge

    func site(_ name: String) -> UInt128 {
        keyed(.site).hash(CacheKey.siteBytes(name).span)
    }

    func prefix(_ site: String, _ path: some Sequence<UInt8>) -> UInt128 {
        keyed(.prefix).hash(CacheKey.bytes(site: site, path: path, query: [UInt8]?.none).span)
    }

    func url(_ site: String, _ path: [UInt8], query: [UInt8]?) -> UInt128 {
        keyed(query == nil ? .urlAny : .urlExact).hash(CacheKey.bytes(site: site, path: path, query: query).span)
    }

    // MARK: Of both

    /// A tag of the site with this hash, or of all sites (nil).
    func tag(site: UInt128?, _ tag: String) -> UInt128 {
        let hasher =
            site.map { SipHash(k0: UInt64(truncatingIfNeeded: $0), k1: UInt64(truncatingIfNeeded: $0 >> 64)) }
            ?? keyed(.tagAnywhere)
        var tag = tag
        return tag.withUTF8 { hasher.hash($0.span) }
    }
}
