import CachingRules
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

extension DiskTier {
    /// A form found in the index: what to read, and where from. A value.
    struct Found {
        var entry: DiskIndex.Entry
        var segment: Segment
        var headSegment: Segment?
    }

    /// Runs `work` on a reading thread; nil is handed to it when there are too many reads under way, or the tier is
    /// closed, and then on the caller's.
    func submit(_ work: @escaping @Sendable (_ canRead: Bool) -> Void) {
        let isAccepted = state.withLockedValue { state in
            guard !state.isClosed, state.readsUnderWay < StoreLimits.readsUnderWay else {
                state.figures.readsRefused += 1
                return false
            }
            state.readsUnderWay += 1
            return true
        }
        guard isAccepted else { return work(false) }
        readers.submit { [self] itsState in
            if case .active = itsState { work(true) } else { work(false) }
            state.withLockedValue { $0.readsUnderWay -= 1 }
        }
    }

    /// The forms under a hash, identity forms first; counts as a use of their segments.
    func find(_ hash: UInt128) -> [Found] {
        state.withLockedValue { state in
            var found: [Found] = []
            var cursor = state.index.first(hash)
            while let here = cursor {
                if let form = state.found(here.slot) { found.append(form) }
                cursor = state.index.next(hash, here)
            }
            return found.sorted { ($0.entry.coding, $1.entry.generation) < ($1.entry.coding, $0.entry.generation) }
        }
    }

    /// Whether the index still has an identity form of this generation.
    func holds(_ hash: UInt128, generation: UInt64) -> Bool {
        state.withLockedValue { state in
            state.index.slots(hash).contains { state.index[$0].isIdentity && state.index[$0].generation == generation }
        }
    }

    /// Reads every form of the key, on a reading thread. Damaged ones are dropped and missing from the result, and with an
    /// identity form those derived from it. `reserved`: grows by what the bodies take.
    func read(_ key: CacheKey, with reserved: Reservation) -> [Representation] {
        // Before the index is asked: an invalidation that comes after this kills what is read (rule N5).
        let local = epochs.mark.local
        var identities: [Representation] = []
        var derived: [Representation] = []
        for found in find(key.hash.value) {
            do throws(RecordReader.Failure) {
                let parent = identities.first { $0.generation == found.entry.generation }
                if !found.entry.isIdentity, parent == nil { continue }
                let form = try read(found, key, parent: parent, local: local, with: reserved)
                if found.entry.isIdentity { identities.append(form) } else { derived.append(form) }
                state.withLockedValue { $0.figures.reads += 1 }
            } catch {
                note(error, found)
            }
        }
        return identities.flatMap { identity in
            [identity] + derived.filter { $0.generation == identity.generation }
        }
    }

    /// The system has refused a read. A disk of which that is said often is left out: each such read costs the disk's own
    /// time limits, and a request waits for it.
    func noteReadError() {
        let isTooMuch = state.withLockedValue { state in
            state.figures.readErrors += 1
            let now = Self.now
            state.readFailures.removeAll { $0 <= now - StoreLimits.readFailureSeconds }
            state.readFailures.append(now)
            return state.readFailures.count >= StoreLimits.readFailures
        }
        if isTooMuch { leaveOut("\(StoreLimits.readFailures) reads have failed within a minute") }
    }

    func note(_ failure: RecordReader.Failure, _ found: Found) {
        switch failure {
        case .gone, .noRoom, .notNow: break
        case .damaged(let what): dropDamaged(found.entry, why: what)
        case .io(let error):
            noteReadError()
            dropDamaged(found.entry, why: error.description)
        }
    }

    private func read(
        _ found: Found,
        _ key: CacheKey,
        parent: Representation?,
        local: UInt64,
        with reserved: Reservation
    ) throws(RecordReader.Failure) -> Representation {
        let entry = found.entry
        let front = try reader.front(found.segment, at: entry.place.offset, length: entry.length)
        let header = front.header
        guard header.hash == entry.hash, header.generation == entry.generation, header.kind == .form,
            header.coding == entry.coding
        else { throw .damaged("another record than the index says") }
        // A hash can be shared; a key cannot (rule K3).
        guard front.bytes[header.keyRange].elementsEqual(key.bytes) else { throw .gone }
        let newer = try found.headSegment.map { segment throws(RecordReader.Failure) in
            try self.newerHead(entry, segment)
        }
        let headFront = newer ?? front
        guard let head = HeadCodec.decode(headFront.bytes.span, headFront.header.headRange),
            let coding = Coding(rawValue: header.coding)
        else { throw .damaged("head") }
        let mark =
            parent?.mark
            ?? PurgeMark(log: headFront.header.log, number: headFront.header.purgeNumber, local: local)
        return Representation(
            coding: coding,
            generation: entry.generation,
            mark: mark,
            variant: Array(front.bytes[header.variantRange]),
            head: head,
            body: try body(front, head, found, key, reserved)
        )
    }

    private func body(
        _ front: RecordReader.Front,
        _ head: StoredHead,
        _ found: Found,
        _ key: CacheKey,
        _ reserved: Reservation
    ) throws(RecordReader.Failure) -> StoredBody {
        let length = front.header.bodyLength
        // A record without a body whose head says a length: the head of an object in blocks.
        if length == 0, head.bodyLength > 0 { return StoredBody(blocks: head.bodyLength) }
        let offset = found.entry.place.offset
        // A derived form that would make the whole too large for memory is left where it is.
        guard length > largestInMemory || reserved.bytes + length <= largestInMemory else { throw .noRoom }
        if length > largestInMemory || !reserved.grow(by: length) {
            // Where there is no room now it is sent from the disk; derived forms and errors are not worth that.
            guard length > largestInMemory || (found.entry.isIdentity && head.status < 400) else { throw .noRoom }
            return StoredBody(
                disk: DiskBody(
                    tier: self,
                    found: found,
                    key: key,
                    offset: offset + front.header.frontLength,
                    length: length,
                    sums: front.blockSums
                )
            )
        }
        return reserved.body(of: try reader.body(front, found.segment, at: offset, for: .body(reserved)))
    }

    /// The longest body that is taken into memory: what one object may take, less heads and keys.
    var largestInMemory: Int { memory.objectLimit - min(memory.objectLimit / 8, StoreLimits.blockBytes) }

    /// Whether a body was left on disk only because there was no room for it.
    func isForMemory(_ body: DiskBody) -> Bool { body.length <= UInt64(largestInMemory) }

    /// The newer head of a form, verified; nil when it cannot be read.
    func headFront(_ entry: DiskIndex.Entry) -> RecordReader.Front? {
        guard let segment = state.withLockedValue({ $0.segments[entry.headPlace.segment]?.segment }) else { return nil }
        return try? newerHead(entry, segment)
    }

    private func newerHead(
        _ entry: DiskIndex.Entry,
        _ segment: Segment
    ) throws(RecordReader.Failure) -> RecordReader.Front {
        let front = try reader.head(segment, at: entry.headPlace.offset)
        guard front.header.hash == entry.hash, front.header.generation == entry.generation,
            front.header.coding == entry.coding
        else { throw .damaged("another head than the index says") }
        return front
    }

    /// The key in a record, for records of which only the header was read.
    func key(of header: RecordHeader, _ segment: Segment, _ place: DiskIndex.Place) -> CacheKey? {
        guard let front = try? reader.front(segment, at: place.offset, length: header.length) else { return nil }
        return CacheKey(bytes: Array(front.bytes[header.keyRange]), hash: KeyHash(value: header.hash))
    }
}

extension DiskTier.State {
    /// The form in a slot, if it may be read; counts as a use of its segment.
    mutating func found(_ slot: DiskIndex.Slot) -> DiskTier.Found? {
        let entry = index[slot]
        guard entry.flags & DiskIndex.Entry.headPending == 0, let info = segments[entry.place.segment] else {
            return nil
        }
        let headSegment = entry.headPlace == .none ? nil : segments[entry.headPlace.segment]?.segment
        if entry.headPlace != .none, headSegment == nil { return nil }
        if entry.flags & DiskIndex.Entry.hit == 0 { index[slot].flags |= DiskIndex.Entry.hit }
        tick += 1
        segments[entry.place.segment]?.lastUse = tick
        return DiskTier.Found(entry: entry, segment: info.segment, headSegment: headSegment)
    }
}

extension RecordReader {
    /// A head record, whose length only its header says.
    func head(_ segment: Segment, at offset: Int) throws(Failure) -> Front {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try io.readBytes(segment.file.descriptor, RecordHeader.bytes, at: offset, path: segment.file.path)
        } catch {
            throw .io(error)
        }
        guard let header = RecordHeader(bytes), header.kind == .head else { throw .damaged("header of a newer head") }
        return try front(segment, at: offset, length: header.length)
    }
}
