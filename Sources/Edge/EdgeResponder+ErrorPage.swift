import CacheStore
import CachingRules
import HTTPServer
import HTTPWire
import NIOCore

/// Errors with the site's own document. It is fetched through the cache under its own key, so that a crowd on a missing
/// object costs one request for it; and when it cannot be had whole and soon, the edge's words do.
extension EdgeResponder {
    /// An error that waits for its document. A value.
    struct FailedRequest {
        let head: RequestHead
        let site: Site
        /// What was asked for.
        let key: [UInt8]
        let status: Int
        /// `Cache-Status` and what else differs from answer to answer, about what was asked for.
        let extra: ByteBuffer
    }

    /// Sends an error that is kept as an entry: with the site's document, or as it is.
    func sendError(
        _ form: Representation,
        of key: CacheKey,
        for head: RequestHead,
        at site: Site,
        on exchange: any ServerExchange
    ) {
        let extra = fields.buffer
        let words: (any ServerExchange) -> Void = { exchange in
            self.count(status: form.head.status)
            let isGet = head.method == .get
            if isGet { self.count(sent: Int(form.body.length), fromCache: true) }
            exchange.respond(head: form.head.http1, extra: extra, body: form.body.pieces, sendBody: isGet)
        }
        let failed = FailedRequest(head: head, site: site, key: key.bytes, status: form.head.status, extra: extra)
        if !answerWithPage(failed, on: exchange, otherwise: words) { words(exchange) }
    }

    /// Answers with the site's document for the status. False: there is none, or what is known of it is an error as well.
    ///
    /// - Parameter otherwise: gives the edge's own words, when the document turns out not to be had. Not called when the
    ///   client has gone, nor when this returns false.
    func answerWithPage(
        _ failed: FailedRequest,
        on exchange: any ServerExchange,
        otherwise: @escaping (any ServerExchange) -> Void
    ) -> Bool {
        guard let request = failed.site.errorPage(for: failed.status), pageKey.build(for: request, at: failed.site),
            pageKey.bytes != failed.key, let key = context.store.key(bytes: pageKey.bytes)
        else { return false }
        var known: Resource?
        let now = UnixClock.seconds()
        if let found = context.store.lookup(hash: key.hash, key: key.bytes.span)?.selected(by: request) {
            switch context.verdict(on: found, policy: failed.site.freshness, for: nil, now: now) {
            case .fresh: return send(page: found, for: failed, on: exchange)
            case .stale(let use):
                if use.revalidates {
                    revalidate(found, at: failed.site, key.hash, for: request, from: exchange, now: now)
                }
                return send(page: found, for: failed, on: exchange)
            case .validate, .unconfirmed: known = found
            case .dead: break
            }
        }
        guard context.hasRoomForFill else { return false }
        var task = FillTask(site: failed.site, key: key, head: request, previous: known)
        task.reason = known == nil ? .uriMiss : .stale
        task.variant = known?.identity.variant ?? []
        task.peer = peer(of: exchange)
        let transaction = Transaction(
            responder: self,
            exchange: exchange,
            site: failed.site,
            key: key,
            head: request
        ) { page, exchange in
            if let page, self.send(page: page, for: failed, on: exchange) { return }
            otherwise(exchange)
        }
        join(transaction, task)
        return true
    }

    /// With the error's status, whole, unconditionally (RFC 9110, section 13.2.1), and without a validator: the document's
    /// own would make a cache take it for the object.
    private func send(page: Resource, for failed: FailedRequest, on exchange: any ServerExchange) -> Bool {
        var form = page.identity
        guard form.head.status == 200 else { return false }
        if form.head.variesByEncoding, let coding = preferredCoding(failed.head), coding != .identity {
            // Nobody waits for a compressed error.
            if let ready = page.representation(for: coding) { form = ready }
        }
        guard case .memory(let pieces) = form.body.location else { return false }
        var fields = FieldList()
        for name in [FieldName.contentType, .contentEncoding, .contentLanguage, .vary, .date] {
            if let value = form.head.fields[name] { fields.append(name, value) }
        }
        fields.append(.cacheControl, NegativeEntry.cacheControl)
        fields.append(.contentLength, String(form.body.length))
        var bytes: [UInt8] = []
        HeadWriter.statusLine(failed.status, into: &bytes)
        HeadWriter.fields(fields, into: &bytes)
        count(status: failed.status)
        let isGet = failed.head.method == .get
        if isGet { count(sent: Int(form.body.length), fromCache: true) }
        exchange.respond(head: ByteBuffer(bytes: bytes), extra: failed.extra, body: pieces, sendBody: isGet)
        return true
    }
}
