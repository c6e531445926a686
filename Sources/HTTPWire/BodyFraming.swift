/// How the end of a message's body is found (RFC 9112, section 6.3). A value.
public enum BodyFraming: Sendable, Equatable {
    /// There is no body, whatever the fields say.
    case none
    /// That many bytes; also 0, when the message says `Content-Length: 0`.
    case length(UInt64)
    /// The chunked transfer coding; see ``ChunkedDecoder``.
    case chunked
    /// Until the connection closes; responses only.
    case untilClose
}
