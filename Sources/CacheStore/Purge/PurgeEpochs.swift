import NIOConcurrencyHelpers
import Synchronization

/// The purges applied so far, as epochs: scope → number of its newest purge. Lock inside; safe from every thread.
///
/// No purge walks the cache. An entry carries the ``PurgeMark`` taken before its origin request was sent, and is dead
/// once a purge that covers it has a higher number. Whether that is so is usually one atomic load and one comparison:
/// every change raises ``version``, and an entry remembers the version it was last found alive at.
///
/// Order (rule N6): ``apply(_:number:soft:)`` changes the tables, then the version and the number, and only then
/// returns; a look-up that begins after that sees the purge, on whatever thread. So acknowledge after it returned.
public final class PurgeEpochs: Sendable {
    struct State: Sendable {
        var hashes: ScopeHashes
        var logIdentity: String?
        /// The log's own mark of the last entry applied; nil: not known.
        var entryMark: String?
        var mark = PurgeMark()
        /// The purges of the log that `mark.log` names.
        var current: EpochTable
        /// Those of the log followed before, by which entries from then are still judged dead.
        var previous: EpochTable
        var previousLog: UInt64 = 0
        var hasPrevious = false
        /// Invalidations by this process itself, by `mark.local`.
        var local: EpochTable
    }

    let state: NIOLockedValueBox<State>
    private let budget: MemoryBudget?
    private let currentVersion = Atomic<UInt64>(1)
    private let appliedNumber = Atomic<UInt64>(0)
    private let changesOfLog = Atomic<UInt64>(0)
    private let listener = NIOLockedValueBox<Listener?>(nil)

    /// A value. The closure stands in a struct because one stored bare in a generic box is wrapped anew, one layer deeper,
    /// at every access through the box.
    private struct Listener: Sendable {
        var changed: @Sendable () -> Void
    }

    /// No purge applied, no log known.
    public convenience init() {
        self.init(budget: nil)
    }

    init(budget: MemoryBudget?, scopeLimit: Int = StoreLimits.purgeScopes) {
        self.budget = budget
        let table = EpochTable(limit: scopeLimit)
        state = NIOLockedValueBox(
            State(hashes: ScopeHashes(hasher: .random()), current: table, previous: table, local: table)
        )
    }

    /// Changes with every purge and invalidation; starts at 1.
    var version: UInt64 { currentVersion.load(ordering: .acquiring) }

    /// The number of the last purge applied: one atomic load.
    public var applied: UInt64 { appliedNumber.load(ordering: .acquiring) }

    /// The identity of the log that the numbers count in; nil before the first.
    public var logIdentity: String? { state.withLockedValue { $0.logIdentity } }

    /// Log, number and the log's own mark of the last entry applied, of one moment; nil: no log is followed yet.
    public var position: (log: String, number: UInt64, entryMark: String?)? {
        state.withLockedValue { state in state.logIdentity.map { ($0, state.mark.number, state.entryMark) } }
    }

    /// Changes with every purge that is to be persisted; local invalidations are not.
    var persistentVersion: UInt64 { changesOfLog.load(ordering: .acquiring) }

    /// Who is told, after the fact, that there is something to persist.
    func setListener(_ new: (@Sendable () -> Void)?) {
        listener.withLockedValue { $0 = new.map(Listener.init) }
    }

    /// What an entry whose origin request starts now has to remember. Take it **before** the request is sent.
    public var mark: PurgeMark { state.withLockedValue { $0.mark } }

    /// Applies one entry of the log. Numbers come in order; one that was applied before changes nothing.
    ///
    /// - Parameter entryMark: the log's own mark of the entry, kept for ``position``.
    public func apply(_ scopes: [Scope], number: UInt64, soft: Bool = false, entryMark: String? = nil) {
        change { state in
            let epoch = EpochTable.Epoch(hard: soft ? 0 : number, soft: soft ? number : 0)
            for scope in scopes { state.current.set(scope, epoch, state.hashes) }
            state.reach(number, entryMark)
        }
    }

    /// Notes that everything up to `number` is applied, when the log's next entries need nothing done here.
    public func advance(to number: UInt64, entryMark: String? = nil) {
        change { $0.reach(number, entryMark) }
    }

    /// Follows a log from now on whose purges so far are not known here, but for `snapshot` up to `number` (rule N8).
    ///
    /// Entries from before are `unconfirmed` from here on, unless one of the purges known then had killed them; entries
    /// from before the last adoption are dead. That holds for a log of the same identity as well: it has lost its tail
    /// and gives numbers anew, or it is this edge that has lost what it knew of it. So each adoption counts in a tag of its
    /// own, and no number from before is ever compared with one from after.
    public func adopt(log identity: String, number: UInt64, snapshot: [ScopeEpoch] = [], entryMark: String? = nil) {
        change { state in
            state.previous = state.current
            state.previousLog = state.mark.log
            state.hasPrevious = true
            state.current = EpochTable(limit: state.current.limit)
            state.logIdentity = identity
            state.entryMark = entryMark
            state.mark.log = .random(in: 1 ... .max)
            state.mark.number = number
            for entry in snapshot {
                let epoch = EpochTable.Epoch(hard: entry.soft ? 0 : entry.number, soft: entry.soft ? entry.number : 0)
                state.current.set(entry.scope, epoch, state.hashes)
            }
        }
    }

    /// Kills what is stored of one URL, in this process only: an unsafe method has changed it (RFC 9111, section 4.4).
    func invalidate(_ scope: Scope) {
        change(isPersistent: false) { state in
            state.mark.local += 1
            state.local.set(scope, EpochTable.Epoch(hard: state.mark.local, soft: 0), state.hashes)
        }
    }

    /// Whether any purge or invalidation since the start, or any purge known from before, covers the key.
    public func isCovered(_ key: CacheKey, tags: [String]?) -> Bool {
        state.withLockedValue { state in
            state.current.newest(covering: key, tags: tags, state.hashes).newest > 0
                || state.local.newest(covering: key, tags: tags, state.hashes).newest > 0
        }
    }

    /// Whether a request that begins now may get the answer of a fill that took `mark` when it started (rule N1).
    public func mayJoin(_ mark: PurgeMark, key: CacheKey, tags: [String]?) -> Bool {
        state.withLockedValue { state in
            guard mark.log == state.mark.log else { return false }
            if mark == state.mark { return true }
            return mark.number >= state.current.newest(covering: key, tags: tags, state.hashes).newest
                && mark.local >= state.local.newest(covering: key, tags: tags, state.hashes).newest
        }
    }

    /// What the purges say about a stored form. In the usual case one atomic load and one comparison.
    public func state(of representation: Representation, key: CacheKey) -> PurgeState {
        let now = version
        if representation.checkedVersion.load(ordering: .relaxed) == now { return .live }
        let verdict = judge(representation.mark, key: key, tags: representation.head.tags)
        // The version was read before the tables: a purge that came in between is looked at again next time.
        if verdict == .live { representation.checkedVersion.store(now, ordering: .relaxed) }
        return verdict
    }

    /// Whether a hard purge has killed a stored form.
    public func isDead(_ representation: Representation, key: CacheKey) -> Bool {
        state(of: representation, key: key) == .dead
    }

    /// What the purges say about an entry with this mark.
    func judge(_ mark: PurgeMark, key: CacheKey, tags: [String]) -> PurgeState {
        state.withLockedValue { state in
            let local = state.local.newest(covering: key, tags: tags, state.hashes)
            if local.hard > mark.local { return .dead }
            let current = state.current.newest(covering: key, tags: tags, state.hashes)
            if mark.log == state.mark.log {
                if current.hard > mark.number { return .dead }
                return current.soft > mark.number ? .softPurged : .live
            }
            guard state.hasPrevious, mark.log == state.previousLog else { return .dead }
            // Its number does not compare with the current log's: any hard purge there may be newer than the entry.
            let previous = state.previous.newest(covering: key, tags: tags, state.hashes)
            return current.hard > 0 || previous.hard > mark.number ? .dead : .unconfirmed
        }
    }

    /// Every change: tables first, then what look-ups compare, all before anyone is told.
    private func change(isPersistent: Bool = true, _ body: (inout State) -> Void) {
        state.withLockedValue { state in
            let before = state.memoryBytes
            body(&state)
            budget?.adjust(by: state.memoryBytes - before)
            appliedNumber.store(state.mark.number, ordering: .sequentiallyConsistent)
            currentVersion.wrappingAdd(1, ordering: .sequentiallyConsistent)
            if isPersistent { changesOfLog.wrappingAdd(1, ordering: .releasing) }
        }
        if isPersistent { listener.withLockedValue { $0 }?.changed() }
    }

    /// Replaces the whole state with a persisted one, at start.
    func restore(_ restored: State) {
        change { state in
            let local = state.local
            state = restored
            state.local = local
        }
    }
}

extension PurgeEpochs.State {
    /// Everything up to `number` is applied.
    mutating func reach(_ number: UInt64, _ entryMark: String?) {
        guard number > mark.number else { return }
        mark.number = number
        self.entryMark = entryMark
    }

    var memoryBytes: Int { current.memoryBytes + previous.memoryBytes + local.memoryBytes }
}
