/// The protocol version of an HTTP/1 message (RFC 9112, section 2.3). A value.
///
/// A higher minor version counts as 1.1, the highest that Apus speaks (RFC 9110, section 2.5).
public enum HTTPVersion: UInt8, Sendable, CaseIterable {
    case http10, http11

    /// "HTTP/1.1"
    public var text: String { self == .http10 ? "HTTP/1.0" : "HTTP/1.1" }
}
