/// Why a request went to the origin: the `fwd` parameter of Cache-Status (RFC 9211, section 2.2). A value.
public enum ForwardReason: String, Sendable, CaseIterable {
    /// The cache is configured not to handle this request.
    case bypass
    /// The method's semantics require it.
    case method
    /// Nothing is stored for the URL.
    case uriMiss = "uri-miss"
    /// Something is stored for the URL, but no variant fits.
    case varyMiss = "vary-miss"
    /// Nothing that could be used is stored; the two above say it more exactly.
    case miss
    /// The request's directives ask for it.
    case request
    /// What is stored is stale or must be validated.
    case stale
    /// Only parts of what is asked for are stored.
    case partial
}
