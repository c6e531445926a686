import HTTPWire

/// Host and cache key of the request at hand (rules K1 and K2). Loop-confined: its arrays keep their memory from
/// request to request.
struct RequestKey {
    /// Lower-case, without port.
    private(set) var host: [UInt8] = []
    /// `site 0x00 path [? query]`
    private(set) var bytes: [UInt8] = []

    private var path: [UInt8] = []
    private var query: [UInt8] = []
    private var hasQuery = false
    private var filter = QueryFilter()
    /// Where the path lies in ``bytes``.
    private(set) var pathRange = 0..<0

    /// The host of an absolute-form target wins over the Host field (RFC 9112, section 3.2.2). False: no valid host.
    mutating func readHost(of head: borrowing RequestHead) -> Bool {
        let bytes = head.fields.bytes.span
        if let authority = RequestTarget.authority(of: bytes, head.target) {
            return RequestTarget.host(bytes, authority, into: &host)
        }
        guard let range = head.fields.range(of: .host), !range.isEmpty else {
            // Only HTTP/1.0 comes this far without Host.
            host.removeAll(keepingCapacity: true)
            return true
        }
        return RequestTarget.host(bytes, range, into: &host)
    }

    /// Writes the key of the request's target at `site`. False: not a target that has a path.
    mutating func build(for head: borrowing RequestHead, at site: Site) -> Bool {
        guard
            RequestTarget.normalise(
                head.fields.bytes.span,
                head.target,
                path: &path,
                query: &query,
                hasQuery: &hasQuery
            )
        else { return false }
        bytes.removeAll(keepingCapacity: true)
        bytes.append(contentsOf: site.keyPrefix)
        if site.isBucket { ObjectPath.canonicalise(&path) }
        bytes.append(contentsOf: path)
        if let index = site.index, path.last == UInt8(ascii: "/") { bytes.append(contentsOf: index) }
        pathRange = site.keyPrefix.count..<bytes.count
        if hasQuery, filter.apply(site.query, to: &query) {
            bytes.append(UInt8(ascii: "?"))
            bytes.append(contentsOf: query)
        }
        return true
    }
}
