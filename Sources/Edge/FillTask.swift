import CacheStore
import CachingRules
import HTTPWire
import Origins

/// What is to be asked of an origin, for whom and why. A value.
struct FillTask {
    let site: Site
    let key: CacheKey
    /// The request that it is for; in the background, the one that has found the response stale.
    let head: RequestHead
    /// The request's directives that count here; nil: none.
    var directives: CacheControl?
    /// The stored response that the request selects: the condition, and the answer if the origin fails.
    var previous: Resource?
    /// Why the origin is asked.
    var reason = ForwardReason.uriMiss
    /// Where the selecting fields are known: the request's values of them (see ``VariantRule``).
    var variant: [UInt8] = []
    /// A part that the client wants is not asked for in whole blocks: that has been tried.
    var asksForWhole = false
    /// Nobody waits.
    var isBackground = false
    /// Who the answer is for. With `.relay` the client's own Range and conditions go to the origin, and nothing is stored.
    var purpose = OriginRequest.Purpose.shared
    /// Whom the origin is told of, unless the purpose is `.shared`.
    var peer: OriginRequest.Peer?

    /// The origin may not be asked (RFC 9111, section 5.2.1.7).
    var isOnlyIfCached: Bool { directives?.onlyIfCached ?? false }
}
