import Glibc
import Logging

/// Finds out what is on a disk: the checkpoint, if there is a usable one, and what was written since; else every segment is
/// walked. A value; runs once, before the tier's threads start.
///
/// The segments alone are enough. Segments are walked in the order in which they were made, so what is found later is newer;
/// where that does not hold (records that came piece by piece, copies), the rules stand at ``enterForm`` and ``enterHeads``.
/// Only headers are read: bodies and heads are verified whenever they are read. See ``DiskCheckpointer`` for what an entry
/// of a checkpoint is worth.
struct DiskRecovery {
    /// A segment file found in the folder. A value.
    private struct Found {
        var segment: Segment
        var size: Int
        var isOwn: Bool
        /// Where the walk begins.
        var start: Int
    }

    /// A newer head, until all forms are known. A value.
    private struct FoundHead {
        var hash: UInt128
        var generation: UInt64
        var place: DiskIndex.Place
        var variantTag: UInt16
        var coding: UInt8
    }

    let folder: DiskFolder
    private let isAtHome: ((UInt128) -> Bool)?
    private var state = DiskTier.State()
    private var found: [UInt32: Found] = [:]
    private var heads: [FoundHead] = []
    /// A segment could not be read.
    private var hasLost = false
    private var lastUses: [UInt32: UInt64] = [:]
    /// Records that something newer outdates: their state is cleared, so that they stay outdated.
    private var dead: [DiskIndex.Place] = []

    /// - Parameter isAtHome: whether a key belongs to this disk; nil: all do. What does not has been, or will be, replaced
    ///   and invalidated on another one, and is dropped.
    init(folder: DiskFolder, isAtHome: ((UInt128) -> Bool)? = nil) {
        self.folder = folder
        self.isAtHome = isAtHome
    }

    consuming func run() throws(DiskError) -> DiskTier.State {
        let began = DiskMaintenance.now
        let names = try folder.io.names(in: folder.path)
        let sequences = names.compactMap { name in
            SegmentHeader.sequence(ofName: name).flatMap { $0 > 0 && $0 < .max ? $0 : nil }
        }
        for sequence in sequences.sorted() {
            try noteErrors(sequence) { recovery throws(DiskError) in try recovery.open(sequence) }
        }
        loadCheckpoint()
        for sequence in found.keys.sorted() {
            try noteErrors(sequence) { recovery throws(DiskError) in try recovery.walk(sequence) }
        }
        enterHeads()
        dropIncomplete()
        for place in dead { clear(place) }
        dropEmpty()
        folder.logger.notice(
            "found what is on the disk",
            metadata: [
                "folder": "\(folder.path)", "objects": "\(state.index.count)",
                "seconds": "\(Double(DiskMaintenance.now - began) / 1000)",
                "by": state.recovery.isByCheckpoint ? "checkpoint" : "walking",
                "walked": "\(state.recovery.walkedBytes)",
            ]
        )
        return state
    }

    /// One unreadable file must not keep the others from being used. It goes: what is killed from now on would be alive in
    /// it if it could be read another time.
    private mutating func noteErrors(
        _ sequence: UInt32,
        _ body: (inout Self) throws(DiskError) -> Void
    ) throws(DiskError) {
        do throws(DiskError) {
            try body(&self)
        } catch {
            // The process lacks something; the disk does not: what is on it stays.
            if [EMFILE, ENFILE, ENOMEM].contains(error.code) { throw error }
            let name = SegmentHeader.name(sequence)
            folder.logger.warning("cannot read a segment", metadata: ["file": "\(name)", "reason": "\(error)"])
            state.figures.readErrors += 1
            found[sequence] = nil
            hasLost = true
            try removeOrEmpty(folder.file(name))
        }
    }

    /// A file that can be neither deleted nor emptied keeps the whole disk from being used.
    private func removeOrEmpty(_ path: String) throws(DiskError) {
        do throws(DiskError) {
            try folder.io.remove(path)
        } catch {
            if error.isNotFound { return }
            let file = OpenFile(descriptor: try folder.io.open(path, create: false), path: path, io: folder.io)
            try folder.io.truncate(file.descriptor, to: 0, path: path)
        }
    }

    private mutating func open(_ sequence: UInt32) throws(DiskError) {
        let name = SegmentHeader.name(sequence)
        let path = folder.file(name)
        let file = OpenFile(descriptor: try folder.io.open(path, create: false), path: path, io: folder.io)
        let size = try folder.io.size(file.descriptor, path: path)
        let start = try folder.io.readBytes(file.descriptor, SegmentHeader.bytes, at: 0, path: path)
        switch SegmentHeader.read(start) {
        case .segment(let header) where header.store == folder.storeTag && header.sequence == sequence:
            let segment = Segment(sequence: sequence, file: file)
            state.nextSequence = max(state.nextSequence, sequence + 1)
            found[sequence] = Found(segment: segment, size: size, isOwn: header.isOwn, start: SegmentHeader.bytes)
        case .segment:
            folder.setAside(name, why: "it belongs to another store")
        case .otherVersion(let version):
            folder.setAside(name, why: "version \(version) is not known")
        case .unreadable:
            folder.logger.warning("dropped a segment without a readable head", metadata: ["file": "\(name)"])
            try folder.io.remove(path)
        }
    }

    // MARK: The checkpoint

    private mutating func loadCheckpoint() {
        do throws(CheckpointReader.Failure) {
            guard var reader = try CheckpointReader(folder) else { return }
            guard reader.head.nextSequence < .max else { throw CheckpointReader.Failure(what: "no number is left") }
            // Also when it turns out damaged further on: its head is whole.
            state.nextSequence = max(state.nextSequence, reader.head.nextSequence)
            state.highestGeneration = reader.head.highestGeneration
            let covered = coveredEnds(reader.head)
            while try reader.next({ entry in enter(entry, covered) }) {}
            for segment in reader.head.segments where covered[segment.sequence] != nil {
                found[segment.sequence]?.start = segment.end
                state.tick = max(state.tick, segment.lastUse)
            }
            for segment in reader.head.segments { lastUses[segment.sequence] = segment.lastUse }
            state.recovery.isByCheckpoint = true
        } catch {
            folder.setAside(Checkpoint.name, why: error.what)
            state.index = DiskIndex()
            dead = []
        }
    }

    /// Segments that are there as far as the checkpoint knows them.
    private func coveredEnds(_ head: Checkpoint.Head) -> [UInt32: Int] {
        var covered: [UInt32: Int] = [:]
        for segment in head.segments {
            guard let size = found[segment.sequence]?.size, segment.end >= SegmentHeader.bytes else { continue }
            if segment.end <= size {
                covered[segment.sequence] = segment.end
            } else {
                folder.logger.warning(
                    "a segment is shorter than the checkpoint says, and is walked",
                    metadata: ["segment": "\(SegmentHeader.name(segment.sequence))"]
                )
            }
        }
        return covered
    }

    private mutating func enter(_ entry: DiskIndex.Entry, _ covered: [UInt32: Int]) {
        guard let end = covered[entry.place.segment], entry.place.offset >= SegmentHeader.bytes,
            entry.place.offset + entry.length <= end
        else { return }
        var entry = entry
        entry.flags &= DiskIndex.Entry.hit | DiskIndex.Entry.headPending
        if entry.headPlace != .none {
            let isCovered = covered[entry.headPlace.segment].map { entry.headPlace.offset < $0 } ?? false
            if !isCovered {
                entry.headPlace = .none
                entry.flags |= DiskIndex.Entry.headPending
            }
        }
        guard isAtHome?(entry.hash) ?? true else { return dead += entry.places }
        // A key that moved to another part while the checkpoint was taken comes twice; the later copy counts.
        if let slot = state.index.slot(entry.hash, coding: entry.coding, variantTag: entry.variantTag) {
            state.index.remove(slot)
        }
        state.index.insert(entry)
    }

    // MARK: Walking

    /// Enters the segment with the records behind where its walk begins.
    private mutating func walk(_ sequence: UInt32) throws(DiskError) {
        guard let this = found[sequence] else { return }
        var walk = SegmentWalk(this.segment, from: this.start, end: this.size, io: folder.io)
        while let (header, place) = try walk.next() {
            state.highestGeneration = max(state.highestGeneration, header.generation)
            guard header.isLive else { continue }
            guard isAtHome?(header.hash) ?? true else {
                dead.append(place)
                continue
            }
            switch header.kind {
            case .form: enterForm(header, place)
            case .head:
                heads.append(
                    FoundHead(
                        hash: header.hash,
                        generation: header.generation,
                        place: place,
                        variantTag: header.variantTag,
                        coding: header.coding
                    )
                )
            }
        }
        if !walk.isComplete {
            folder.logger.notice(
                "ignored the end of a segment",
                metadata: ["file": "\(this.segment.file.path)", "from": "\(walk.offset)", "to": "\(this.size)"]
            )
        }
        state.recovery.walkedBytes += walk.offset - this.start
        state.tick += 1
        state.segments[sequence] = DiskTier.SegmentInfo(
            segment: this.segment,
            bytes: this.size,
            end: walk.offset,
            lastUse: lastUses[sequence] ?? state.tick
        )
        state.usedBytes += this.size
    }

    /// What is found later is newer, with two exceptions: a higher generation wins always; and a copy wins over what it was
    /// made from, which may lie in a segment that was made later, but then in one of its own.
    private mutating func enterForm(_ header: RecordHeader, _ place: DiskIndex.Place) {
        let isOutdated = state.index.slots(header.hash).contains { slot in
            let other = state.index[slot]
            let isSame = other.coding == header.coding && other.generation == header.generation
            if isSame, other.variantTag == header.variantTag, !isWhole(header, place) { return true }
            if other.coding == 0, other.generation > header.generation,
                DiskIndex.Entry.variants(other.variantTag, overlap: header.variantTag)
            {
                return true
            }
            return isSame && other.variantTag == header.variantTag && isOwn(place.segment)
                && !isOwn(other.place.segment)
        }
        if isOutdated {
            dead.append(place)
        } else {
            dead += state.publish(header, place)
        }
    }

    /// Whether every checksum of the record holds: a copy that the power has torn must not take the original's place.
    private func isWhole(_ header: RecordHeader, _ place: DiskIndex.Place) -> Bool {
        guard let segment = found[place.segment]?.segment else { return false }
        let reader = RecordReader(io: folder.io)
        guard let front = try? reader.front(segment, at: place.offset, length: header.length) else { return false }
        var offset = place.offset + header.frontLength
        var rest = header.bodyLength
        for sum in front.blockSums {
            let count = min(rest, StoreLimits.blockBytes)
            let block = try? folder.io.readBytes(segment.file.descriptor, count, at: offset, path: segment.file.path)
            guard let block, block.count == count, CRC32C.of(block.span) == sum else { return false }
            offset += count
            rest -= count
        }
        return true
    }

    /// Newer heads, in the order in which they were written. One that was written before its form's record was folded into
    /// that, unless the form came piece by piece or is the checkpoint's.
    private mutating func enterHeads() {
        for head in heads {
            guard
                let slot = state.index.slot(head.hash, coding: head.coding, variantTag: head.variantTag),
                state.index[slot].generation == head.generation, isNewer(head.place, than: state.index[slot].place)
            else {
                dead.append(head.place)
                continue
            }
            let old = state.index[slot].headPlace
            if old != .none { dead.append(old) }
            state.index[slot].headPlace = head.place
            state.index[slot].flags &= ~DiskIndex.Entry.headPending
        }
        heads = []
    }

    private func isNewer(_ head: DiskIndex.Place, than form: DiskIndex.Place) -> Bool {
        if isOwn(form.segment) { return true }
        if let start = found[form.segment]?.start, form.offset < start { return true }
        return (head.segment, head.units) > (form.segment, form.units)
    }

    private func isOwn(_ sequence: UInt32) -> Bool { found[sequence]?.isOwn ?? false }

    /// Forms whose newer head was never written, derived ones whose parent is not there, and what lies in segments that
    /// could not be read.
    private mutating func dropIncomplete() {
        let isPending = { (entry: DiskIndex.Entry) in entry.flags & DiskIndex.Entry.headPending != 0 }
        for slot in state.index.all(where: isPending) { dead += state.index.removeEntry(slot) }
        if hasLost { dropLost() }
        for slot in state.index.all(where: { !$0.isIdentity }) {
            let entry = state.index[slot]
            let parent = state.index.slot(entry.hash, coding: 0, variantTag: entry.variantTag)
            if let parent, state.index[parent].generation == entry.generation { continue }
            dead += state.index.removeEntry(slot)
        }
    }

    private mutating func dropLost() {
        let segments = state.segments
        let isLost = { (entry: DiskIndex.Entry) in
            segments[entry.place.segment] == nil
                || (entry.headPlace != .none && segments[entry.headPlace.segment] == nil)
        }
        for slot in state.index.all(where: isLost) { dead += state.index.removeEntry(slot) }
    }

    // MARK: Segments

    /// A record that cannot be marked as dead takes its segment with it: see ``DiskTier``.
    private mutating func clear(_ place: DiskIndex.Place) {
        guard let info = state.segments[place.segment] else { return }
        let file = info.segment.file
        do throws(DiskError) {
            let zeros = [UInt8](repeating: 0, count: 4)
            let offset = place.offset + RecordHeader.stateOffset
            try folder.io.writeBytes(file.descriptor, zeros, at: offset, path: file.path)
        } catch {
            folder.logger.warning("dropped a segment", metadata: ["file": "\(file.path)", "reason": "\(error)"])
            let isThere = { (entry: DiskIndex.Entry) in
                entry.place.segment == place.segment || entry.headPlace.segment == place.segment
            }
            remove(info)
            var elsewhere: [DiskIndex.Place] = []
            for slot in state.index.all(where: isThere) { elsewhere += state.index.removeEntry(slot) }
            for other in elsewhere { clear(other) }
        }
    }

    private mutating func dropEmpty() {
        for info in state.segments.values where state.index.usage[info.segment.sequence].records == 0 { remove(info) }
    }

    private mutating func remove(_ info: DiskTier.SegmentInfo) {
        state.segments[info.segment.sequence] = nil
        state.usedBytes -= info.bytes
        try? folder.io.remove(info.segment.file.path)
        state.folderChanges += 1
    }
}
