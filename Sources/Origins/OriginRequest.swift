public import HTTPWire

/// What an edge wants of an origin. A value.
public struct OriginRequest: Sendable {
    /// GET or HEAD.
    public enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
    }

    /// GET, or HEAD when no body is wanted.
    public var method: Method
    /// Normalised path, from its `/` on, and for HTTP origins `?` and the query: the key's part behind the site.
    public var target: [UInt8]
    /// Of the entry to be validated (RFC 9110, section 13.1.2); nil asks for the body unconditionally.
    public var etag: EntityTag?
    /// Of the same entry, in Unix seconds; used when it has no entity tag.
    public var lastModified: Int64?
    /// The client's request. HTTP origins get its fields; a bucket gets nothing of it.
    public var client: RequestHead

    /// A request as given.
    public init(method: Method, target: [UInt8], etag: EntityTag?, lastModified: Int64?, client: RequestHead) {
        self.method = method
        self.target = target
        self.etag = etag
        self.lastModified = lastModified
        self.client = client
    }
}
