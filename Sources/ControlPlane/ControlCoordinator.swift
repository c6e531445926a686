import FoundationEssentials
import Logging
import NIOCore

/// The one place that knows the log's end, the leases and the confirmations. An actor.
///
/// Decisions are ``Membership``'s; this puts them in order, and writes to the store what must outlive the process: an entry before
/// its number is told, a registration before a lease can follow. Confirmations are decided in memory and written in batches, since
/// an edge repeats what it has applied with every renewal.
actor ControlCoordinator {
    /// A purge whose confirmations are kept in memory. A value; the bell is shared with those who wait.
    struct Progress {
        var entry: PurgeEntry
        /// When the request was read, by the boot clock; nil: before control started.
        var acceptedNanoseconds: Int64?
        /// The first word of each instance stands.
        var receipts: [String: PurgeReceipt] = [:]
        var isDone = false
        let bell = Doorbell()
    }

    let store: any ControlStore
    let clock: any BootClock
    let limits: ControlLimits
    let logger: Logger
    let timing: Membership.Timing
    let log: String
    var membership: Membership
    var progress: [UInt64: Progress] = [:]
    var tail: LogTail
    var waiters = 0
    var streams = 0
    var isStopped = false
    /// Rung for each new entry, and when control stops.
    let published = Doorbell()
    /// When the requests with these marks were read.
    private var accepted: [String: Int64] = [:]
    /// The last number that the store has certainly given.
    private var committed: UInt64
    private var pumping: Task<Void, Never>?
    var pendingReceipts: [PurgeReceipt] = []
    var pendingApplied: [String: AppliedNumber] = [:]
    var flushing: Task<Void, Never>?

    /// Reads what the store knows.
    ///
    /// - Parameter mayHaveStrangers: false only for one who knows that no edge has ever run with this control's address.
    init(
        store: any ControlStore,
        clock: any BootClock,
        timing: Membership.Timing,
        mayHaveStrangers: Bool,
        limits: ControlLimits,
        logger: Logger
    ) async throws(ControlStoreError) {
        let state = try await store.logState()
        let records = try await store.edges()
        self.store = store
        self.clock = clock
        self.limits = limits
        self.logger = logger
        self.timing = timing
        log = state.identity
        committed = state.last
        tail = LogTail(after: state.last, limits: limits)
        membership = Membership(
            timing: timing,
            records: records,
            lastNumber: state.last,
            mayHaveStrangers: !state.isWatched && mayHaveStrangers,
            now: clock.nowNanoseconds()
        )
        if !state.isWatched, !mayHaveStrangers { try await store.markWatched() }
    }

    /// Notes that a new log has been watched for long enough, once that is so.
    func markWatchedWhenDue() async {
        guard let until = membership.strangersUntil else { return }
        let left = until - clock.nowNanoseconds()
        if left > 0 { try? await Task.sleep(nanoseconds: UInt64(left)) }
        guard !Task.isCancelled, clock.nowNanoseconds() >= until else { return }
        do throws(ControlStoreError) {
            try await store.markWatched()
        } catch {
            // The next start waits once more.
            logger.error("\(error)")
        }
    }

    /// Ends all streams and waits, and writes what is pending.
    func stop() async {
        isStopped = true
        published.ring()
        for item in progress.values { item.bell.ring() }
        await flushing?.value
        startFlush()
        await flushing?.value
    }

    func checkRunning() throws(ControlFailure) {
        if isStopped { throw ControlFailure(.unavailable, "Control is stopping.") }
    }

    // MARK: - Purges

    /// Appends a purge. When this returns, the purge is in the log for good and on its way to the edges.
    func purge(
        _ scopes: [PurgeScope],
        soft: Bool,
        idempotencyKey: String?,
        actor: String
    ) async throws(ControlFailure) -> PurgeEntry {
        try checkRunning()
        guard !scopes.isEmpty else {
            throw ControlFailure(.badRequest, "The purge has no scopes; expected at least one.")
        }
        guard scopes.count <= limits.scopesPerPurge else {
            throw ControlFailure(
                .tooLarge,
                "The purge has \(scopes.count) scopes; at most \(limits.scopesPerPurge) fit in one."
            )
        }
        let purge = NewPurge(
            mark: Self.randomMark(),
            acceptedAt: WallClock.nowMilliseconds(),
            scopes: scopes,
            soft: soft,
            idempotencyKey: idempotencyKey,
            actor: actor
        )
        accepted[purge.mark] = clock.nowNanoseconds()
        defer { accepted[purge.mark] = nil }
        let entry = try await append(purge)
        committed = max(committed, entry.number)
        while membership.lastNumber < entry.number {
            let before = membership.lastNumber
            let isFresh = await pump()
            // One that had begun before may have looked too early.
            guard membership.lastNumber > before || !isFresh else {
                throw ControlFailure(
                    .unavailable,
                    "Purge \(entry.number) is in the log, but control cannot read it back; the edges get it when it can."
                )
            }
        }
        return entry
    }

    /// In a task of its own, so that a request that is given up does not leave it open whether the purge is in the log.
    private func append(_ purge: NewPurge) async throws(ControlFailure) -> PurgeEntry {
        let store = store
        let result = await Task { () -> Result<PurgeEntry, ControlStoreError> in
            do throws(ControlStoreError) {
                return .success(try await store.append(purge))
            } catch {
                return .failure(error)
            }
        }.value
        switch result {
        case .success(let entry): return entry
        case .failure(let error): throw ControlFailure(error)
        }
    }

    /// Brings the store's new entries to the followers, in order. One reader at a time; who comes meanwhile waits for it and
    /// gets false.
    private func pump() async -> Bool {
        if let pumping {
            await pumping.value
            return false
        }
        let task = Task {
            await self.readNewEntries()
            // Here and not after the wait: who waited must not find a reader that has ended.
            self.pumping = nil
        }
        pumping = task
        await task.value
        return true
    }

    /// Pumps what an earlier attempt could not read.
    func pumpIfNeeded() async {
        if committed > membership.lastNumber { _ = await pump() }
    }

    private func readNewEntries() async {
        do throws(ControlStoreError) {
            while true {
                let page = try await store.entries(after: membership.lastNumber, limit: limits.pageEntries)
                guard !page.isEmpty else { return }
                for entry in page { publish(entry) }
                published.ring()
            }
        } catch {
            logger.error("\(error)")
        }
    }

    private func publish(_ entry: PurgeEntry) {
        let now = clock.nowNanoseconds()
        membership.published(entry.number, now: now)
        committed = max(committed, entry.number)
        tail.append(entry)
        remember(Progress(entry: entry, acceptedNanoseconds: accepted[entry.mark] ?? now))
    }

    /// Keeps a purge's confirmations in memory, and lets the oldest go.
    func remember(_ item: Progress) {
        progress[item.entry.number] = item
        guard progress.count > limits.recentPurges else { return }
        if let oldest = progress.keys.filter({ $0 != item.entry.number }).min() { progress[oldest] = nil }
    }

    private static func randomMark() -> String {
        String(UInt64.random(in: .min ... .max), radix: 36)
    }
}
