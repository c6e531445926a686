import CacheStore
import CachingRules
import ContentCoding
import ControlPlane
import HTTPServer
import HTTPWire
import NIOCore
import Telemetry

/// Answers an edge's requests: route, key, lookup, and either a hit at once or a ``Transaction``. Loop-confined.
///
/// The way of a memory hit, `respond` → `answer`, makes no String, no closure and no allocation of its own.
final class EdgeResponder: RequestResponder {
    let context: EdgeContext
    let eventLoop: any EventLoop
    let counters: CounterSlot<EdgeCounter>
    var fields: AnswerFields

    var key = RequestKey()
    let dresser = FieldDresser()
    /// Of the site's document for an error.
    var pageKey = RequestKey()

    /// Requests with bodies under way to the origins of sites.
    var uploads: [ObjectIdentifier: Int] = [:]

    /// The key of the request at hand, to be kept.
    func currentKey() -> CacheKey? { context.store.key(bytes: key.bytes) }

    init(context: EdgeContext, eventLoop: any EventLoop, slot: Int) {
        self.context = context
        self.eventLoop = eventLoop
        counters = context.counters.slot(slot)
        fields = AnswerFields(node: context.node, allocator: ByteBufferAllocator())
    }

    func respond(to head: borrowing RequestHead, on exchange: any ServerExchange) {
        if isApart(head), answerApart(head, on: exchange) { return }
        // The origin does not see what Connection names, so that it must not select a variant either.
        if head.fields.contains(.connection), head.fields.connectionNamesFields {
            var kept = copy head
            kept.fields.removeHopByHop()
            return lookUp(kept, on: exchange)
        }
        lookUp(head, on: exchange)
    }

    func connectionChanged(isOpen: Bool) {
        context.store.countConnections(isOpen ? Limits.connectionBytes : -Limits.connectionBytes)
    }

    /// A GET or HEAD that may be answered from what is stored.
    private func lookUp(_ head: borrowing RequestHead, on exchange: any ServerExchange) {
        let isHead = head.method == .head
        guard key.readHost(of: head) else { return refuse(exchange, .badHost, isHead: isHead) }
        guard let site = context.sites.site(forHost: key.host.span) else {
            return refuse(exchange, .unknownHost, isHead: isHead)
        }
        guard key.build(for: head, at: site) else { return refuse(exchange, .badTarget, isHead: isHead) }
        if site.redirectsToHTTPS, !exchange.isSecure, redirect(head, key, on: exchange) { return }

        let hash = context.store.hash(key.bytes.span)
        let directives = context.directives(of: head, at: site)
        let found = context.store.lookup(hash: hash, key: key.bytes.span) ?? loadNow(hash)
        let exchange = site.rules?.dressed(exchange, key.bytes.span, key.pathRange, found, dresser) ?? exchange
        guard let found else {
            return fetch(copy head, site, hash, nil, .uriMiss, directives, on: exchange)
        }
        guard let resource = found.selected(by: head) else {
            return fetch(copy head, site, hash, found, .varyMiss, directives, on: exchange)
        }
        // Whether the response may be used is for the origin to say (RFC 9111, section 4.3.2).
        if !site.isBucket, head.fields.contains(.ifMatch) || head.fields.contains(.ifUnmodifiedSince) {
            return fetch(copy head, site, hash, nil, .bypass, directives, on: exchange)
        }
        let now = UnixClock.seconds()
        switch context.verdict(on: resource, policy: site.freshness, for: directives, now: now) {
        case .fresh:
            counters.add(.requestsHit)
            answer(head, with: resource, at: site, now: now, as: .hit, on: exchange)
        case .stale(let use):
            if use.revalidates { revalidate(resource, at: site, hash, for: copy head, from: exchange, now: now) }
            counters.add(.requestsStale)
            answer(head, with: resource, at: site, now: now, as: .stale(use), on: exchange)
        case .validate(let reason):
            if reason == .stale, context.failedRevalidations.contains(hash, now: now),
                context.mayServeStaleOnError(resource, at: site, for: directives, now: now)
            {
                counters.add(.requestsStale)
                return answer(head, with: resource, at: site, now: now, as: .stale(.ifError), on: exchange)
            }
            fetch(copy head, site, hash, resource, reason, directives, on: exchange)
        case .unconfirmed:
            fetch(copy head, site, hash, resource, .stale, directives, on: exchange)
        case .dead:
            fetch(copy head, site, hash, nil, .uriMiss, directives, on: exchange)
        }
    }

    /// What lies on disk and in the page cache is as good as in memory. The rest is for a fill to wait for.
    private func loadNow(_ hash: KeyHash) -> Resource? {
        let bytes = key.bytes
        if case .found(let resource) = context.store.loadNow(hash: hash, key: bytes.span) { return resource }
        return nil
    }
}
