import CachingRules
import NIOConcurrencyHelpers
import NIOCore

extension DiskWriter {
    /// Writes a record at the end of the log and returns its place. Throws when the disk refuses; what was written of it
    /// is cut off, and the log goes on in another segment.
    func append(_ record: EncodedRecord) throws(DiskError) -> DiskIndex.Place {
        let length = record.header.length
        let space = try space(for: length)
        let path = space.segment.file.path
        let descriptor = space.segment.file.descriptor
        do throws(DiskError) {
            if length <= Self.wholeRecordBytes {
                var bytes = record.front
                bytes.reserveCapacity(length)
                for piece in record.pieces { bytes.append(contentsOf: piece.readableBytesView) }
                bytes.append(contentsOf: repeatElement(0, count: length - bytes.count))
                try io.writeBytes(descriptor, bytes, at: space.offset, path: path)
            } else {
                try io.writeBytes(descriptor, record.front, at: space.offset, path: path)
                var at = space.offset + record.front.count
                for piece in record.pieces {
                    try io.writeBuffer(descriptor, piece, at: at, path: path)
                    at += piece.readableBytes
                }
                let padding = [UInt8](repeating: 0, count: space.offset + length - at)
                if !padding.isEmpty { try io.writeBytes(descriptor, padding, at: at, path: path) }
            }
        } catch {
            abandon(space)
            throw error
        }
        return commit(space, length)
    }

    /// Where a record is going to be written. A value.
    struct Space {
        var segment: Segment
        var offset: Int
        /// A segment made for this record alone.
        var isOwn: Bool
    }

    /// Room for a record: in the active segment, in a new one, or in one of its own when it is larger than those.
    func space(for length: Int) throws(DiskError) -> Space {
        if length > tier.segmentBytes - SegmentHeader.bytes { return try ownSpace(for: length) }
        if let active, offset + length <= tier.segmentBytes {
            return Space(segment: active, offset: offset, isOwn: false)
        }
        seal()
        let segment = try makeSegment(capacity: tier.segmentBytes)
        active = segment
        offset = SegmentHeader.bytes
        // One ordinary segment is always kept free: for what is carried over from those given up.
        makeSpace(for: tier.segmentBytes, keeping: length)
        guard let active, offset + length <= tier.segmentBytes else {
            // Carrying over has met a refusal.
            throw DiskError(operation: .write, path: segment.file.path, code: 0)
        }
        return Space(segment: active, offset: offset, isOwn: false)
    }

    /// A segment for this record alone.
    func ownSpace(for length: Int) throws(DiskError) -> Space {
        let segment = try makeSegment(capacity: SegmentHeader.bytes + length)
        return Space(segment: segment, offset: SegmentHeader.bytes, isOwn: true)
    }

    /// What was written there is a record now.
    func commit(_ space: Space, _ length: Int) -> DiskIndex.Place {
        if !space.isOwn { offset = space.offset + length }
        tier.state.withLockedValue { state in
            state.figures.writes += 1
            state.figures.bytesWritten += length
        }
        return DiskIndex.Place(segment: space.segment.sequence, units: UInt32(space.offset / RecordHeader.alignment))
    }

    /// A refused write: its beginning is cut off if the disk still does that, and never appended to again either way.
    func abandon(_ space: Space) {
        if space.isOwn {
            giveUp(space.segment)
            return
        }
        try? io.truncate(space.segment.file.descriptor, to: space.offset, path: space.segment.file.path)
        offset = space.offset
        seal()
    }

    /// Ends the active segment: its data goes to the disk, and it counts with its real length from now on.
    func seal() {
        guard let segment = active else { return }
        active = nil
        try? io.sync(segment.file.descriptor, path: segment.file.path)
        let length = offset
        tier.state.withLockedValue { state in
            guard let info = state.segments[segment.sequence] else { return }
            state.usedBytes += length - info.bytes
            state.segments[segment.sequence]?.bytes = length
            state.segments[segment.sequence]?.end = length
        }
    }

    private func makeSegment(capacity: Int) throws(DiskError) -> Segment {
        makeSpace(for: capacity)
        let sequence = tier.state.withLockedValue { state in
            defer { state.nextSequence += 1 }
            return state.nextSequence
        }
        let path = tier.folder.file(SegmentHeader.name(sequence))
        let file = OpenFile(descriptor: try io.open(path, create: true), path: path, io: io)
        let header = SegmentHeader(sequence: sequence, store: tier.folder.storeTag, timeMade: Self.unixSeconds)
        do throws(DiskError) {
            try io.writeBytes(file.descriptor, header.encode(), at: 0, path: path)
        } catch {
            try? io.remove(path)
            throw error
        }
        let segment = Segment(sequence: sequence, file: file)
        tier.state.withLockedValue { state in
            state.tick += 1
            state.segments[sequence] = DiskTier.SegmentInfo(
                segment: segment,
                bytes: capacity,
                end: capacity,
                lastUse: state.tick
            )
            state.usedBytes += capacity
        }
        return segment
    }

    // MARK: Making room

    /// Gives up least recently used segments until `bytes` more fit below the limit. What is carried over from them
    /// leaves room for `keeping` bytes in the active segment, and takes half of it at most.
    func makeSpace(for bytes: Int, keeping: Int = 0) {
        var allowance = min(tier.segmentBytes / 2, tier.segmentBytes - offset - keeping)
        while true {
            let victim = tier.state.withLockedValue { state -> Segment? in
                guard state.usedBytes + bytes > tier.limit else { return nil }
                let open = Set(streams.values.map(\.space.segment.sequence)).union(active.map { [$0.sequence] } ?? [])
                return state.segments.values
                    .filter { !open.contains($0.segment.sequence) }
                    .min { $0.lastUse < $1.lastUse }?.segment
            }
            guard let victim else { return }
            let isEmptied = carryOver(from: victim, &allowance)
            giveUp(victim, isEmptied: isEmptied)
            tier.state.withLockedValue { $0.figures.reclaimed += 1 }
        }
    }

    /// Takes a segment's entries out of the index, unless that is done, and deletes its file. Readers that hold it read on.
    func giveUp(_ segment: Segment, isEmptied: Bool = false) {
        tier.state.withLockedValue { state in
            let sequence = segment.sequence
            // Walks the whole index: only after a failure.
            if !isEmptied {
                for slot in state.index.all(where: { $0.place.segment == sequence || $0.headPlace.segment == sequence })
                {
                    _ = state.index.removeEntry(slot)
                }
            }
            if let info = state.segments.removeValue(forKey: sequence) { state.usedBytes -= info.bytes }
        }
        do throws(DiskError) {
            try io.remove(segment.file.path)
        } catch {
            tier.pause(error)
        }
    }

    /// Copies what is worth keeping to the active segment: forms that were read since they were written or that are in
    /// memory now, and newer heads of forms that lie elsewhere. Numbers and generations stay as they are (rule N5).
    /// True when no entry of the index points to the victim any more.
    private func carryOver(from victim: Segment, _ allowance: inout Int) -> Bool {
        let end = tier.state.withLockedValue { $0.segments[victim.sequence]?.end ?? 0 }
        var walk = SegmentWalk(victim, end: end, io: io)
        do throws(DiskError) {
            while let (header, place) = try walk.next() {
                guard header.isLive else { continue }
                switch header.kind {
                case .form: try carryForm(header, place, victim, &allowance)
                case .head: try carryHead(header, place, victim)
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
        _ victim: Segment,
        _ allowance: inout Int
    ) throws(DiskError) {
        guard let entry = tier.entry(header, where: { $0.place == place }) else { return }
        let isLarge = header.bodyLength > tier.largestInMemory
        guard entry.flags & DiskIndex.Entry.hit != 0 || tier.memory.contains(header.hash), !isLarge,
            header.length <= allowance,
            let front = try? tier.reader.front(victim, at: place.offset, length: entry.length)
        else {
            if isLarge, let key = tier.key(of: header, victim, place) { tier.memory.remove(key) }
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
        guard let active, offset + newHeader.length <= tier.segmentBytes, !tier.isPurged(newest) else {
            return tier.forget(header, place).forEach { if $0 != place { kill($0) } }
        }
        let space = Space(segment: active, offset: offset, isOwn: false)
        do throws(DiskError) {
            let path = active.file.path
            try io.writeBytes(active.file.descriptor, Array(record), at: offset, path: path)
            try copyBody(header, victim, place.offset + header.frontLength, space, offset + newHeader.frontLength)
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
        for old in tier.move(header, from: place, to: DiskIndex.Entry(newHeader, copy)) { kill(old) }
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
        guard let head = HeadCodec.decode(front.bytes, header.headRange),
            let key = CacheKey(bytes: Array(front.bytes[header.keyRange]), hash: KeyHash(value: header.hash))
        else { return true }
        let mark = PurgeMark(log: header.log, number: header.purgeNumber, local: epochs.mark.local)
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

    /// Takes the form whose record lies at `place` out of the index; returns the places of its records.
    func forget(_ header: RecordHeader, _ place: DiskIndex.Place) -> [DiskIndex.Place] {
        state.withLockedValue { state in
            guard let slot = state.index.slot(header.hash, coding: header.coding, variantTag: header.variantTag),
                state.index[slot].place == place
            else { return [] }
            return state.index.removeEntry(slot)
        }
    }

    /// The form lies elsewhere now. Returns what is to be killed: its folded head, or the copy when the form went
    /// meanwhile.
    func move(_ header: RecordHeader, from place: DiskIndex.Place, to entry: DiskIndex.Entry) -> [DiskIndex.Place] {
        state.withLockedValue { state in
            guard let slot = state.index.slot(header.hash, coding: header.coding, variantTag: header.variantTag),
                state.index[slot].place == place
            else { return [entry.place] }
            let old = state.index[slot].headPlace
            let pending = state.index[slot].flags & DiskIndex.Entry.headPending
            state.index[slot] = entry
            state.index[slot].flags = pending
            return old == .none ? [] : [old]
        }
    }
}

extension DiskIO {
    /// Writes a buffer's readable bytes.
    func writeBuffer(_ file: Int32, _ buffer: ByteBuffer, at offset: Int, path: String) throws(DiskError) {
        let result = buffer.withUnsafeReadableBytes { raw -> Result<Void, DiskError> in
            do throws(DiskError) {
                try writeFully(file, raw, at: offset, path: path)
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}
