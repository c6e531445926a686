import CacheStore
import CachingRules
import ControlPlane
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Telemetry

/// What all event loops of an edge share. Immutable; its parts are thread-safe each in its own way.
final class EdgeContext: Sendable {
    let node: String
    let sites: SiteTable
    let store: CacheStore
    let fills = FillTable()
    let hitForMiss = HitForMiss()
    /// Fills that have begun and not ended, also those that nobody may join.
    let fillsUnderWay = Atomic(0)
    let forms: FormMaker
    let lease: EdgeLease
    let counters: Counters<EdgeCounter>
    let logger: Logger
    /// Bytes of the largest body that is kept.
    let objectLimit: Int

    init(
        node: String,
        sites: SiteTable,
        store: CacheStore,
        objectLimit: Int?,
        forms: FormMaker,
        lease: EdgeLease,
        counters: Counters<EdgeCounter>,
        logger: Logger
    ) {
        self.node = node
        self.sites = sites
        self.store = store
        self.objectLimit = min(store.memoryObjectLimit, objectLimit ?? .max)
        self.forms = forms
        self.lease = lease
        self.counters = counters
        self.logger = logger
    }

    /// What may be done with an entry now.
    enum Verdict {
        /// Serve it.
        case fresh
        /// Ask the origin whether it still holds; serve it if the origin fails and the site allows that.
        case stale
        /// Ask the origin; never serve it unless the origin confirms.
        case unconfirmed
        /// A purge has killed it: it may not even be a condition (rule N3).
        case dead
    }

    func verdict(on resource: Resource, now: Int64) -> Verdict {
        let state = store.epochs.state(of: resource.identity, key: resource.key)
        if state == .dead { return .dead }
        // Without a lease there may have been hard purges that this edge has not heard of.
        guard state != .unconfirmed, lease.mayServeWithoutRevalidation else { return .unconfirmed }
        if state == .softPurged { return .stale }
        let head = resource.identity.head
        return head.freshness.isFresh(now: now) && !head.cacheControl.noCache ? .fresh : .stale
    }

    /// Whether another origin request may begin.
    var hasRoomForFill: Bool { fillsUnderWay.load(ordering: .relaxed) < Limits.fills }

    func makeFill(_ key: CacheKey, site: Site) -> Fill {
        Fill(key: key, site: site, mark: store.epochs.mark)
    }

    /// Whether a stale entry may be served if the origin fails; never one that the origin has to confirm.
    func mayServeStaleOnError(_ resource: Resource, at site: Site, now: Int64) -> Bool {
        switch verdict(on: resource, now: now) {
        case .unconfirmed, .dead: return false
        case .fresh, .stale: break
        }
        let head = resource.identity.head
        return StaleRule.mayServeStaleOnError(
            stored: head.cacheControl,
            freshness: head.freshness,
            siteStaleIfError: site.staleIfError,
            now: now
        )
    }

    /// The entry with the head that a 304 has made (rule N3), and its coded forms with it.
    ///
    /// An entry that the store has lost meanwhile is stored again, as `generation`; not over one that was asked for later.
    /// One that a purge has killed meanwhile is only good for the requests that have waited since before the purge.
    func freshen(_ previous: Resource, head: StoredHead, generation: UInt64, mark: PurgeMark) -> Resource {
        let identity = previous.identity
        let freshened = store.freshen(previous.key, generation: identity.generation, head: head, mark: mark) { form in
            FormMaker.freshenedHead(of: form.head, from: head)
        }
        if let freshened { return freshened }
        let renewed = Representation(generation: generation, mark: mark, head: head, body: identity.body)
        let unstored = Resource(key: previous.key, identity: renewed)
        // What lies on disk only cannot be stored again without its record, which that would drop.
        guard identity.body.disk == nil else { return unstored }
        return store.insert(renewed, key: previous.key).resource ?? unstored
    }
}
