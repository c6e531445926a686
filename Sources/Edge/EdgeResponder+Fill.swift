import CacheStore
import CachingRules
import HTTPServer
import HTTPWire
import NIOCore
import Telemetry

/// Answering a request that has waited for a fill.
extension EdgeResponder {
    enum Beginning {
        /// The answer has no body, and is complete.
        case ended
        /// The head is sent, the body's pieces follow.
        case body
        /// Nothing has been sent: ``EdgeResponder/beginPart(_:_:_:on:)`` does when the first byte of the part has come.
        case part(RangeAnswer, Range<UInt64>)
    }

    /// Whether the request is to wait for the whole body, since it would take a compressed form that can be made soon.
    func wantsWhole(_ filled: FillHead, for transaction: Transaction) -> Bool {
        let head = transaction.head
        // The client that asked may have fields to get that no entry has.
        guard filled.isRetained, filled.mayHaveForms, head.method == .get,
            transaction.isCollapsed || filled.ownHTTP1 == nil,
            let length = filled.length, length <= Limits.formWaitBytes
        else { return false }
        return preferredCoding(head).map { $0 != .identity } ?? false
    }

    /// What the request's Range asks of an answer that is still coming. Without a length nothing can be said of it.
    func plan(_ filled: FillHead, for head: RequestHead) -> RangePlan {
        guard head.fields.contains(.range), let length = filled.length, !isAmbiguous(head, filled.stored) else {
            return .whole
        }
        let plan = RangePlan.of(head.fields, method: head.method, head: filled.stored, length: length)
        // What passes through a window comes in order, and but once.
        if case .multiple = plan, !filled.isRetained { return .whole }
        return plan
    }

    /// Begins the answer while the body is still coming.
    func begin(
        _ transaction: Transaction,
        _ filled: FillHead,
        _ plan: RangePlan,
        on exchange: any ServerExchange
    ) -> Beginning {
        let head = transaction.head
        if filled.stored.status == 200, head.fields.mayHavePreconditions {
            if transaction.site.isBucket, failsPrecondition(head, filled.stored) {
                writeFields(transaction, filled)
                sendPreconditionFailed(isHead: head.method == .head, on: exchange)
                return .ended
            }
            if isUnchanged(filled.stored, for: head) {
                writeFields(transaction, filled)
                counters.add(.responses3xx)
                exchange.respond(head: filled.stored.http1NotModified, extra: fields.buffer, body: [], sendBody: false)
                return .ended
            }
            if plan == .unsatisfiable {
                writeFields(transaction, filled)
                sendUnsatisfiable(filled.stored, total: filled.length ?? 0, on: exchange)
                return .ended
            }
            if case .single(let range) = plan {
                return .part(RangeAnswer(range, of: filled.stored, total: filled.length ?? 0), range)
            }
        }
        writeFields(transaction, filled)
        count(status: filled.stored.status)
        let http1 = transaction.isCollapsed ? filled.http1 : filled.ownHTTP1 ?? filled.http1
        exchange.sendHead(head: http1, extra: fields.buffer, bodyLength: filled.length)
        guard head.method != .head else {
            exchange.finish()
            return .ended
        }
        return .body
    }

    /// Sends the head of a part whose first byte has come.
    func beginPart(
        _ transaction: Transaction,
        _ filled: FillHead,
        _ answer: RangeAnswer,
        on exchange: any ServerExchange
    ) {
        writeFields(transaction, filled)
        count(status: 206)
        exchange.sendHead(head: answer.head, extra: fields.buffer, bodyLength: answer.length)
    }

    /// The fields of this answer alone; counts the request as answered by the origin.
    private func writeFields(_ transaction: Transaction, _ filled: FillHead) {
        if case .origin(let reason, let status, let why) = filled.source {
            let stored = why == nil
            if !transaction.isCollapsed { counters.add(stored ? .requestsMiss : .requestsBypass) }
            // A cache in front of the origin may have aged it (RFC 9111, section 4.2.3).
            let freshness = filled.stored.freshness
            let now = UnixClock.seconds()
            fields.writeForward(
                reason,
                status: status,
                stored: stored,
                collapsed: transaction.isCollapsed,
                detail: why?.name,
                age: filled.stored.fields.contains(.age) ? freshness.age(now: now) : nil,
                ttl: stored ? freshness.ttl(now: now) : nil
            )
        }
    }

    /// Answers from the fill's finished entry, or from the stale one that it fell back to.
    func answer(
        _ transaction: Transaction,
        with resource: Resource,
        from source: FillSource,
        on exchange: any ServerExchange
    ) {
        if !transaction.isCollapsed {
            switch source {
            case .disk: counters.add(.requestsHit)
            case .staleIfError: counters.add(.requestsStale)
            case .origin(_, status: 304, _): counters.add(.requestsRevalidated)
            case .origin: counters.add(.requestsMiss)
            }
        }
        answer(
            transaction.head,
            with: resource,
            at: transaction.site,
            now: UnixClock.seconds(),
            as: .filled(source, collapsed: transaction.isCollapsed),
            on: exchange
        )
    }

    /// The fill has failed before it had a head for this request.
    func fail(_ transaction: Transaction, with failure: FillFailure, on exchange: any ServerExchange) {
        counters.add(.requestsError)
        fields.writeForward(
            failure.reason,
            status: failure.forwardStatus,
            stored: false,
            collapsed: transaction.isCollapsed,
            detail: failure.detail
        )
        let extra = fields.buffer
        let isHead = transaction.head.method == .head
        let words: (any ServerExchange) -> Void = { exchange in
            self.count(status: failure.status)
            var page = Refusal(status: failure.status, detail: failure.detail, text: failure.text)
            page.completeLength = failure.completeLength
            let (head, body) = page.serialised()
            exchange.respond(head: head, extra: extra, body: [body], sendBody: !isHead)
        }
        let failed = FailedRequest(
            head: transaction.head,
            site: transaction.site,
            key: transaction.key.bytes,
            status: failure.status,
            extra: extra
        )
        // A client that forbids to ask the origin forbids it for the document too. And a range that is not there says how
        // long the object is, which no document does.
        let mayBePage = failure.detail != FillFailure.onlyIfCached.detail && failure.status != 416
        if mayBePage, answerWithPage(failed, on: exchange, otherwise: words) { return }
        words(exchange)
    }

    /// RFC 9110, section 13.2.2, for an answer whose body has not come yet.
    private func isUnchanged(_ stored: StoredHead, for head: borrowing RequestHead) -> Bool {
        ConditionalRequest.evaluate(
            request: head.fields,
            method: head.method,
            etag: stored.etag,
            lastModified: stored.comparisonDate
        ) == .notModified
    }
}
