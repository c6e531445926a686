/// The field names that Apus itself reads or writes; every other name is ``other`` and is found by its bytes. A value.
///
/// Recognising a name once, while the head is parsed, makes each later look-up an integer comparison.
/// There are fewer than 64 of them, so that a ``FieldList`` can note in one word which ones it has.
public enum FieldName: UInt8, Sendable, CaseIterable {
    case other
    case accept, acceptEncoding, acceptRanges, age, allow, authorization
    case cacheControl, cacheStatus, cacheTag, cdnCacheControl, cdnLoop, connection, contentEncoding, contentLanguage
    case contentLength, contentLocation, contentMD5, contentRange, contentType, cookie
    case date, etag, expect, expires, forwarded, host
    case ifMatch, ifModifiedSince, ifNoneMatch, ifRange, ifUnmodifiedSince
    case keepAlive, lastModified, location, origin, pragma, proxyAuthenticate, proxyAuthorization, proxyConnection
    case range, retryAfter, server, setCookie, surrogateKey
    case te, trailer, transferEncoding, upgrade, userAgent, vary, via, warning
    case xForwardedFor, xForwardedHost, xForwardedProto
}
