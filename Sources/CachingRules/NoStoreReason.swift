/// Why a response is not stored; the words appear in Cache-Status details, logs and metrics. A value.
public enum NoStoreReason: String, Sendable, CaseIterable {
    /// Only answers to GET are stored.
    case method
    /// The response says `no-store` (RFC 9111, section 5.2.2.5).
    case noStore = "no-store"
    /// The request says `no-store` (RFC 9111, section 5.2.1.5).
    case requestNoStore = "request-no-store"
    /// The response says `private` (RFC 9111, section 5.2.2.7).
    case isPrivate = "private"
    /// The request was authenticated, and the response does not permit sharing (RFC 9111, section 3.5).
    case authorization
    /// The status is not final, or is 304, or `must-understand` asks for one that is understood.
    case status
    /// `Vary: *` never matches another request (RFC 9111, section 4.1).
    case varyStar = "vary-star"
    /// Neither a lifetime nor anything to validate with.
    case noFreshness = "no-freshness"
    /// A part of a representation (RFC 9111, section 3.3).
    case partial
    /// A GET with a body: the body is not part of the key (RFC 9110, section 9.3.1).
    case requestBody = "request-body"
    /// A redirection from http to https, which a request that came by https must not get, or whatever else depends on
    /// what the origin was told of the scheme: that is not in the key.
    case schemeRedirect = "scheme-redirect"
    /// The client's own Range or conditions went to the origin: the answer is for it alone.
    case requestConditions = "request-conditions"
    /// The origin was told who asks, and may have put that into its answer.
    case clientTold = "client-told"
    /// Only the connection's end shows the body's, where a length should have been told (RFC 9112, section 6.3).
    case closeDelimited = "close-delimited"
}
