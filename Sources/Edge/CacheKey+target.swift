import CacheStore

extension CacheKey {
    /// Path and query as an origin is asked for them.
    var target: [UInt8] {
        guard let query else { return Array(path) }
        return Array(path) + [UInt8(ascii: "?")] + query
    }
}
