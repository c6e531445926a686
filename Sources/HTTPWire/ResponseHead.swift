/// A response's head. A value; parsing clears it and keeps the memory.
public struct ResponseHead: Sendable {
    /// The status code, 100 to 999.
    public var status: Int
    /// The reason phrase as it came; not written when sending, where the usual phrase is used.
    public var reason = ""
    /// The protocol version.
    public var version: HTTPVersion = .http11
    /// The field lines.
    public var fields: FieldList
    /// How the body's end is found; set by the parser, ignored when sending.
    public var framing: BodyFraming = .none
    /// May the connection be used again after this response (RFC 9112, section 9.3)?
    public var keepAlive = true

    /// A head to send, or an empty one for a parser to fill.
    public init(status: Int = 200, fields: FieldList = .init()) {
        self.status = status
        self.fields = fields
    }

    /// Interim responses (RFC 9110, section 15.2) are followed by the real one; 101 ends HTTP on the connection.
    public var isInterim: Bool { (100..<200).contains(status) && status != 101 }

    /// Forgets everything and keeps the memory.
    mutating func clear() {
        status = 200
        reason = ""
        version = .http11
        fields.removeAll()
        framing = .none
        keepAlive = true
    }
}
