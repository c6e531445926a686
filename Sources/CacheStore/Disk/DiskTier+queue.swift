import CachePolicy
import CachingRules
import Logging
import NIOConcurrencyHelpers
import NIOCore

extension DiskTier {
    /// Hands a form to the writer. False, and it is counted, when the queue is full or the disk refuses: a request never
    /// waits for a disk.
    @discardableResult
    func write(_ form: Representation, key: CacheKey) -> Bool {
        guard form.body.disk == nil, form.body.recordBytes + UInt64(RecordHeader.bytes) <= UInt64(recordLimit) else {
            return false
        }
        let cost = form.memoryBytes
        let isQueued = state.withLockedValue { state in
            guard !state.isClosed, state.pausedUntil <= Self.now,
                state.queueBytes == 0 || state.queueBytes + cost <= queueLimit,
                state.queue.count < StoreLimits.queueJobs
            else {
                state.figures.dropped += 1
                return false
            }
            guard state.mayWriteToday(now: Self.milliseconds) else { return false }
            state.queue.append(.form(key, form, cost: cost))
            state.queueBytes += cost
            state.queuedForms[key.hash.value, default: 0] += 1
            return true
        }
        guard isQueued else { return false }
        // What is queued may outlive its place in memory: it counts until it is written.
        memory.budget.adjust(by: form.ownBytes)
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

    /// New heads for forms of one generation (a 304); other forms of it are dropped. Until the heads are written, those
    /// forms are not read from disk, for an older head may promise more freshness than the newer one.
    func freshen(_ forms: [Representation], key: CacheKey) {
        guard let generation = forms.first?.generation else { return }
        let hash = key.hash.value
        let (freed, mustWake) = state.withLockedValue { state in
            guard !state.isClosed else { return (0, false) }
            let freed = state.unqueue(hash) { form in
                form.generation == generation && !forms.contains { $0.coding == form.coding }
            }
            if let current = state.current, current.hash == hash, current.generation == generation,
                !forms.contains(where: { $0.coding == current.coding })
            {
                state.current?.isCancelled = true
            }
            var places: [DiskIndex.Place] = []
            var mustWake = false
            for slot in state.index.slots(hash) where state.index[slot].generation == generation {
                let isKept = forms.contains { $0.coding.rawValue == state.index[slot].coding }
                // A head that cannot be queued takes its form with it: the older one may promise too much.
                if isKept, state.queue.count < StoreLimits.queueJobs {
                    state.index[slot].flags |= DiskIndex.Entry.headPending
                } else {
                    places += state.index.removeEntry(slot)
                }
            }
            if !places.isEmpty {
                state.queue.append(.kill(places))
                mustWake = true
            }
            for form in forms where state.hasOrAwaits(form, hash) {
                state.queue.append(.head(key, form.withoutBody))
                mustWake = true
            }
            return (freed, mustWake)
        }
        memory.budget.adjust(by: -freed)
        if mustWake { wake() }
    }

    /// Takes back forms of the key that are older than `generation`: from the index at once, from the queue, and on the
    /// disk itself as soon as the writer gets to it. `variantTag`: only that variant, and the one without; nil: all.
    /// False when the disk has, or is about to have, a newer identity form of the same variant.
    @discardableResult
    func drop(_ hash: UInt128, below generation: UInt64 = .max, variantTag: UInt16? = nil) -> Bool {
        func isMeant(_ itsGeneration: UInt64, _ tag: UInt16) -> Bool {
            itsGeneration < generation && (variantTag == nil || tag == variantTag || tag == 0)
        }
        let (freed, mustWake, isNewest) = state.withLockedValue { state in
            var places: [DiskIndex.Place] = []
            for slot in state.index.slots(hash)
            where isMeant(state.index[slot].generation, state.index[slot].variantTag) {
                places += state.index.removeEntry(slot)
            }
            let freed = state.unqueue(hash) { isMeant($0.generation, $0.variantTag) }
            if let current = state.current, current.hash == hash, isMeant(current.generation, current.variantTag) {
                state.current?.isCancelled = true
            }
            for (id, stream) in state.streams
            where stream.hash == hash && isMeant(stream.generation, stream.variantTag) {
                state.streams[id]?.isCancelled = true
            }
            // What was invalidated goes at once; what is replaced, when the writer gets to what takes its place. Nothing may
            // be in the index, and something on the disk all the same: half written, or in a segment just deleted.
            let isInvalidated = generation == .max
            if isInvalidated { state.invalidate(places) } else if !places.isEmpty { state.queue.append(.kill(places)) }
            let isNewest = !state.hasNewer(hash, than: generation, variantTag: variantTag ?? 0)
            return (freed, isInvalidated || !places.isEmpty, isNewest)
        }
        memory.budget.adjust(by: -freed)
        if mustWake { wake() }
        return isNewest
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
            if isNew { state.figures.pauses += 1 }
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
    /// One form of the hash has left the queue.
    mutating func noteUnqueued(_ hash: UInt128) {
        guard let count = queuedForms[hash] else { return }
        queuedForms[hash] = count > 1 ? count - 1 : nil
    }

    /// Takes queued forms of the hash back; returns what the budget was charged for them.
    mutating func unqueue(_ hash: UInt128, where isMeant: (Representation) -> Bool) -> Int {
        guard queuedForms[hash] != nil else { return 0 }
        func form(_ job: DiskTier.Job) -> (form: Representation, cost: Int)? {
            guard case .form(let key, let form, let cost) = job, key.hash.value == hash, isMeant(form) else {
                return nil
            }
            return (form, cost)
        }
        guard queue.contains(where: { form($0) != nil }) else { return 0 }
        var costs = 0
        var freed = 0
        var left = 0
        queue.removeAll { job in
            guard let (form, cost) = form(job) else { return false }
            costs += cost
            freed += form.ownBytes
            left += 1
            return true
        }
        queueBytes -= costs
        for _ in 0..<left { noteUnqueued(hash) }
        return freed
    }

    /// Whether an identity form of this variant with at least this generation is on disk or queued.
    func hasNewer(_ hash: UInt128, than generation: UInt64, variantTag: UInt16) -> Bool {
        if let slot = index.slot(hash, coding: 0, variantTag: variantTag), index[slot].generation >= generation {
            return true
        }
        guard queuedForms[hash] != nil else { return false }
        return queue.contains { job in
            guard case .form(let key, let form, _) = job else { return false }
            return key.hash.value == hash && form.generation >= generation && form.variantTag == variantTag
        }
    }

    /// Whether the form is on disk, or forms of its generation are on their way there.
    func hasOrAwaits(_ form: Representation, _ hash: UInt128) -> Bool {
        if let slot = index.slot(hash, coding: form.coding.rawValue, variantTag: form.variantTag),
            index[slot].generation == form.generation
        {
            return true
        }
        return isComing(hash, generation: form.generation)
    }

    /// Whether a form of this generation is queued or being written.
    func isComing(_ hash: UInt128, generation: UInt64) -> Bool {
        if let current, current.hash == hash, current.generation == generation, !current.isCancelled { return true }
        guard queuedForms[hash] != nil else { return false }
        return queue.contains { job in
            guard case .form(let key, let form, _) = job else { return false }
            return key.hash.value == hash && form.generation == generation
        }
    }
}

extension DiskIndex {
    /// Removes an entry and returns the places of its records, to be killed.
    mutating func removeEntry(_ slot: Slot) -> [Place] {
        let entry = self[slot]
        remove(slot)
        return entry.places
    }

    /// The same with everything derived from it.
    mutating func removeForm(_ slot: Slot) -> [Place] {
        let entry = self[slot]
        var places = removeEntry(slot)
        guard entry.isIdentity else { return places }
        for other in slots(entry.hash)
        where self[other].generation == entry.generation && self[other].variantTag == entry.variantTag {
            places += removeEntry(other)
        }
        return places
    }
}

extension DiskIndex.Entry {
    /// Where its records lie.
    var places: [DiskIndex.Place] { headPlace == .none ? [place] : [place, headPlace] }
}
