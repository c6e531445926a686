import CachingRules
import NIOConcurrencyHelpers
import NIOCore

extension DiskTier {
    /// What the page cache has of a key. A value.
    enum Now {
        /// The forms, identity forms first. `isSecond`: they were read this way a short while ago.
        case forms([Representation], isSecond: Bool)
        /// Some of it is not in memory, or it is too much for an event loop: an I/O thread can read it.
        case notNow
        /// Nothing is on disk.
        case miss
    }

    /// Reads every form of the key if that can be done without waiting and soon; otherwise as ``read(_:with:)``.
    /// `reserved` is charged with the bodies, whatever the limit.
    func readNow(_ hash: KeyHash, _ key: Span<UInt8>, with reserved: Reservation) -> Now {
        guard reader.mayReadNow else { return contains(hash.value) ? .notNow : .miss }
        // Before the index is asked: an invalidation that comes after this kills what is read (rule N5).
        let local = epochs.mark.local
        guard let (only, isSecond) = findOnly(hash.value) else { return .miss }
        guard let only else { return readAllNow(hash, key, local: local, isSecond: isSecond, reserved) }
        guard mayReadNow(only.entry.length) else { return .notNow }
        do throws(RecordReader.Failure) {
            let form = try readNow(only, key, parent: nil, local: local, reserved)
            state.withLockedValue { $0.figures.reads += 1 }
            return .forms([form], isSecond: isSecond)
        } catch {
            return note(now: error, only) ? .notNow : .miss
        }
    }

    private func readAllNow(
        _ hash: KeyHash,
        _ key: Span<UInt8>,
        local: UInt64,
        isSecond: Bool,
        _ reserved: Reservation
    ) -> Now {
        let found = find(hash.value)
        guard mayReadNow(found.reduce(0) { $0 + $1.entry.length }) else { return .notNow }
        var forms: [Representation] = []
        for place in found {
            let parent = forms.first { $0.coding == .identity && $0.generation == place.entry.generation }
            if !place.entry.isIdentity, parent == nil { continue }
            do throws(RecordReader.Failure) {
                forms.append(try readNow(place, key, parent: parent, local: local, reserved))
            } catch {
                if note(now: error, place) { return .notNow }
            }
        }
        guard !forms.isEmpty else { return .miss }
        let count = forms.count
        state.withLockedValue { $0.figures.reads += count }
        return .forms(Self.inOrder(forms), isSecond: isSecond)
    }

    /// Not what takes an event loop long. Nor, while connections hold more than their share of memory, what adds much to it.
    private func mayReadNow(_ bytes: Int) -> Bool {
        bytes <= StoreLimits.readNowBytes && (bytes <= StoreLimits.smallBody || !memory.budget.isOverPinned)
    }

    /// Whether the read that may wait has to find out.
    private func note(now failure: RecordReader.Failure, _ found: Found) -> Bool {
        switch failure {
        case .notNow, .noRoom, .io: return true
        case .gone, .damaged:
            note(failure, found)
            return false
        }
    }

    /// What the index has under a hash; nil: nothing that may be read. `only`: the one form, where there is no other;
    /// counts as a use of its segment. Allocates nothing.
    private func findOnly(_ hash: UInt128) -> (only: Found?, isSecond: Bool)? {
        state.withLockedValue { state in
            guard let cursor = state.index.first(hash) else { return nil }
            guard state.index.next(hash, cursor) == nil else {
                return (nil, state.recentReads.recordAndTest(hash))
            }
            guard let found = state.found(cursor.slot), found.entry.isIdentity else { return nil }
            return (found, state.recentReads.recordAndTest(hash))
        }
    }

    /// Each identity form followed by its derived forms.
    static func inOrder(_ forms: [Representation]) -> [Representation] {
        forms.filter { $0.coding == .identity }.flatMap { identity in
            [identity] + forms.filter { $0.coding != .identity && $0.generation == identity.generation }
        }
    }

    private func readNow(
        _ found: Found,
        _ key: Span<UInt8>,
        parent: Representation?,
        local: UInt64,
        _ reserved: Reservation
    ) throws(RecordReader.Failure) -> Representation {
        let entry = found.entry
        let whole = try reader.whole(
            found.segment,
            at: entry.place.offset,
            length: entry.length,
            now: true,
            for: .body(reserved)
        )
        let header = whole.header
        let front = whole.bytes.readableBytesUInt8Span
        guard header.hash == entry.hash, header.generation == entry.generation, header.kind == .form,
            header.coding == entry.coding
        else { throw .damaged("another record than the index says") }
        // A hash can be shared; a key cannot (rule K3).
        guard bytesEqual(front.extracting(header.keyRange), key) else { throw .gone }
        let newer = try found.headSegment.map { segment throws(RecordReader.Failure) in
            try self.newerHeadNow(entry, segment)
        }
        let headHeader = newer?.header ?? header
        let decoded =
            newer.map { HeadCodec.decode($0.bytes.readableBytesUInt8Span, headHeader.headRange) }
            ?? HeadCodec.decode(front, header.headRange)
        guard let head = decoded, let coding = Coding(rawValue: header.coding) else { throw .damaged("head") }
        return Representation(
            coding: coding,
            generation: entry.generation,
            mark: parent?.mark ?? PurgeMark(log: headHeader.log, number: headHeader.purgeNumber, local: local),
            variant: header.variantLength == 0 ? [] : Array(copying: front.extracting(header.variantRange).bytes),
            head: head,
            body: Self.body(whole, head, reserved)
        )
    }

    private static func body(_ whole: RecordReader.Whole, _ head: StoredHead, _ reserved: Reservation) -> StoredBody {
        // A record without a body whose head says a length: the head of an object in blocks.
        if whole.header.bodyLength == 0, head.bodyLength > 0 { return StoredBody(blocks: head.bodyLength) }
        // Copied only when what lies before it is large against it.
        return reserved.body(of: whole.body.map { [$0] } ?? [])
    }

    private func newerHeadNow(
        _ entry: DiskIndex.Entry,
        _ segment: Segment
    ) throws(RecordReader.Failure) -> RecordReader.Whole {
        let whole = try reader.wholeHead(segment, at: entry.headPlace.offset)
        guard whole.header.hash == entry.hash, whole.header.generation == entry.generation,
            whole.header.coding == entry.coding
        else { throw .damaged("another head than the index says") }
        return whole
    }
}
