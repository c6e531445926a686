import CachingRules
import Glibc
import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Appends records to segments, one after the other, and makes room. Confined to the writer's thread.
///
/// Unchecked: made before the thread's only work item is submitted and used by that item alone.
final class DiskWriter: @unchecked Sendable {
    let tier: DiskTier
    let io: any DiskIO
    /// The segment that is appended to, and where.
    var active: Segment?
    var offset = 0
    /// The segment whose records are being moved: it goes afterwards, not under the walk.
    var carriedFrom: UInt32?
    /// Segments given up whose files could be neither deleted nor emptied so far.
    var undeleted: [Segment] = []
    /// Records whose bodies come in pieces.
    var streams: [UInt64: Stream] = [:]
    /// Segments to which something was carried over that was not synced since.
    var unsyncedCopies: Set<UInt32> = []
    /// Heads that were folded into copies, to be killed when those are synced.
    var foldedHeads: [DiskIndex.Place] = []
    /// Where records that are committed and not settled end, by segment.
    var unsettled: [UInt32: Int] = [:]
    private var persistedVersion: UInt64
    /// Monotonic milliseconds of the first change of the purge state that is not on disk.
    private var dirtySince: Int64?
    /// Milliseconds between a change and its writing.
    private var persistDelay = Int64(StoreLimits.persistDelayMilliseconds)

    /// Records up to this size are written with one call.
    static let wholeRecordBytes = 256 << 10

    init(tier: DiskTier) {
        self.tier = tier
        io = tier.io
        let version = tier.epochs.persistentVersion
        persistedVersion = tier.hasStalePurges ? version &- 1 : version
    }

    /// Works until the tier is closed.
    func run() {
        makeSpace(for: 0)
        while !tier.state.withLockedValue({ $0.isClosed }) {
            if let job = next() {
                perform(job)
                settle()
                persistPurgesIfDue()
            } else {
                persistPurgesIfDue()
                waitForWork()
            }
        }
        active = nil
    }

    private func next() -> DiskTier.Job? {
        tier.state.withLockedValue { state in
            guard let job = state.queue.popFirst() else { return nil }
            switch job {
            case .form(let key, let form, let cost):
                state.queueBytes -= cost
                state.noteUnqueued(key.hash.value)
                state.highestGeneration = max(state.highestGeneration, form.generation)
                let tag = form.variantTag
                state.current = DiskTier.Current(
                    hash: key.hash.value,
                    generation: form.generation,
                    variantTag: tag,
                    coding: form.coding
                )
            case .begin(_, _, let form, _):
                state.highestGeneration = max(state.highestGeneration, form.generation)
            case .piece(_, let buffer):
                state.queueBytes -= buffer.readableBytes
            default: break
            }
            return job
        }
    }

    private func waitForWork() {
        if let dirtySince {
            let due = dirtySince + persistDelay - Self.milliseconds
            guard tier.signal.lock(whenValue: 1, timeoutSeconds: Double(max(1, due)) / 1000) else { return }
        } else {
            tier.signal.lock(whenValue: 1)
        }
        tier.signal.unlock(withValue: 0)
    }

    private func perform(_ job: DiskTier.Job) {
        switch job {
        case .form(let key, let form, _):
            write(form, key)
            tier.memory.budget.adjust(by: -form.ownBytes)
        case .head(let key, let form):
            writeHead(form, key)
        case .kill(let places):
            for place in places { kill(place) }
        case .invalidate(let places):
            for place in places { kill(place) }
            if let task = tier.state.withLockedValue({ $0.tombstoneTask }) {
                tier.maintenance.wake(task, after: StoreLimits.tombstoneDelayMilliseconds)
            }
        case .giveUp(let segment):
            giveUpUnsynced(segment)
        case .begin(let id, let key, let form, let bodyLength):
            begin(id, key, form, bodyLength)
        case .piece(let id, let buffer):
            write(buffer, toStream: id)
            tier.memory.budget.adjust(by: -buffer.readableBytes)
        case .end(let id):
            end(id)
        case .flush(let done):
            flush()
            done()
        case .reached(let done):
            done()
        }
    }

    private func flush() {
        do throws(DiskError) {
            try tier.syncSegments { $0.isDirty }
            try tier.syncFolder()
        } catch {
            tier.pause(error)
        }
        persistPurges()
    }

    // MARK: The purge state

    private func persistPurgesIfDue() {
        guard tier.epochs.persistentVersion != persistedVersion else {
            dirtySince = nil
            return
        }
        let since = dirtySince ?? Self.milliseconds
        dirtySince = since
        if Self.milliseconds - since >= persistDelay { persistPurges() }
    }

    private func persistPurges() {
        let version = tier.epochs.persistentVersion
        guard version != persistedVersion else { return }
        let began = Self.milliseconds
        defer {
            let took = Self.milliseconds - began
            persistDelay = max(Int64(StoreLimits.persistDelayMilliseconds), took * StoreLimits.persistDelayFactor)
        }
        // One snapshot under one lock: log, number and epochs belong together (rule N7).
        let bytes = PurgeStateFile.encode(
            tier.epochs.state.withLockedValue { $0 },
            stamp: PurgeStateFile.Stamp(session: tier.session, change: version)
        )
        do throws(DiskError) {
            try io.replaceFile(tier.folder.file(PurgeStateFile.name), in: tier.folder.path, with: bytes)
            persistedVersion = version
            dirtySince = nil
        } catch {
            tier.pause(error)
            // Tried again after another delay; the older file is still whole.
            dirtySince = Self.milliseconds
        }
    }

    private static var milliseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    // MARK: Records

    /// Whether the form still belongs on the disk.
    func isWanted(_ form: Representation, _ key: CacheKey) -> Bool {
        let isNewest = tier.state.withLockedValue { state in
            guard state.pausedUntil <= DiskTier.now else {
                state.figures.dropped += 1
                return false
            }
            guard let slot = state.index.slot(key.hash.value, coding: 0, variantTag: form.variantTag) else {
                // Derived forms belong to a parent that is there.
                return form.coding == .identity
            }
            let present = state.index[slot].generation
            return form.coding == .identity ? present <= form.generation : present == form.generation
        }
        return isNewest && !isOutdatedInMemory(form, key)
            && tier.epochs.judge(form.mark, key: key, tags: form.head.tags) != .dead
    }

    /// Whether memory has a newer one that the disk may not have been given.
    private func isOutdatedInMemory(_ form: Representation, _ key: CacheKey) -> Bool {
        guard let resource = tier.memory.shard(key.hash.value).peek(key) else { return false }
        return resource.representations.contains { other in
            other.coding == .identity && other.generation > form.generation
                && DiskIndex.Entry.variants(other.variantTag, overlap: form.variantTag)
        }
    }

    private func write(_ form: Representation, _ key: CacheKey) {
        defer { tier.state.withLockedValue { $0.current = nil } }
        guard isWanted(form, key),
            let record = EncodedRecord(kind: .form, key: key, form: form, time: Self.unixSeconds)
        else { return }
        do throws(DiskError) {
            let place = try append(record)
            tier.resume()
            let dead = tier.state.withLockedValue { state in
                state.current?.isCancelled == true ? [place] : state.publish(record.header, place)
            }
            for place in dead { kill(place) }
            tier.countIndex()
        } catch {
            tier.pause(error)
        }
    }

    private func writeHead(_ form: Representation, _ key: CacheKey) {
        let tag = form.variantTag
        func slot(_ state: DiskTier.State) -> DiskIndex.Slot? {
            state.index.slot(key.hash.value, coding: form.coding.rawValue, variantTag: tag)
                .flatMap { state.index[$0].generation == form.generation ? $0 : nil }
        }
        guard tier.state.withLockedValue({ slot($0) != nil }) else { return }
        var place: DiskIndex.Place?
        let isPaused = tier.state.withLockedValue { $0.pausedUntil > DiskTier.now }
        if !isPaused, let record = EncodedRecord(kind: .head, key: key, form: form, time: Self.unixSeconds) {
            do throws(DiskError) {
                place = try append(record)
            } catch {
                tier.pause(error)
            }
        }
        // Without its newer head a form is worth nothing: the older one may promise too much.
        let dead = tier.state.withLockedValue { state -> [DiskIndex.Place] in
            guard let slot = slot(state) else { return place.map { [$0] } ?? [] }
            guard let place else { return state.index.removeEntry(slot) }
            let old = state.index[slot].headPlace
            state.index[slot].headPlace = place
            state.index[slot].flags &= ~DiskIndex.Entry.headPending
            return old == .none ? [] : [old]
        }
        for place in dead { kill(place) }
    }

    /// Clears a record's state word. If that cannot be done, its segment goes: an old record must not come back.
    func kill(_ place: DiskIndex.Place) {
        let present = tier.state.withLockedValue { $0.segments[place.segment]?.segment }
        guard let segment = present ?? undeleted.first(where: { $0.sequence == place.segment }) else { return }
        do throws(DiskError) {
            let file = segment.file
            let zeros = [UInt8](repeating: 0, count: 4)
            try io.writeBytes(file.descriptor, zeros, at: place.offset + RecordHeader.stateOffset, path: file.path)
            tier.state.withLockedValue { state in
                state.segments[place.segment]?.sync.noteKill()
                state.changes += 1
            }
            deleteIfEmpty(place.segment)
        } catch {
            tier.pause(error)
            if active?.sequence == place.segment { active = nil }
            giveUp(segment)
        }
    }

    /// The job is done: what it has committed is in the index, or dead, and so is what that has outdated. From here on a
    /// checkpoint may rely on it; see ``DiskCheckpointer``, 1.
    private func settle() {
        guard !unsettled.isEmpty else { return }
        tier.state.withLockedValue { state in
            for (sequence, end) in unsettled {
                guard let info = state.segments[sequence] else { continue }
                state.segments[sequence]?.end = max(info.end, end)
                state.segments[sequence]?.sync.noteWrite()
            }
            state.changes += 1
        }
        unsettled.removeAll(keepingCapacity: true)
    }

    /// A segment of which nobody knows what is on the disk: its forms go.
    private func giveUpUnsynced(_ segment: Segment) {
        guard tier.state.withLockedValue({ $0.segments[segment.sequence] != nil }) else { return }
        if active === segment { active = nil }
        for (id, stream) in streams where stream.space.segment === segment { cancel(id) }
        giveUp(segment)
    }

    static var unixSeconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec)
    }
}

extension DiskTier.State {
    /// Enters a written record into the index. Returns the places of the records that it outdates.
    mutating func publish(_ header: RecordHeader, _ place: DiskIndex.Place) -> [DiskIndex.Place] {
        var dead: [DiskIndex.Place] = []
        for slot in index.slots(header.hash) {
            let other = index[slot]
            let isSameForm = other.coding == header.coding && other.variantTag == header.variantTag
            // A new identity form outdates what was derived from the one before, and the forms with or without Vary.
            let isOutdated =
                header.coding == 0 && other.generation < header.generation
                && DiskIndex.Entry.variants(other.variantTag, overlap: header.variantTag)
            if isSameForm || isOutdated { dead += index.removeEntry(slot) }
        }
        index.insert(DiskIndex.Entry(header, place))
        return dead
    }
}

extension DiskIndex.Entry {
    /// Whether a form of the one variant takes the place of one of the other: a form without Vary stands for all.
    static func variants(_ one: UInt16, overlap other: UInt16) -> Bool { one == other || one == 0 || other == 0 }

    init(_ header: RecordHeader, _ place: DiskIndex.Place) {
        self.init(
            low: UInt64(truncatingIfNeeded: header.hash),
            high: UInt64(truncatingIfNeeded: header.hash >> 64),
            generation: header.generation,
            place: place,
            headPlace: .none,
            units: UInt32(header.length / RecordHeader.alignment),
            variantTag: header.variantTag,
            coding: header.coding,
            flags: 0
        )
    }
}
