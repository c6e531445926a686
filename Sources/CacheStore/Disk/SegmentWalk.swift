/// Walks the records of a segment from front to back by their headers. A value.
///
/// It ends at the first place where no whole header stands or where the record would reach beyond `end`: the torn tail
/// of a crash, or damage. ``isComplete`` says whether that was the very end.
struct SegmentWalk {
    /// Read at once where records are small: many headers with one call.
    private static let window = 64 << 10
    /// Read at once where the next header is further away than it pays to read what lies between.
    private static let header = 512
    private static let smallRecord = 2048

    let segment: Segment
    let io: any DiskIO
    let end: Int
    private(set) var offset: Int
    private var bytes: [UInt8] = []
    private var start = 0
    private var lastLength = 0

    init(_ segment: Segment, from: Int = SegmentHeader.bytes, end: Int, io: any DiskIO) {
        self.segment = segment
        self.end = end
        self.io = io
        offset = from
    }

    /// Whether everything up to the end was walked.
    var isComplete: Bool { offset >= end }

    /// The next record, dead ones included.
    mutating func next() throws(DiskError) -> (header: RecordHeader, place: DiskIndex.Place)? {
        guard offset + RecordHeader.bytes <= end else { return nil }
        if offset < start || offset + RecordHeader.bytes > start + bytes.count {
            let wanted = lastLength < Self.smallRecord ? Self.window : Self.header
            try io.readBytes(
                segment.file.descriptor,
                min(wanted, end - offset),
                at: offset,
                into: &bytes,
                path: segment.file.path
            )
            start = offset
        }
        guard let header = RecordHeader(bytes, at: offset - start), header.length <= end - offset else { return nil }
        let place = DiskIndex.Place(segment: segment.sequence, units: UInt32(offset / RecordHeader.alignment))
        offset += header.length
        lastLength = header.length
        return (header, place)
    }
}
