/// A request's head. A value that a connection reuses: parsing clears it and keeps the memory.
///
/// It holds a copy of the head's bytes, so it may be kept, and copying it shares them.
public struct RequestHead: Sendable {
    /// The method; for ``Method/other`` see ``methodText``.
    public var method: Method = .get
    /// Where the method's name lies in the bytes of ``fields``.
    public var methodRange: Range<Int> = 0..<0
    /// The protocol version.
    public var version: HTTPVersion = .http11
    /// Where the request target lies in the bytes of ``fields``.
    public var target: Range<Int> = 0..<0
    /// The field lines.
    public var fields = FieldList()
    /// How the body's end is found; never `untilClose`.
    public var framing: BodyFraming = .none
    /// May the connection carry another request after this one (RFC 9112, section 9.3)?
    public var keepAlive = true
    /// Does the client wait for 100 (Continue) before it sends the body (RFC 9110, section 10.1.1)?
    public var expectsContinue = false

    /// An empty head for a parser to fill.
    public init() {}

    /// A head that was not parsed, for tests and adapters.
    public init(method: String, target: String, fields: FieldList = .init(), framing: BodyFraming = .none) {
        self.fields = fields
        self.method = Method(method)
        self.framing = framing
        var start = self.fields.bytes.count
        self.fields.bytes.append(contentsOf: method.utf8)
        methodRange = start..<self.fields.bytes.count
        start = self.fields.bytes.count
        self.fields.bytes.append(contentsOf: target.utf8)
        self.target = start..<self.fields.bytes.count
    }

    /// The method's name as it was sent, also for unknown methods.
    public var methodText: String { method == .other ? fields.string(methodRange) : method.text }

    /// The request target as it was sent, read as Latin-1.
    public var targetString: String { fields.string(target) }

    /// Forgets everything and keeps the memory.
    mutating func clear() {
        method = .get
        methodRange = 0..<0
        version = .http11
        target = 0..<0
        fields.removeAll()
        framing = .none
        keepAlive = true
        expectsContinue = false
    }
}
