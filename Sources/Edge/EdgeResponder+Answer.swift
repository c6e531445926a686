import CacheStore
import CachingRules
import ContentCoding
import HTTPServer
import HTTPWire
import NIOCore
import Origins
import Telemetry

/// Answering from an entry, wherever it came from.
extension EdgeResponder {
    /// What the answer says of its own way.
    enum Provenance {
        /// From the store, without asking anyone.
        case hit
        /// From the store, without waiting for anyone, although it is stale.
        case stale(StaleUse)
        case filled(FillSource, collapsed: Bool)
    }

    /// Sends the entry, in the form that the client likes best, or 304.
    func answer(
        _ head: borrowing RequestHead,
        with resource: Resource,
        at site: Site,
        now: Int64,
        as provenance: Provenance,
        on exchange: any ServerExchange
    ) {
        if head.fields.mayHavePreconditions,
            answerSpecially(head, with: resource, at: site, now: now, as: provenance, on: exchange)
        {
            return
        }
        let identity = resource.identity
        var form = identity
        if identity.head.variesByEncoding, let coding = preferredCoding(head), coding != .identity {
            if let ready = resource.representation(for: coding) {
                form = ready
            } else if wantsForm(of: identity, coding, at: site) {
                let waits = identity.body.length <= Limits.formWaitBytes
                if waits { return answerWhenMade(copy head, resource, coding, site, provenance, on: exchange) }
                context.forms.make(coding, of: resource)
            }
        }
        send(form, of: resource, for: head, at: site, now: now, as: provenance, on: exchange)
    }

    /// Sends this form, or 304.
    func send(
        _ form: Representation,
        of resource: Resource,
        for head: borrowing RequestHead,
        at site: Site,
        now: Int64,
        as provenance: Provenance,
        on exchange: any ServerExchange
    ) {
        writeFields(resource, now: now, as: provenance)
        // Conditions are about a 200; any other status is sent as it is (RFC 9110, section 13.2.1).
        if head.fields.mayHavePreconditions, form.head.status == 200,
            let unchanged = notModified(form, of: resource, for: head)
        {
            return sendNotModified(unchanged, on: exchange)
        }
        if form.head.status >= 400, site.isBucket {
            return sendError(form, of: resource.key, for: copy head, at: site, on: exchange)
        }
        count(status: form.head.status)
        let isGet = head.method == .get
        switch form.body.location {
        case .memory(let pieces):
            if isGet, MemorySender.isNeeded(for: form.body, pieces, in: context.store) {
                return MemorySender(
                    form,
                    of: resource.key,
                    parts: [.slice(0..<form.body.length)],
                    exchange: exchange,
                    responder: self
                ).start(head: form.head.http1, extra: fields.buffer, length: form.body.length)
            }
            if isGet { count(sent: Int(form.body.length), fromCache: true) }
            exchange.respond(head: form.head.http1, extra: fields.buffer, body: pieces, sendBody: isGet)
        case .disk(let body):
            guard isGet else {
                return exchange.respond(head: form.head.http1, extra: fields.buffer, body: [], sendBody: false)
            }
            DiskSender(body, exchange: exchange, responder: self).start(head: form.head.http1, extra: fields.buffer)
        case .blocks:
            sendBlocks(form, of: resource, for: head, at: site, provenance, on: exchange)
        }
    }

    /// Whether a client that is behind must not be sent more of what it has begun with: the store has let go of it, and too
    /// much of that is held already.
    func mustBreakOff(_ resource: Resource) -> Bool {
        guard context.store.isOverPinned, !context.store.holds(FormName(resource.identity, key: resource.key)) else {
            return false
        }
        context.reasons.failures.add(FillFailure.pinned)
        return true
    }

    func sendNotModified(_ form: Representation, on exchange: any ServerExchange) {
        counters.add(.responses3xx)
        exchange.respond(head: form.head.http1NotModified, extra: fields.buffer, body: [], sendBody: false)
    }

    /// The fields of this answer alone.
    func writeFields(_ resource: Resource, now: Int64, as provenance: Provenance) {
        let freshness = resource.identity.head.freshness
        let age = freshness.age(now: now)
        switch provenance {
        case .hit, .filled(.disk, _):
            fields.writeHit(ttl: freshness.lifetime - age, age: age)
        case .stale(let use):
            fields.writeHit(ttl: freshness.lifetime - age, age: age, detail: use.rawValue)
        case .filled(.staleIfError(let status), let collapsed):
            fields.writeForward(
                .stale,
                status: status,
                stored: false,
                collapsed: collapsed,
                detail: "stale-if-error",
                age: age
            )
        case .filled(.origin(let reason, let status, let why), let collapsed):
            fields.writeForward(
                reason,
                status: status,
                stored: why == nil,
                collapsed: collapsed,
                detail: why?.name,
                age: age,
                ttl: why == nil ? freshness.lifetime - age : nil
            )
        }
    }

    /// The form whose tag the client has, of all forms of this generation; nil: it needs the body (RFC 9110, 13.2.2).
    func notModified(
        _ form: Representation,
        of resource: Resource,
        for head: borrowing RequestHead
    ) -> Representation? {
        if isUnchanged(form, for: head) { return form }
        // Without a tag the client means the form that it would get; with tags, any that it may have.
        guard head.fields.contains(.ifNoneMatch) else { return nil }
        if form !== resource.identity, isUnchanged(resource.identity, for: head) { return resource.identity }
        for other in resource.derived where other !== form && isUnchanged(other, for: head) { return other }
        return nil
    }

    private func isUnchanged(_ form: Representation, for head: borrowing RequestHead) -> Bool {
        ConditionalRequest.evaluate(
            request: head.fields,
            method: head.method,
            etag: form.head.etag,
            lastModified: form.head.comparisonDate
        ) == .notModified
    }

    func preferredCoding(_ head: borrowing RequestHead) -> Coding? {
        guard head.fields.contains(.acceptEncoding) else { return .identity }
        return AcceptEncoding.preferred(head.fields, available: FormMaker.codings)
    }

    /// `Vary: Accept-Encoding` may be the origin's own word, for a body that is encoded already or must stay as it is.
    private func wantsForm(of identity: Representation, _ coding: Coding, at site: Site) -> Bool {
        guard identity.body.length <= Limits.formBytes, !identity.hasDeclined(coding) else { return false }
        let head = identity.head
        if head.status == 200, site.mayCompress(head.fields, length: head.bodyLength) { return true }
        // Looked at once, not by every hit.
        identity.decline(coding)
        return false
    }

    private func answerWhenMade(
        _ head: RequestHead,
        _ resource: Resource,
        _ coding: Coding,
        _ site: Site,
        _ provenance: Provenance,
        on exchange: any ServerExchange
    ) {
        let waiter = FormWaiter(exchange)
        context.forms.make(coding, of: resource, on: eventLoop) { made in
            guard let exchange = waiter.release() else { return }
            // Lifetime and other tags are those of the entry that was looked up; the form's maker may have had an older head.
            let form = made?.representation(for: coding) ?? resource.identity
            self.send(form, of: resource, for: head, at: site, now: UnixClock.seconds(), as: provenance, on: exchange)
        }
    }

    // MARK: Answers without an entry

    func refuse(_ exchange: any ServerExchange, _ refusal: Refusal, isHead: Bool) {
        counters.add(.requestsError)
        context.reasons.failures.add(refusal.detail)
        count(status: refusal.status)
        fields.writeLocal(detail: refusal.detail)
        let (head, body) = refusal.serialised()
        exchange.respond(head: head, extra: fields.buffer, body: [body], sendBody: !isHead)
    }

    /// The origin of a relayed request has not answered.
    func refuse(_ exchange: any ServerExchange, relayed failure: OriginFailure, _ reason: ForwardReason, isHead: Bool) {
        counters.add(.requestsError)
        context.reasons.failures.add(failure.detail)
        count(status: failure.status)
        fields.writeForward(reason, status: nil, stored: false, collapsed: false, detail: failure.detail)
        let page = Refusal(status: failure.status, detail: failure.detail, text: "The origin did not answer.")
        let (head, body) = page.serialised()
        exchange.respond(head: head, extra: fields.buffer, body: [body], sendBody: !isHead)
    }

    // MARK: Counting

    func count(status: Int) {
        switch status {
        case 200..<300: counters.add(.responses2xx)
        case 300..<400: counters.add(.responses3xx)
        case 400..<500: counters.add(.responses4xx)
        default: counters.add(.responses5xx)
        }
    }

    func count(sent bytes: Int, fromCache: Bool = false) {
        counters.add(.responseBytes, UInt64(bytes))
        if fromCache { counters.add(.responseBytesFromCache, UInt64(bytes)) }
    }
}
