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
/// purge drops too much, never too little. Each kind starts with a byte of its own.
struct ScopeHashes: Sendable {
    enum Kind: UInt8 { case site = 1, prefix, urlExact, urlAny, tag, tagAnywhere }

    let hasher: SipHash

    private func hash(_ kind: Kind, _ parts: [ArraySlice<UInt8>]) -> UInt128 {
        var bytes: [UInt8] = [kind.rawValue]
        bytes.reserveCapacity(parts.reduce(1 + parts.count) { $0 + $1.count })
        for (index, part) in parts.enumerated() {
            if index > 0 { bytes.append(0) }
            bytes.append(contentsOf: part)
        }
        return hasher.hash(bytes.span)
    }

    func site(_ site: ArraySlice<UInt8>) -> UInt128 { hash(.site, [site]) }

    func urlAny(_ site: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>) -> UInt128 { hash(.urlAny, [site, path]) }

    func urlExact(_ site: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>, _ query: ArraySlice<UInt8>?) -> UInt128 {
        // `/p` and `/p?` are different URLs; "?" cannot stand in a normalised path.
        hash(.urlExact, query.map { [site, path, [UInt8(ascii: "?")], $0] } ?? [site, path])
    }

    func tag(_ site: ArraySlice<UInt8>?, _ tag: ArraySlice<UInt8>) -> UInt128 {
        site.map { hash(.tag, [$0, tag]) } ?? hash(.tagAnywhere, [tag])
    }

    func prefix(_ site: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>) -> UInt128 { hash(.prefix, [site, path]) }

    /// The hashes of the path's beginnings of these lengths (ascending), those that it reaches.
    func prefixes(_ site: ArraySlice<UInt8>, _ path: ArraySlice<UInt8>, lengths: [Int]) -> [UInt128] {
        var bytes: [UInt8] = [Kind.prefix.rawValue]
        bytes.append(contentsOf: site)
        bytes.append(0)
        let start = bytes.count
        bytes.append(contentsOf: path)
        var result: [UInt128] = []
        for length in lengths {
            if length > path.count { break }
            result.append(hasher.hash(bytes.span.extracting(0..<(start + length))))
        }
        return result
    }
}
