import Logging

/// Rebuilds the index from the segment files alone. A value; runs once, before the tier's threads start.
///
/// Segments are walked in the order in which they were made, so what is found later is newer. Only headers are read: the
/// bodies' checksums are verified whenever they are read. A checkpoint of the index would be loaded first, and the walk of
/// each segment begin where the checkpoint ended: ``walk(_:size:)`` is the place for it.
struct DiskRecovery {
    let folder: DiskFolder
    let isAtHome: ((UInt128) -> Bool)?
    private var state = DiskTier.State()
    private var highestGeneration: UInt64 = 0
    /// Records that something newer outdates: their state is cleared, so that they stay outdated.
    private var dead: [DiskIndex.Place] = []

    /// - Parameter isAtHome: whether a key belongs to this disk; nil: all do. What does not has been, or will be, replaced
    ///   and invalidated on another one, and is dropped.
    init(folder: DiskFolder, isAtHome: ((UInt128) -> Bool)? = nil) {
        self.folder = folder
        self.isAtHome = isAtHome
    }

    consuming func run() throws(DiskError) -> (state: DiskTier.State, highestGeneration: UInt64) {
        let names = try folder.io.names(in: folder.path)
        let sequences = names.compactMap { name in
            SegmentHeader.sequence(ofName: name).flatMap { $0 > 0 && $0 < .max ? $0 : nil }
        }
        for sequence in sequences.sorted() {
            do throws(DiskError) {
                try open(sequence)
            } catch {
                // One unreadable file must not keep the others from being used.
                let name = SegmentHeader.name(sequence)
                folder.logger.warning("cannot read a segment", metadata: ["file": "\(name)", "reason": "\(error)"])
                state.figures.readErrors += 1
            }
        }
        dropOrphans()
        for place in dead { clear(place) }
        dropEmpty()
        return (state, highestGeneration)
    }

    private mutating func open(_ sequence: UInt32) throws(DiskError) {
        state.nextSequence = max(state.nextSequence, sequence + 1)
        let name = SegmentHeader.name(sequence)
        let path = folder.file(name)
        let file = OpenFile(descriptor: try folder.io.open(path, create: false), path: path, io: folder.io)
        let size = try folder.io.size(file.descriptor, path: path)
        let start = try folder.io.readBytes(file.descriptor, SegmentHeader.bytes, at: 0, path: path)
        switch SegmentHeader.read(start) {
        case .segment(let header) where header.store == folder.storeTag && header.sequence == sequence:
            let segment = Segment(sequence: sequence, file: file)
            let end = try walk(segment, size: size)
            state.tick += 1
            state.segments[sequence] = DiskTier.SegmentInfo(
                segment: segment,
                bytes: size,
                end: end,
                lastUse: state.tick
            )
            state.usedBytes += size
        case .segment:
            folder.setAside(name, why: "it belongs to another store")
        case .otherVersion(let version):
            folder.setAside(name, why: "version \(version) is not known")
        case .unreadable:
            folder.logger.warning("dropped a segment without a readable head", metadata: ["file": "\(name)"])
            try folder.io.remove(path)
        }
    }

    /// Enters the segment's records; returns where the last whole one ends.
    private mutating func walk(_ segment: Segment, size: Int) throws(DiskError) -> Int {
        var walk = SegmentWalk(segment, end: size, io: folder.io)
        while let (header, place) = try walk.next() {
            highestGeneration = max(highestGeneration, header.generation)
            guard header.isLive else { continue }
            if let isAtHome, !isAtHome(header.hash) {
                dead.append(place)
                continue
            }
            switch header.kind {
            case .form: enterForm(header, place)
            case .head: enterHead(header, place)
            }
        }
        if !walk.isComplete {
            folder.logger.notice(
                "ignored the end of a segment",
                metadata: ["file": "\(segment.file.path)", "from": "\(walk.offset)", "to": "\(size)"]
            )
        }
        return walk.offset
    }

    private mutating func enterForm(_ header: RecordHeader, _ place: DiskIndex.Place) {
        let isOutdated = state.index.slots(header.hash).contains { slot in
            let other = state.index[slot]
            return other.variantTag == header.variantTag && other.coding == 0 && other.generation > header.generation
        }
        if isOutdated {
            dead.append(place)
        } else {
            dead += state.publish(header, place)
        }
    }

    private mutating func enterHead(_ header: RecordHeader, _ place: DiskIndex.Place) {
        guard let slot = state.index.slot(header.hash, coding: header.coding, variantTag: header.variantTag),
            state.index[slot].generation == header.generation
        else { return dead.append(place) }
        let old = state.index[slot].headPlace
        if old != .none { dead.append(old) }
        state.index[slot].headPlace = place
    }

    /// Derived forms whose parent is not there.
    private mutating func dropOrphans() {
        for slot in state.index.all(where: { !$0.isIdentity }) {
            let entry = state.index[slot]
            let parent = state.index.slot(entry.hash, coding: 0, variantTag: entry.variantTag)
            if let parent, state.index[parent].generation == entry.generation { continue }
            dead += state.index.removeEntry(slot)
        }
    }

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
            for slot in state.index.all(where: isThere) { _ = state.index.removeEntry(slot) }
            remove(info)
        }
    }

    private mutating func dropEmpty() {
        for info in state.segments.values where state.index.usage[info.segment.sequence].records == 0 { remove(info) }
    }

    private mutating func remove(_ info: DiskTier.SegmentInfo) {
        state.segments[info.segment.sequence] = nil
        state.usedBytes -= info.bytes
        try? folder.io.remove(info.segment.file.path)
    }
}
