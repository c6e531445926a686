public import HTTPWire

/// What an edge wants of an origin. A value.
public struct OriginRequest: Sendable {
    /// Who the answer is for, which decides what an HTTP origin gets of the client's request. A bucket never gets any.
    public enum Purpose: Sendable {
        /// For everyone: it may be stored. Accept-Encoding, Range and the conditions are the edge's own, and nothing says
        /// who has asked.
        case shared
        /// Most likely for this client alone, since the last answer was: as `shared`, and the origin is told who asks.
        case single
        /// The client's own request: its Accept-Encoding, Range and conditions pass, and the origin is told who asks.
        case relay
    }

    /// The client, as the edge sees it. A value.
    public struct Peer: Sendable, Equatable {
        /// An IP address; nil: it came through a socket that has none.
        public var address: String?
        /// It came through TLS.
        public var isSecure: Bool
        /// The host that it has named, which has been checked; nil: none.
        public var host: String?

        /// A client as given.
        public init(address: String?, isSecure: Bool, host: String? = nil) {
            self.address = address
            self.isSecure = isSecure
            self.host = host
        }
    }

    /// The request's content.
    public enum Body: Sendable, Equatable {
        case none
        /// Comes by ``OriginExchange/writeBody(_:)``; without a length it is sent in chunks.
        case pushed(length: UInt64?)
    }

    /// GET or HEAD for a bucket, any for a server. The name of ``HTTPWire/Method/other`` is the client's.
    public var method: Method
    /// Normalised path, from its `/` on, and for HTTP origins `?` and the query: the key's part behind the site.
    public var target: [UInt8]
    /// The entity tags of what is to be validated (RFC 9110, section 13.1.2); none asks for the body unconditionally.
    public var etags: [EntityTag]
    /// The last modification of the same, in Unix seconds; sent beside the tags too (RFC 9111, section 4.3.1).
    public var lastModified: Int64?
    /// The part that is wanted (RFC 9110, section 14.2); nil: the whole.
    public var range: OriginRange?
    /// The only form that is wanted (RFC 9110, section 13.1.1): with another the origin answers 412.
    public var ifMatch: EntityTag?
    /// The client's request. HTTP origins get its fields; a bucket gets nothing of it.
    public var client: RequestHead
    /// Who the answer is for.
    public var purpose: Purpose
    /// Whom the origin is told of; nil: nobody.
    public var peer: Peer?
    /// For servers only.
    public var body: Body

    /// A request as given.
    public init(
        method: Method,
        target: [UInt8],
        etags: [EntityTag] = [],
        lastModified: Int64? = nil,
        range: OriginRange? = nil,
        ifMatch: EntityTag? = nil,
        client: RequestHead,
        purpose: Purpose = .shared,
        peer: Peer? = nil,
        body: Body = .none
    ) {
        self.method = method
        self.target = target
        self.etags = etags
        self.lastModified = lastModified
        self.range = range
        self.ifMatch = ifMatch
        self.client = client
        self.purpose = purpose
        self.peer = peer
        self.body = body
    }

    /// A request with at most one entity tag.
    public init(method: Method, target: [UInt8], etag: EntityTag?, lastModified: Int64?, client: RequestHead) {
        self.init(
            method: method,
            target: target,
            etags: etag.map { [$0] } ?? [],
            lastModified: lastModified,
            client: client
        )
    }

    /// The method's name as it is sent.
    var methodText: String { method == .other ? client.methodText : method.text }
}
