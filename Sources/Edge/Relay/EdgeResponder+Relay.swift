import CacheStore
import CachingRules
import HTTPServer
import HTTPWire
import NIOCore
import Origins
import Synchronization

/// What is not looked up: methods other than GET and HEAD, requests with a body, and requests that have come in a circle.
extension EdgeResponder {
    /// Whether ``answerApart(_:on:)`` has to see the request. The way of every hit: a few comparisons.
    @inline(__always)
    func isApart(_ head: borrowing RequestHead) -> Bool {
        (head.method != .get && head.method != .head) || head.framing != .none
            || head.fields.contains(.via) || head.fields.contains(.cdnLoop)
    }

    /// Relays the request to an HTTP origin, or refuses it. False: it is to be answered like any other GET or HEAD.
    ///
    /// What is refused with its body unread has its body drained or its connection closed by the server.
    func answerApart(_ head: borrowing RequestHead, on exchange: any ServerExchange) -> Bool {
        let isHead = head.method == .head
        if context.loopGuard.hasPassed(head.fields) {
            refuse(exchange, .loop, isHead: isHead)
            return true
        }
        let isLookedUp = isHead || head.method == .get
        if isLookedUp, head.framing == .none || head.framing == .length(0) { return false }
        // Whatever its target is: this is no tunnel.
        if head.method == .connect {
            refuse(exchange, .connect, isHead: false)
            return true
        }
        guard key.readHost(of: head) else {
            refuse(exchange, .badHost, isHead: isHead)
            return true
        }
        guard let site = context.sites.site(forHost: key.host.span) else {
            refuse(exchange, .unknownHost, isHead: isHead)
            return true
        }
        // A bucket is read-only, and what a GET brings with it means nothing to it.
        if isLookedUp, site.isBucket { return false }
        if head.method == .options || head.method == .trace, answerHere(head, at: site, on: exchange) { return true }
        guard !site.isBucket else {
            refuse(exchange, .methodNotAllowed, isHead: false)
            return true
        }
        relay(copy head, at: site, on: exchange)
        return true
    }

    /// `OPTIONS *`, which is about this server (RFC 9110, section 9.3.7), and what may not be passed on any further
    /// (section 7.6.2). TRACE would tell what a browser keeps from its scripts: that is refused.
    private func answerHere(
        _ head: borrowing RequestHead,
        at site: Site,
        on exchange: any ServerExchange
    ) -> Bool {
        let isAboutServer = head.method == .options && head.targetString == "*"
        guard isAboutServer || MaxForwards.left(head.fields) == 0 else { return false }
        let allow = site.isBucket ? "GET, HEAD" : Refusal.relayedMethods
        if head.method == .trace {
            refuse(exchange, .trace(allow: allow), isHead: false)
            return true
        }
        count(status: 200)
        fields.writeLocal(detail: "options")
        var bytes: [UInt8] = []
        HeadWriter.statusLine(200, into: &bytes)
        HeadWriter.field(.allow, allow, into: &bytes)
        HeadWriter.field(.contentLength, "0", into: &bytes)
        exchange.respond(head: ByteBuffer(bytes: bytes), extra: fields.buffer, body: [], sendBody: false)
        return true
    }

    private func relay(_ given: RequestHead, at site: Site, on exchange: any ServerExchange) {
        var head = given
        let isHead = head.method == .head
        guard key.build(for: head, at: site), let kept = currentKey(), let target = relayTarget(of: head) else {
            return refuse(exchange, .badTarget, isHead: isHead)
        }
        if site.redirectsToHTTPS, !exchange.isSecure, redirect(head, key, on: exchange) { return }
        let hasBody = head.framing != .none && head.framing != .length(0)
        let uploads = uploads[ObjectIdentifier(site), default: 0]
        guard context.hasRoomForFill, !hasBody || uploads < Limits.uploads else {
            return refuse(exchange, .tooBusy, isHead: isHead)
        }
        let exchange = site.rules?.dressed(exchange, key.bytes.span, key.pathRange, nil, dresser) ?? exchange
        if head.method == .options || head.method == .trace { MaxForwards.decrement(&head.fields) }
        let host = String(decoding: key.host, as: UTF8.self)
        let relay = Relay(responder: self, exchange: exchange, site: site, key: kept, head: head)
        relay.start(
            target: target,
            peer: OriginRequest.Peer(
                address: exchange.remoteAddress?.ipAddress,
                isSecure: exchange.isSecure,
                host: host.isEmpty ? nil : host
            )
        )
    }

    /// The key's path, with all of the query: only some of it may be in the key.
    private func relayTarget(of head: borrowing RequestHead) -> [UInt8]? {
        var (path, query, hasQuery) = ([UInt8](), [UInt8](), false)
        let isTarget = RequestTarget.normalise(
            head.fields.bytes.span,
            head.target,
            path: &path,
            query: &query,
            hasQuery: &hasQuery
        )
        guard isTarget else { return nil }
        return Array(key.bytes[key.pathRange]) + (hasQuery ? [UInt8(ascii: "?")] + query : [])
    }

    /// An unsafe request has been answered without an error: what is stored of its URL may not be used any more, nor what
    /// is being fetched (RFC 9111, section 4.4). Before the client hears of it, so that it never gets older bytes here.
    func invalidate(after relay: Relay, _ answer: ResponseHead) {
        context.store.invalidate(relay.key)
        // An origin that makes absolute URLs knows only the name that it is asked by.
        var asked = FieldList()
        asked.append(.host, relay.site.origin.authority)
        let asOrigin = RequestHead(method: "GET", target: relay.head.targetString, fields: asked)
        let targets =
            InvalidationRule.otherTargets(request: relay.head, response: answer.fields)
            + InvalidationRule.otherTargets(request: asOrigin, response: answer.fields)
        for target in targets {
            let head = RequestHead(method: "GET", target: String(decoding: target, as: UTF8.self))
            guard key.build(for: head, at: relay.site), let changed = currentKey() else { continue }
            context.store.invalidate(changed)
        }
    }
}
