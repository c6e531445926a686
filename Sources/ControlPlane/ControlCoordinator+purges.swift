import Logging

extension ControlCoordinator {
    /// How the fleet stands to a purge. Returns when the purge is done, after `seconds`, or when that is another than the
    /// caller has `seen`.
    ///
    /// - Parameter seen: ``ControlAPI/PurgeStatus/settled`` of an earlier answer; nil: wait for the end.
    func status(of number: UInt64, seen: Int?, seconds: Double) async throws(ControlFailure) -> ControlAPI.PurgeStatus {
        let start = clock.nowNanoseconds()
        let deadline = start + SystemBootClock.nanoseconds(min(seconds, limits.waitSeconds))
        var isWaiter = false
        defer { if isWaiter { waiters -= 1 } }
        while true {
            try await load(number)
            guard let bell = progress[number]?.bell else {
                throw ControlFailure(.unavailable, "Purge \(number) left control's memory while it was read.")
            }
            // Before looking, so that no change falls between looking and waiting.
            let rung = bell.count
            let now = clock.nowNanoseconds()
            let (status, nextChange) = evaluate(number, now: now)
            guard let status else { continue }
            if status.done || now >= deadline || Task.isCancelled { return status }
            if let seen, status.settled != seen { return status }
            try checkRunning()
            if !isWaiter {
                guard waiters < limits.waiters else {
                    throw ControlFailure(
                        .overloaded,
                        "More than \(limits.waiters) requests wait for purges.",
                        retrySeconds: 1
                    )
                }
                waiters += 1
                isWaiter = true
            }
            // A hair after the instant, so that the next look is not one too early.
            let until = min(deadline, (nextChange ?? deadline) + 1_000_000)
            await bell.wait(since: rung, nanoseconds: until - now)
        }
    }

    /// The last purges, newest first.
    func recentPurges(limit: Int) async throws(ControlFailure) -> [ControlAPI.PurgeStatus] {
        let entries: [PurgeEntry]
        do {
            entries = try await store.newestEntries(limit: min(limit, 100))
        } catch {
            throw ControlFailure(error)
        }
        var list: [ControlAPI.PurgeStatus] = []
        for entry in entries where entry.number <= membership.lastNumber {
            try await load(entry.number, entry)
            if let status = evaluate(entry.number, now: clock.nowNanoseconds()).0 { list.append(status) }
        }
        return list
    }

    /// What a purge covers, for those who must know before they may ask for more.
    func entry(_ number: UInt64) async throws(ControlFailure) -> PurgeEntry {
        try await load(number)
        guard let entry = progress[number]?.entry else {
            throw ControlFailure(.unavailable, "Purge \(number) left control's memory while it was read.")
        }
        return entry
    }

    /// Takes a purge from before this process, or one long ago, from the store into memory.
    private func load(_ number: UInt64, _ known: PurgeEntry? = nil) async throws(ControlFailure) {
        guard number >= 1, number <= membership.lastNumber else {
            throw ControlFailure(.notFound, "There is no purge \(number); the log ends at \(membership.lastNumber).")
        }
        guard progress[number] == nil else { return }
        do throws(ControlStoreError) {
            var entry = known
            if entry == nil { entry = try await store.entries(after: number - 1, limit: 1).first }
            let receipts = try await store.receipts(of: number)
            guard let entry, entry.number == number else {
                throw ControlStoreError(.failed, "The log has no entry \(number)")
            }
            guard progress[number] == nil else { return }
            var item = Progress(entry: entry)
            for receipt in receipts { item.receipts[receipt.instance] = receipt }
            remember(item)
        } catch {
            throw ControlFailure(error)
        }
    }

    /// Decides a purge's state now, and keeps the proof when it is done for the first time.
    private func evaluate(_ number: UInt64, now: Int64) -> (ControlAPI.PurgeStatus?, nextChange: Int64?) {
        reap(now: now)
        guard var item = progress[number] else { return (nil, nil) }
        var nextChange: Int64?
        var strangersSeconds: Double?
        if !item.isDone {
            let evaluation = membership.evaluate(number, now: now)
            nextChange = evaluation.nextChange
            strangersSeconds = evaluation.strangersUntil.map { Double($0 - now) / 1e9 }
            var shown = item.receipts
            for (instance, state) in evaluation.states where shown[instance] == nil {
                guard let member = membership.members[instance] else { continue }
                shown[instance] = PurgeReceipt(
                    number: number,
                    edge: member.record.id,
                    instance: instance,
                    state: state,
                    milliseconds: nil
                )
            }
            guard evaluation.isDone else {
                return (status(of: item, shown, strangersSeconds), nextChange)
            }
            item.isDone = true
            keep(shown.values.filter { item.receipts[$0.instance] == nil })
            item.receipts = shown
            progress[number] = item
        }
        return (status(of: item, item.receipts, nil), nil)
    }

    private func status(
        of item: Progress,
        _ receipts: [String: PurgeReceipt],
        _ strangersSeconds: Double?
    ) -> ControlAPI.PurgeStatus {
        let edges = receipts.values.sorted { ($0.edge, $0.instance) < ($1.edge, $1.instance) }.map { receipt in
            ControlAPI.Confirmation(
                id: receipt.edge,
                instance: receipt.instance,
                state: receipt.state,
                milliseconds: receipt.milliseconds
            )
        }
        return ControlAPI.PurgeStatus(
            number: item.entry.number,
            log: log,
            at: item.entry.acceptedAt,
            scopes: item.entry.scopes,
            soft: item.entry.soft,
            done: item.isDone,
            settled: edges.count { $0.state != .pending },
            edges: edges,
            strangersSeconds: strangersSeconds
        )
    }

    // MARK: - Receipts

    /// An instance has confirmed everything above `old` up to `new`.
    func confirmed(_ record: EdgeRecord, above old: UInt64, now: Int64) {
        let new = record.applied
        guard new > old else { return }
        for number in numbersInMemory(above: old, upTo: new) {
            guard var item = progress[number], item.receipts[record.instance] == nil else { continue }
            // Who registered after the purge was not asked for a confirmation.
            guard record.joinedAt < number else { continue }
            let receipt = PurgeReceipt(
                number: number,
                edge: record.id,
                instance: record.instance,
                state: .confirmed,
                milliseconds: item.acceptedNanoseconds.map { Double((now - $0) / 1_000) / 1_000 }
            )
            item.receipts[record.instance] = receipt
            progress[number] = item
            keep([receipt])
            item.bell.ring()
        }
        pendingApplied[record.instance] = AppliedNumber(
            instance: record.instance,
            number: new,
            seenAt: record.lastSeen
        )
        startFlush()
    }

    /// An instance is out of the fleet: purges that waited for it wait no more.
    func ended(_ record: EdgeRecord, as state: ConfirmationState) {
        for number in numbersInMemory(above: max(record.applied, record.joinedAt), upTo: membership.lastNumber) {
            guard var item = progress[number], !item.isDone, item.receipts[record.instance] == nil else { continue }
            let receipt = PurgeReceipt(
                number: number,
                edge: record.id,
                instance: record.instance,
                state: state,
                milliseconds: nil
            )
            item.receipts[record.instance] = receipt
            progress[number] = item
            keep([receipt])
            item.bell.ring()
        }
    }

    private func numbersInMemory(above old: UInt64, upTo new: UInt64) -> [UInt64] {
        guard new > old else { return [] }
        if new - old <= UInt64(progress.count) { return (old + 1...new).filter { progress[$0] != nil } }
        return progress.keys.filter { $0 > old && $0 <= new }.sorted()
    }

    private func keep(_ receipts: some Sequence<PurgeReceipt>) {
        pendingReceipts.append(contentsOf: receipts)
        let excess = pendingReceipts.count - limits.pendingReceipts
        if excess > 0 {
            pendingReceipts.removeFirst(excess)
            logger.error("Control cannot write receipts as fast as they come; \(excess) are lost.")
        }
        startFlush()
    }

    /// Writes what is pending, one transaction for everything that has gathered while the last one ran.
    func startFlush() {
        guard flushing == nil, !pendingReceipts.isEmpty || !pendingApplied.isEmpty else { return }
        flushing = Task {
            while !pendingReceipts.isEmpty || !pendingApplied.isEmpty {
                let receipts = pendingReceipts
                let applied = pendingApplied
                pendingReceipts = []
                pendingApplied = [:]
                do throws(ControlStoreError) {
                    try await store.record(receipts, applied: Array(applied.values))
                } catch {
                    // They are evidence, not state: what an edge has applied it says again with its next renewal.
                    logger.error("\(error) \(receipts.count) receipts are lost.")
                    break
                }
            }
            flushing = nil
        }
    }
}
