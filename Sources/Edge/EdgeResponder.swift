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

    private var key = RequestKey()

    init(context: EdgeContext, eventLoop: any EventLoop, slot: Int) {
        self.context = context
        self.eventLoop = eventLoop
        counters = context.counters.slot(slot)
        fields = AnswerFields(node: context.node, allocator: ByteBufferAllocator())
    }

    func respond(to head: borrowing RequestHead, on exchange: any ServerExchange) {
        guard head.method == .get || head.method == .head else {
            return refuse(exchange, .methodNotAllowed, isHead: false)
        }
        let isHead = head.method == .head
        guard key.readHost(of: head) else { return refuse(exchange, .badHost, isHead: isHead) }
        guard let site = context.sites.site(forHost: key.host.span) else {
            return refuse(exchange, .unknownHost, isHead: isHead)
        }
        guard key.build(for: head, at: site) else { return refuse(exchange, .badTarget, isHead: isHead) }

        let hash = context.store.hash(key.bytes.span)
        guard let resource = context.store.lookup(hash: hash, key: key.bytes.span) else {
            return fetch(copy head, site: site, hash: hash, previous: nil, on: exchange)
        }
        let now = UnixClock.seconds()
        switch context.verdict(on: resource, now: now) {
        case .fresh:
            counters.add(.requestsHit)
            answer(head, with: resource, at: site, now: now, as: .hit, on: exchange)
        case .stale, .unconfirmed:
            fetch(copy head, site: site, hash: hash, previous: resource, on: exchange)
        case .dead:
            fetch(copy head, site: site, hash: hash, previous: nil, on: exchange)
        }
    }

    /// Asks the origin, or waits for the one who has asked already.
    private func fetch(
        _ head: RequestHead,
        site: Site,
        hash: KeyHash,
        previous: Resource?,
        on exchange: any ServerExchange
    ) {
        guard let key = context.store.key(bytes: self.key.bytes) else {
            return refuse(exchange, .badTarget, isHead: head.method == .head)
        }
        guard context.hasRoomForFill else { return refuse(exchange, .tooBusy, isHead: head.method == .head) }
        let transaction = Transaction(responder: self, exchange: exchange, site: site, key: key, head: head)
        guard mayShare(head, at: site), !context.hitForMiss.contains(hash, now: UnixClock.seconds()) else {
            return startAlone(transaction, previous: previous)
        }
        let admission = context.fills.joinOrCreate(
            key,
            epochs: context.store.epochs,
            knowsPurges: context.lease.mayServeWithoutRevalidation,
            reader: transaction
        ) {
            context.makeFill(key, site: site)
        }
        switch admission {
        case .joined(let fill):
            counters.add(.requestsCollapsed)
            transaction.wait(for: fill, collapsed: true)
        case .created(let fill, let predecessor):
            let runner = FillRunner(fill, context: context, request: head, previous: previous, on: eventLoop)
            runner.start(after: predecessor)
            transaction.wait(for: fill, collapsed: false)
        }
    }

    /// Whether what the origin answers may be for others, as far as the request says.
    private func mayShare(_ head: RequestHead, at site: Site) -> Bool {
        head.method == .get && (site.isBucket || !CacheControl(head.fields).noStore)
    }

    /// The fill's answer was not for sharing: this request asks for itself.
    func fetchAlone(_ transaction: Transaction, on exchange: any ServerExchange) {
        startAlone(
            Transaction(
                responder: self,
                exchange: exchange,
                site: transaction.site,
                key: transaction.key,
                head: transaction.head
            ),
            previous: nil
        )
    }

    /// A fill that nobody else may join: HEAD, and what cannot be shared.
    private func startAlone(_ transaction: Transaction, previous: Resource?) {
        let fill = context.makeFill(transaction.key, site: transaction.site)
        _ = fill.join(transaction)
        let runner = FillRunner(fill, context: context, request: transaction.head, previous: previous, on: eventLoop)
        runner.start()
        transaction.wait(for: fill, collapsed: false)
    }
}
