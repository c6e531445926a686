/// How much of a head is accepted. A value.
public struct HeadLimits: Sendable, Equatable {
    /// Bytes of a head with its line ends, and of a chunked body's trailer section; beyond: 431.
    public var bytes: Int
    /// Field lines; beyond: 431.
    public var fields: Int
    /// Bytes of a request target; beyond: 414.
    public var target: Int
    /// Bytes of a method; beyond: 501 (RFC 9112, section 3).
    public var method: Int
    /// Empty lines that are skipped before a request line (RFC 9112, section 2.2); beyond: 400.
    public var leadingEmptyLines: Int

    /// The usual limits.
    public init(
        bytes: Int = 32 * 1024,
        fields: Int = 100,
        target: Int = 8 * 1024,
        method: Int = 64,
        leadingEmptyLines: Int = 4
    ) {
        self.bytes = bytes
        self.fields = fields
        self.target = target
        self.method = method
        self.leadingEmptyLines = leadingEmptyLines
    }

    /// The longest request line that the parts' limits allow, without its line end: two spaces, "HTTP/1.1".
    var requestLine: Int { method + 1 + target + 1 + 8 }
}
