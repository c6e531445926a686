/// The segments of a folder, opened when they are read and closed when too many are open. Confined to one thread.
final class FolderScan {
    private static let openFiles = 64

    let folder: CacheFolder
    private var open: [UInt32: (segment: Segment, end: Int)] = [:]
    /// Segments that were there when the folder was listed and are not any more.
    private(set) var vanished: Set<UInt32> = []

    init(_ folder: CacheFolder) {
        self.folder = folder
    }

    /// The segment and its length now; nil: it has gone.
    func segment(_ sequence: UInt32) throws(CacheFolderError) -> (segment: Segment, end: Int)? {
        if let open = open[sequence] { return open }
        let path = folder.path + "/" + SegmentHeader.name(sequence)
        do throws(DiskError) {
            let descriptor = try folder.io.openForReading(path)
            let file = OpenFile(descriptor: descriptor, path: path, io: folder.io)
            let found = (Segment(sequence: sequence, file: file), try folder.io.size(descriptor, path: path))
            if open.count >= Self.openFiles { open = [:] }
            open[sequence] = found
            return found
        } catch {
            guard error.isNotFound else { throw .refused(path: path, reason: error.description) }
            vanished.insert(sequence)
            return nil
        }
    }

    /// Every record's header, segment by segment; ends a segment where no header stands.
    func headers(
        _ body: (RecordHeader, DiskIndex.Place) throws(CacheFolderError) -> Bool
    ) throws(CacheFolderError) {
        for sequence in folder.segments {
            guard let (segment, end) = try self.segment(sequence) else { continue }
            var walk = SegmentWalk(segment, end: end, io: folder.io)
            while let (header, place) = try? walk.next() {
                guard try body(header, place) else { return }
            }
        }
    }

    /// A record's front, verified, whatever its state; nil: damaged, or gone.
    func front(_ header: RecordHeader, at place: DiskIndex.Place) throws(CacheFolderError) -> RecordReader.Front? {
        guard let (segment, end) = try segment(place.segment), place.offset + header.length <= end,
            let bytes = try? folder.io.readBytes(
                segment.file.descriptor,
                header.frontLength,
                at: place.offset,
                path: segment.file.path
            ), bytes.count == header.frontLength, let now = RecordHeader(bytes), now.frontLength == header.frontLength,
            CRC32C.of(bytes.span.extracting(RecordHeader.bytes..<header.frontLength)) == now.frontSum
        else { return nil }
        return RecordReader.Front(header: now, bytes: bytes)
    }

    /// The same where only the place is known.
    func front(at place: DiskIndex.Place) throws(CacheFolderError) -> RecordReader.Front? {
        guard let (segment, _) = try segment(place.segment),
            let bytes = try? folder.io.readBytes(
                segment.file.descriptor,
                RecordHeader.bytes,
                at: place.offset,
                path: segment.file.path
            ), let header = RecordHeader(bytes)
        else { return nil }
        return try front(header, at: place)
    }

    /// The index that a start would build. Live records only; of two for one form the higher generation holds, then the
    /// later place.
    func index() throws(CacheFolderError) -> DiskIndex {
        var index = DiskIndex()
        var heads: [(RecordHeader, DiskIndex.Place)] = []
        func isOlder(_ left: DiskIndex.Place, _ right: DiskIndex.Place) -> Bool {
            (left.segment, left.units) < (right.segment, right.units)
        }
        try headers { (header, place) throws(CacheFolderError) in
            guard header.isLive else { return true }
            guard header.kind == .form else {
                heads.append((header, place))
                return true
            }
            if let slot = index.slot(header.hash, coding: header.coding, variantTag: header.variantTag) {
                let present = index[slot]
                guard present.generation <= header.generation else { return true }
                index.remove(slot)
            }
            index.insert(DiskIndex.Entry(header, place))
            return true
        }
        for (header, place) in heads {
            guard let slot = index.slot(header.hash, coding: header.coding, variantTag: header.variantTag),
                index[slot].generation == header.generation, isOlder(index[slot].headPlace, place)
            else { continue }
            index[slot].headPlace = place
        }
        for slot in index.all(where: { !$0.isIdentity }) {
            let entry = index[slot]
            let parent = index.slot(entry.hash, coding: 0, variantTag: entry.variantTag)
            if parent.map({ index[$0].generation == entry.generation }) != true { index.remove(slot) }
        }
        return index
    }
}
