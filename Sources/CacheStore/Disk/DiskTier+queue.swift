import CachePolicy
import CachingRules
import Logging
import NIOConcurrencyHelpers
import NIOCore

extension DiskTier {
    /// Whether a body goes to the disk. A value.
    enum Admission {
        case now, onSecondRequest, never
    }

    /// Decides about a form that has come from the origin.
    func admission(_ hash: UInt128, bodyLength: UInt64) -> Admission {
        guard bodyLength + UInt64(RecordHeader.bytes) <= UInt64(recordLimit) else { return .never }
        if bodyLength < UInt64(admitAtOnceBelow) { return .now }
        return state.withLockedValue { state in
            if state.filter.recordAndTest(hash) { return .now }
            state.figures.notAdmitted += 1
            return .onSecondRequest
        }
    }

    /// Hands a form to the writer. False, and it is counted, when the queue is full or the disk refuses: a request never
    /// waits for a disk.
    @discardableResult
    func write(_ form: Representation, key: CacheKey) -> Bool {
        guard form.body.disk == nil, form.body.length + UInt64(RecordHeader.bytes) <= UInt64(recordLimit) else {
            return false
        }
        let cost = form.memoryBytes
        let isQueued = state.withLockedValue { state in
            guard !state.isClosed, state.pausedUntil <= Self.now,
                state.queueBytes == 0 || state.queueBytes + cost <= queueLimit
            else {
                state.figures.dropped += 1
                return false
            }
            state.queue.append(.form(key, form, cost: cost))
            state.queueBytes += cost
            return true
        }
        guard isQueued else { return false }
        // A queued body may outlive its place in memory: it counts until it is written.
        memory.budget.adjust(by: cost)
        memory.makeRoom()
        wake()
        return true
    }

    /// Writes a derived form if the disk has, or is about to have, its parent.
    func attach(_ form: Representation, key: CacheKey) {
        let tag = form.variantTag
        let hasParent = state.withLockedValue { state in
            if let slot = state.index.slot(key.hash.value, coding: 0, variantTag: tag),
                state.index[slot].generation == form.generation
            {
                return true
            }
            return state.isComing(key.hash.value, generation: form.generation)
        }
        if hasParent { write(form, key: key) }
    }

    /// New heads for forms that stay (a 304). Until they are written, those forms are not read from disk, for an older
    /// head may promise more freshness than the newer one.
    func freshen(_ forms: [Representation], key: CacheKey) {
        let mustWake = state.withLockedValue { state in
            guard !state.isClosed else { return false }
            var mustWake = false
            for form in forms {
                let tag = form.variantTag
                let slot = state.index.slot(key.hash.value, coding: form.coding.rawValue, variantTag: tag)
                if let slot, state.index[slot].generation == form.generation {
                    state.index[slot].flags |= DiskIndex.Entry.headPending
                } else if !state.isComing(key.hash.value, generation: form.generation) {
                    continue
                }
                state.queue.append(.head(key, form))
                mustWake = true
            }
            return mustWake
        }
        if mustWake { wake() }
    }

    /// Takes back forms of the key that are older than `generation`: from the index at once, from the queue, and on the
    /// disk itself as soon as the writer gets to it. `variantTag`: only that variant, and the one without; nil: all.
    func drop(_ hash: UInt128, below generation: UInt64 = .max, variantTag: UInt16? = nil) {
        func isMeant(_ itsGeneration: UInt64, _ tag: UInt16) -> Bool {
            itsGeneration < generation && (variantTag == nil || tag == variantTag || tag == 0)
        }
        let (freed, mustWake) = state.withLockedValue { state in
            var places: [DiskIndex.Place] = []
            for slot in state.index.slots(hash)
            where isMeant(state.index[slot].generation, state.index[slot].variantTag) {
                places += state.index.removeEntry(slot)
            }
            var freed = 0
            if !state.queue.isEmpty {
                state.queue.removeAll { job in
                    guard case .form(let key, let form, let cost) = job, key.hash.value == hash,
                        isMeant(form.generation, form.variantTag)
                    else { return false }
                    freed += cost
                    return true
                }
            }
            state.queueBytes -= freed
            if let current = state.current, current.hash == hash, isMeant(current.generation, current.variantTag) {
                state.current?.isCancelled = true
            }
            if !places.isEmpty { state.queue.append(.kill(places)) }
            return (freed, !places.isEmpty)
        }
        memory.budget.adjust(by: -freed)
        if mustWake { wake() }
    }

    /// Takes one form out whose record at `place` is damaged, with everything derived from it. Counts and logs it.
    func dropDamaged(_ entry: DiskIndex.Entry, why: String) {
        let mustWake = state.withLockedValue { state in
            state.figures.badRecords += 1
            var places: [DiskIndex.Place] = []
            for slot in state.index.slots(entry.hash) {
                let other = state.index[slot]
                guard other.generation == entry.generation, other.variantTag == entry.variantTag else { continue }
                guard other.place == entry.place || entry.isIdentity else { continue }
                places += state.index.removeEntry(slot)
            }
            if !places.isEmpty, !state.isClosed { state.queue.append(.kill(places)) }
            return !places.isEmpty
        }
        logger.warning(
            "a record of the disk cache is damaged and is dropped",
            metadata: [
                "reason": "\(why)", "segment": "\(SegmentHeader.name(entry.place.segment))",
                "offset": "\(entry.place.offset)",
            ]
        )
        if mustWake { wake() }
    }

    /// A refusal by the disk: nothing is written for a while. Said once until it works again.
    func pause(_ error: DiskError) {
        let isNew = state.withLockedValue { state in
            state.figures.errors += 1
            let isNew = state.pausedUntil == 0
            state.pausedUntil = Self.now + Int64(StoreLimits.diskPauseSeconds)
            return isNew
        }
        if isNew {
            logger.error("the disk cache cannot be written; going on without", metadata: ["reason": "\(error)"])
        }
    }

    /// The disk has taken a write.
    func resume() {
        let wasPaused = state.withLockedValue { state in
            defer { state.pausedUntil = 0 }
            return state.pausedUntil != 0
        }
        if wasPaused { logger.notice("the disk cache can be written again") }
    }
}

extension DiskTier.State {
    /// Whether a form of this generation is queued or being written.
    func isComing(_ hash: UInt128, generation: UInt64) -> Bool {
        if let current, current.hash == hash, current.generation == generation { return !current.isCancelled }
        return queue.contains { job in
            guard case .form(let key, let form, _) = job else { return false }
            return key.hash.value == hash && form.generation == generation
        }
    }
}

extension DiskIndex {
    /// Removes an entry and returns the places of its records, to be killed.
    mutating func removeEntry(_ slot: UInt32) -> [Place] {
        let entry = self[slot]
        remove(slot)
        return entry.headPlace == .none ? [entry.place] : [entry.place, entry.headPlace]
    }
}
