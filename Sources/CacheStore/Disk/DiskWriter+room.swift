import CachingRules
import NIOConcurrencyHelpers

// Making room: which segment goes, and what of it is kept.
//
// Room is made in three ways. A sealed segment in which nothing is live any more is deleted at once. When room is needed, a
// segment of which little is live is compacted: all that is live in it moves. Else the least recently read segment is
// given up, and what was read of it since it was written moves.
extension DiskWriter {
    /// The segment whose turn it is. A value.
    private struct Victim {
        var segment: Segment
        /// All that is live in it moves, not only what was asked for.
        var isCompacted: Bool
    }

    /// Frees segments until `bytes` more fit below the limit. What is carried over from them leaves room for `keeping`
    /// bytes in the active segment, and takes half of it at most.
    func makeSpace(for bytes: Int, keeping: Int = 0) {
        var allowance = min(tier.segmentBytes / 2, tier.segmentBytes - offset - keeping)
        while let victim = nextVictim(for: bytes, allowance) {
            carriedFrom = victim.segment.sequence
            let isEmptied = carryOver(from: victim, &allowance)
            carriedFrom = nil
            giveUp(victim.segment, isEmptied: isEmptied)
            tier.state.withLockedValue { state in
                if victim.isCompacted { state.figures.compacted += 1 } else { state.figures.reclaimed += 1 }
            }
        }
    }

    /// nil: there is room.
    private func nextVictim(for bytes: Int, _ allowance: Int) -> Victim? {
        let canMove = active != nil
        return tier.state.withLockedValue { state -> Victim? in
            guard state.usedBytes + bytes > tier.limit else { return nil }
            let sealed = state.segments.values.filter(\.isSealed)
            guard let oldest = sealed.min(by: { $0.lastUse < $1.lastUse }) else { return nil }
            // The oldest one's turn has come anyway: of it, only what was asked for is kept.
            let sparse =
                sealed
                .filter { $0.segment.sequence != oldest.segment.sequence && $0.bytes <= self.tier.segmentBytes }
                .map { (info: $0, live: state.index.usage[$0.segment.sequence].bytes) }
                .filter { $0.live < $0.info.bytes / StoreLimits.compactBelowShare && $0.live <= allowance }
                .min { $0.live < $1.live }
            if canMove, let sparse { return Victim(segment: sparse.info.segment, isCompacted: true) }
            return Victim(segment: oldest.segment, isCompacted: false)
        }
    }

    /// Deletes a sealed segment if nothing in it is live any more.
    func deleteIfEmpty(_ sequence: UInt32) {
        guard sequence != carriedFrom else { return }
        let segment = tier.state.withLockedValue { state -> Segment? in
            guard let info = state.segments[sequence], info.isSealed, state.index.usage[sequence].records == 0 else {
                return nil
            }
            state.figures.emptied += 1
            return info.segment
        }
        if let segment { giveUp(segment, isEmptied: true) }
    }

    /// Takes a segment's entries out of the index, unless that is done, and deletes its file. Readers that hold it read on.
    func giveUp(_ segment: Segment, isEmptied: Bool = false) {
        if isEmptied || !foldedHeads.isEmpty { syncBeforeDeleting() }
        let sequence = segment.sequence
        // From here on no entry that points to it is read, and nothing new does.
        let isKnown = tier.state.withLockedValue { state in
            guard let info = state.segments.removeValue(forKey: sequence) else { return false }
            state.usedBytes -= info.bytes
            state.changes += 1
            return true
        }
        guard isKnown else { return }
        // Walks the index: only after a failure.
        let elsewhere = isEmptied ? [] : tier.removeEntries(of: sequence).filter { $0.segment != sequence }
        let hadFailed = !undeleted.isEmpty
        for left in undeleted + [segment] { delete(left) }
        if hadFailed, undeleted.isEmpty { tier.noteFailure(false) }
        tier.state.withLockedValue { $0.folderChanges += 1 }
        // Forms elsewhere whose newer head was in it: worth nothing without, also at the next start.
        for place in elsewhere { kill(place) }
    }

    /// What was carried over is on the disk for good, and so are files made and deleted earlier.
    private func syncBeforeDeleting() {
        do throws(DiskError) {
            while let sequence = unsyncedCopies.popFirst() {
                // Those copies are not settled yet, and count all the same.
                tier.state.withLockedValue { $0.segments[sequence]?.sync.noteWrite() }
                try tier.syncSegment(sequence)
            }
            try tier.syncFolder()
        } catch {
            tier.pause(error)
        }
        let folded = foldedHeads
        foldedHeads = []
        for place in folded { kill(place) }
    }

    /// A file that cannot be deleted is emptied: at the next start its records would be back, also those that are killed
    /// from now on. When that is refused too, it is tried again whenever another one goes.
    private func delete(_ segment: Segment) {
        undeleted.removeAll { $0 === segment }
        do throws(DiskError) {
            try io.remove(segment.file.path)
        } catch {
            tier.pause(error)
            do throws(DiskError) {
                try io.truncate(segment.file.descriptor, to: 0, path: segment.file.path)
            } catch {
                undeleted.append(segment)
                tier.noteFailure(true)
            }
        }
    }

    /// Copies what is worth keeping to the active segment: when it is compacted, everything live; else forms that were
    /// read since they were written or that are in memory now, and newer heads of forms that lie elsewhere. Numbers and
    /// generations stay as they are (rule N5). True when no entry of the index points to the victim any more.
    private func carryOver(from victim: Victim, _ allowance: inout Int) -> Bool {
        let segment = victim.segment
        let end = tier.state.withLockedValue { $0.segments[segment.sequence]?.end ?? 0 }
        var walk = SegmentWalk(segment, end: end, io: io)
        do throws(DiskError) {
            while let (header, place) = try walk.next() {
                guard header.isLive else { continue }
                switch header.kind {
                case .form: try carryForm(header, place, victim, &allowance)
                case .head: try carryHead(header, place, segment)
                }
            }
        } catch {
            tier.pause(error)
            return false
        }
        return walk.isComplete
    }

    private func carryForm(
        _ header: RecordHeader,
        _ place: DiskIndex.Place,
        _ victim: Victim,
        _ allowance: inout Int
    ) throws(DiskError) {
        guard let entry = tier.entry(header, where: { $0.place == place }) else { return }
        let segment = victim.segment
        let isLarge = header.bodyLength > tier.largestInMemory
        let isWanted =
            victim.isCompacted
            || (!isLarge && (entry.flags & DiskIndex.Entry.hit != 0 || tier.memory.contains(header.hash)))
        // What memory has of it is read from where it lay.
        if isLarge, let key = tier.key(of: header, segment, place) { tier.memory.remove(key) }
        guard isWanted, header.length <= allowance,
            let front = try? tier.reader.front(segment, at: place.offset, length: entry.length)
        else {
            return tier.forget(header, place).forEach { if $0 != place { kill($0) } }
        }
        var record = front.bytes[..<header.frontLength]
        var newHeader = header
        var newest = front
        if entry.headPlace != .none {
            // The newer head is folded in. Without it the form is worth nothing.
            guard let newer = tier.headFront(entry) else { return tier.forget(header, place).forEach(kill) }
            let folded = EncodedRecord(folding: front, newer: newer)
            record = folded.front[...]
            newHeader = folded.header
            newest = newer
        }
        let isPurged = tier.isPurged(newest)
        if isPurged { tier.state.withLockedValue { $0.figures.purgedFound += 1 } }
        guard let active, offset + newHeader.length <= tier.segmentBytes, !isPurged else {
            return tier.forget(header, place).forEach { if $0 != place { kill($0) } }
        }
        let space = Space(segment: active, offset: offset, isOwn: false)
        do throws(DiskError) {
            let path = active.file.path
            try io.writeBytes(active.file.descriptor, Array(record), at: offset, path: path)
            try copyBody(header, segment, place.offset + header.frontLength, space, offset + newHeader.frontLength)
            let padding = newHeader.length - newHeader.frontLength - newHeader.bodyLength
            if padding > 0 {
                let zeros = [UInt8](repeating: 0, count: padding)
                try io.writeBytes(active.file.descriptor, zeros, at: offset + newHeader.length - padding, path: path)
            }
        } catch {
            abandon(space)
            throw error
        }
        let copy = commit(space, newHeader.length)
        allowance -= newHeader.length
        let moved = DiskIndex.Entry(newHeader, copy)
        for old in tier.move(header, from: place, to: moved, keepsHit: victim.isCompacted) {
            // A head that was folded in is worth something until the copy is on the disk for good.
            if old == copy { kill(old) } else { foldedHeads.append(old) }
        }
    }

    private func carryHead(_ header: RecordHeader, _ place: DiskIndex.Place, _ victim: Segment) throws(DiskError) {
        guard let entry = tier.entry(header, where: { $0.headPlace == place }) else { return }
        guard let active, offset + header.length <= tier.segmentBytes,
            let front = try? tier.reader.front(victim, at: place.offset, length: header.length)
        else {
            return tier.forget(header, entry.place).forEach { if $0 != place { kill($0) } }
        }
        let space = Space(segment: active, offset: offset, isOwn: false)
        do throws(DiskError) {
            try io.writeBytes(active.file.descriptor, front.bytes, at: offset, path: active.file.path)
        } catch {
            abandon(space)
            throw error
        }
        let copy = commit(space, header.length)
        tier.state.withLockedValue { state in
            guard let slot = state.index.slot(header.hash, coding: header.coding, variantTag: header.variantTag),
                state.index[slot].headPlace == place
            else { return }
            state.index[slot].headPlace = copy
        }
    }

    /// Copies a body as it is: its checksums come with it, so damage stays damage.
    private func copyBody(
        _ header: RecordHeader,
        _ source: Segment,
        _ from: Int,
        _ space: Space,
        _ to: Int
    ) throws(DiskError) {
        var done = 0
        while done < header.bodyLength {
            let count = min(256 << 10, header.bodyLength - done)
            let bytes = try io.readBytes(source.file.descriptor, count, at: from + done, path: source.file.path)
            guard bytes.count == count else { throw DiskError(operation: .read, path: source.file.path, code: 0) }
            try io.writeBytes(space.segment.file.descriptor, bytes, at: to + done, path: space.segment.file.path)
            done += count
        }
    }
}

extension DiskTier {
    /// Whether a purge has killed what the record's head says: dead objects are not carried over.
    func isPurged(_ front: RecordReader.Front) -> Bool {
        let header = front.header
        let now = epochs.mark
        // As new as the newest purge: nothing has to be decoded.
        if header.log == now.log, header.purgeNumber >= now.number { return false }
        guard let head = HeadCodec.decode(front.bytes.span, header.headRange),
            let key = CacheKey(bytes: Array(front.bytes[header.keyRange]), hash: KeyHash(value: header.hash))
        else { return true }
        let mark = PurgeMark(log: header.log, number: header.purgeNumber, local: now.local)
        return epochs.judge(mark, key: key, tags: head.tags) == .dead
    }

    /// The index's entry for the record's form, if `condition` holds for it.
    func entry(_ header: RecordHeader, where condition: (DiskIndex.Entry) -> Bool) -> DiskIndex.Entry? {
        state.withLockedValue { state in
            state.index.slot(header.hash, coding: header.coding, variantTag: header.variantTag)
                .map { state.index[$0] }
                .flatMap { condition($0) ? $0 : nil }
        }
    }

    /// Takes the form whose record lies at `place` out of the index, with everything derived from it; returns the places of
    /// their records.
    func forget(_ header: RecordHeader, _ place: DiskIndex.Place) -> [DiskIndex.Place] {
        state.withLockedValue { state in
            guard let slot = state.index.slot(header.hash, coding: header.coding, variantTag: header.variantTag),
                state.index[slot].place == place
            else { return [] }
            return state.index.removeForm(slot)
        }
    }

    /// The form lies elsewhere now. Returns what is to be killed: its folded head, or the copy when the form went
    /// meanwhile.
    func move(
        _ header: RecordHeader,
        from place: DiskIndex.Place,
        to entry: DiskIndex.Entry,
        keepsHit: Bool
    ) -> [DiskIndex.Place] {
        state.withLockedValue { state in
            guard let slot = state.index.slot(header.hash, coding: header.coding, variantTag: header.variantTag),
                state.index[slot].place == place
            else { return [entry.place] }
            let old = state.index[slot].headPlace
            let kept = DiskIndex.Entry.headPending | (keepsHit ? DiskIndex.Entry.hit : 0)
            var moved = entry
            moved.flags = state.index[slot].flags & kept
            state.index[slot] = moved
            return old == .none ? [] : [old]
        }
    }
}
