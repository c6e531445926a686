import CacheStore
import CachingRules
import ControlPlane
import HTTPServer
import HTTPWire
import NIOCore
import Origins
import Telemetry

/// Asking the origin, or waiting for the one who has asked already.
extension EdgeResponder {
    /// - Parameters:
    ///   - known: what is stored under the key; for `.varyMiss` variants of which none fits, otherwise the one to validate.
    ///   - reason: why that does not answer the request.
    func fetch(
        _ head: RequestHead,
        _ site: Site,
        _ hash: KeyHash,
        _ known: Resource?,
        _ reason: ForwardReason,
        _ directives: CacheControl?,
        on exchange: any ServerExchange
    ) {
        let isHead = head.method == .head
        guard let key = currentKey() else { return refuse(exchange, .badTarget, isHead: isHead) }
        var task = FillTask(site: site, key: key, head: head, directives: directives, reason: reason)
        if reason == .varyMiss {
            task.variant = known.map { VariantRule.variant(like: $0.identity.variant, for: head.fields) } ?? []
        } else {
            task.previous = known
            task.variant = known?.identity.variant ?? []
        }
        // A copy on disk may do; without one there is nothing to wait for (RFC 9111, section 5.2.1.7).
        if task.isOnlyIfCached, known != nil || !context.store.isOnDisk(hash) {
            return refuse(exchange, .onlyIfCached, isHead: isHead)
        }
        guard context.hasRoomForFill else { return refuse(exchange, .tooBusy, isHead: isHead) }
        let transaction = Transaction(responder: self, exchange: exchange, site: site, key: key, head: head)
        let isHitForMiss = !site.isBucket && context.hitForMiss.contains(hash, now: UnixClock.seconds())
        task.purpose = purpose(of: task, isHitForMiss: isHitForMiss)
        task.peer = peer(of: exchange)
        // What a server answers to a request with credentials is seldom for others (RFC 9111, section 3.5).
        let isAuthorised = !site.isBucket && head.fields.contains(.authorization)
        guard head.method == .get, task.purpose == .shared, !task.isOnlyIfCached, reason != .request, !isAuthorised
        else {
            return startAlone(transaction, task)
        }
        join(transaction, task)
    }

    /// What was found of a large object is out of date: as if nothing had been.
    func fetchAnew(_ object: BlockObject, on exchange: any ServerExchange) {
        guard context.hasRoomForFill else { return refuse(exchange, .tooBusy, isHead: false) }
        var task = FillTask(
            site: object.site,
            key: object.key,
            head: object.client,
            directives: context.directives(of: object.client, at: object.site)
        )
        task.peer = peer(of: exchange)
        let transaction = Transaction(
            responder: self,
            exchange: exchange,
            site: object.site,
            key: object.key,
            head: object.client
        )
        join(transaction, task)
    }

    func join(_ transaction: Transaction, _ task: FillTask) {
        let admission = context.fills.joinOrCreate(
            task.key,
            variant: task.variant,
            epochs: context.store.epochs,
            knowsPurges: context.lease.mayServeWithoutRevalidation,
            reader: transaction
        ) {
            context.makeFill(task)
        }
        switch admission {
        case .joined(let fill):
            counters.add(.requestsCollapsed)
            transaction.wait(for: fill, collapsed: true)
        case .created(let fill, let predecessor):
            FillRunner(fill, context: context, task: task, on: eventLoop).start(after: predecessor)
            transaction.wait(for: fill, collapsed: false)
        }
    }

    /// An answer that may be stored is asked for whole and unconditionally, or with the conditions of what is stored. Where
    /// it is for this client alone anyway, the client's own Range and conditions are the question.
    private func purpose(of task: FillTask, isHitForMiss: Bool) -> OriginRequest.Purpose {
        guard !task.site.isBucket else { return .shared }
        // Of If-Match and If-Unmodified-Since the origin alone can judge (RFC 9111, section 4.3.2).
        let isOriginsToJudge = task.head.fields.contains(.ifMatch) || task.head.fields.contains(.ifUnmodifiedSince)
        if task.reason == .bypass || isOriginsToJudge || task.directives?.noStore == true { return .relay }
        let fields = task.head.fields
        // A part of what passes through whole each time would cost the whole each time.
        if fields.contains(.range), context.unkept.contains(task.key.hash, now: UnixClock.seconds()) { return .relay }
        guard isHitForMiss || task.head.method == .head else { return .shared }
        let hasOwn = fields.contains(.range) || fields.contains(.ifNoneMatch) || fields.contains(.ifModifiedSince)
        // An answer to HEAD may freshen what is stored.
        return hasOwn ? .relay : isHitForMiss ? .single : .shared
    }

    func peer(of exchange: any ServerExchange) -> OriginRequest.Peer {
        OriginRequest.Peer(address: exchange.remoteAddress?.ipAddress, isSecure: exchange.isSecure)
    }

    /// The fill's answer was not for this request: it asks for itself.
    func fetchAlone(_ transaction: Transaction, on exchange: any ServerExchange) {
        let head = transaction.head
        var task = FillTask(
            site: transaction.site,
            key: transaction.key,
            head: head,
            directives: context.directives(of: head, at: transaction.site)
        )
        let isHitForMiss = context.hitForMiss.contains(task.key.hash, now: UnixClock.seconds())
        task.purpose = purpose(of: task, isHitForMiss: isHitForMiss)
        task.peer = peer(of: exchange)
        task.asksForWhole = true
        let again = Transaction(
            responder: self,
            exchange: exchange,
            site: transaction.site,
            key: transaction.key,
            head: head
        )
        startAlone(again, task)
    }

    /// Whether what the store had for the request that made a fill is good enough for another one that has joined it: it may
    /// have selected another variant, or have said other things about what it takes.
    func mayTake(_ resource: Resource, _ source: FillSource, _ transaction: Transaction) -> Bool {
        let now = UnixClock.seconds()
        let site = transaction.site
        let directives = context.directives(of: transaction.head, at: site)
        switch source {
        case .origin: return true
        case .disk:
            switch context.verdict(on: resource, policy: site.freshness, for: directives, now: now) {
            case .fresh, .stale: return true
            case .validate, .unconfirmed, .dead: return false
            }
        case .staleIfError(let status):
            let isDisconnected = status == nil
            return context.mayServeStaleOnError(
                resource,
                at: site,
                for: directives,
                isDisconnected: isDisconnected,
                now: now
            )
        }
    }

    /// A fill that nobody else may join: HEAD, and what cannot be shared.
    private func startAlone(_ transaction: Transaction, _ task: FillTask) {
        let fill = context.makeFill(task)
        _ = fill.join(transaction)
        FillRunner(fill, context: context, task: task, on: eventLoop).start()
        transaction.wait(for: fill, collapsed: false)
    }

    /// Revalidates in the background, unless that is happening already or has just failed (RFC 5861, section 3).
    func revalidate(
        _ resource: Resource,
        at site: Site,
        _ hash: KeyHash,
        for head: RequestHead,
        from exchange: any ServerExchange,
        now: Int64
    ) {
        guard context.hasRoomForFill, !context.failedRevalidations.contains(hash, now: now) else { return }
        // Also where a HEAD has found it stale: those who join want the body.
        var asking = head
        asking.method = .get
        var task = FillTask(site: site, key: resource.key, head: asking, previous: resource, reason: .stale)
        task.variant = resource.identity.variant
        task.isBackground = true
        task.peer = peer(of: exchange)
        let fill = context.fills.create(task.key, variant: task.variant, epochs: context.store.epochs) {
            context.makeFill(task)
        }
        guard let fill else { return }
        FillRunner(fill, context: context, task: task, on: eventLoop).start()
    }
}
