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
    let loopGuard: LoopGuard
    let sites: SiteTable
    let store: CacheStore
    let fills = FillTable()
    let blocks = BlockTable()
    /// Keys whose last answer could not be shared: their requests do not wait for each other. Without it, every request
    /// for an uncacheable page would queue behind the one before it.
    let hitForMiss = RecentKeys(period: Limits.hitForMissPeriod)
    /// Keys whose revalidation has just failed: an origin that is down is not asked anew by each request for what may be
    /// served stale.
    let failedRevalidations = RecentKeys(period: Limits.failedRevalidationPeriod)
    /// Keys whose bodies are too large to be kept anywhere. A client's range of one is asked for as it is.
    let unkept = RecentKeys(period: Limits.unkeptPeriod)
    /// Objects in blocks whose origin has turned out to have another version.
    let changedObjects = RecentKeys(period: Limits.changedObjectPeriod)
    /// Those for which that has happened again.
    let changingObjects = RecentKeys(period: Limits.changedObjectPeriod)
    /// Fills that have begun and not ended, also those that nobody may join.
    let fillsUnderWay = Atomic(0)
    let forms: FormMaker
    let lease: EdgeLease
    let counters: Counters<EdgeCounter>
    let reasons: EdgeReasons
    let logger: Logger
    /// See ``Limits/windowStall``.
    let windowStall: TimeAmount
    /// Bytes of the largest body that is kept in memory.
    let objectLimit: Int
    /// Bytes above which an object is kept in blocks.
    let largeObject: UInt64
    /// Bytes of the largest object that is kept in blocks.
    let blocksLimit: UInt64

    init(
        node: String,
        sites: SiteTable,
        store: CacheStore,
        objectLimit: Int?,
        largeObject: Int,
        forms: FormMaker,
        lease: EdgeLease,
        counters: Counters<EdgeCounter>,
        windowStall: TimeAmount = Limits.windowStall,
        logger: Logger
    ) {
        self.node = node
        loopGuard = LoopGuard(node: AnswerFields.pseudonym(node))
        self.sites = sites
        self.store = store
        self.objectLimit = min(store.memoryObjectLimit, objectLimit ?? .max)
        self.largeObject = UInt64(largeObject)
        blocksLimit = UInt64(min(objectLimit ?? .max, Limits.blocksPerObject * CacheStore.blockBytes))
        self.forms = forms
        self.lease = lease
        self.counters = counters
        self.windowStall = windowStall
        self.logger = logger
        reasons = EdgeReasons(logger: logger)
    }

    /// Whether another origin request may begin.
    var hasRoomForFill: Bool { fillsUnderWay.load(ordering: .relaxed) < Limits.fills }

    func makeFill(_ task: FillTask) -> Fill {
        Fill(
            key: task.key,
            site: task.site,
            mark: store.epochs.mark,
            variant: task.variant,
            isOwned: !task.isBackground,
            store: store
        )
    }

    /// The entry with the head that a 304 has made (rule N3), and its coded forms with it.
    ///
    /// An entry that the store has lost meanwhile is stored again, as `generation`; not over one that was asked for later.
    /// One that a purge has killed meanwhile is only good for the requests that have waited since before the purge.
    func freshen(_ previous: Resource, head: StoredHead, generation: UInt64, mark: PurgeMark) -> Resource {
        let identity = previous.identity
        // What was read from disk for one answer.
        store.keepInMemory(previous.key)
        let freshened = store.freshen(previous.key, generation: identity.generation, head: head, mark: mark) { form in
            FormMaker.freshenedHead(of: form.head, from: head)
        }
        if let variant = freshened?.variant(generation: identity.generation) { return variant }
        let renewed = Representation(
            generation: generation,
            mark: mark,
            variant: identity.variant,
            head: head,
            body: identity.body
        )
        let unstored = Resource(key: previous.key, identity: renewed)
        // What lies on disk only cannot be stored again without its record, which that would drop.
        guard identity.body.disk == nil else { return unstored }
        return store.insert(renewed, key: previous.key).resource ?? unstored
    }
}
