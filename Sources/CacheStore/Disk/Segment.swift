/// One segment file. An immutable snapshot: a reader that holds it can read on although the file was given up.
final class Segment: Sendable {
    let sequence: UInt32
    let file: OpenFile

    init(sequence: UInt32, file: OpenFile) {
        self.sequence = sequence
        self.file = file
    }
}

/// Walks the records of a segment from front to back by their headers. A value.
///
/// It ends at the first place where no whole header stands or where the record would reach beyond `end`: the torn tail
/// of a crash, or damage. ``isComplete`` says whether that was the very end.
struct SegmentWalk {
    private static let window = 4096

    let segment: Segment
    let io: any DiskIO
    let end: Int
    private(set) var offset = SegmentHeader.bytes
    private var bytes: [UInt8] = []
    private var start = 0

    init(_ segment: Segment, end: Int, io: any DiskIO) {
        self.segment = segment
        self.end = end
        self.io = io
    }

    /// Whether everything up to the end was walked.
    var isComplete: Bool { offset >= end }

    /// The next record, dead ones included.
    mutating func next() throws(DiskError) -> (header: RecordHeader, place: DiskIndex.Place)? {
        guard offset + RecordHeader.bytes <= end else { return nil }
        if offset < start || offset + RecordHeader.bytes > start + bytes.count {
            let count = min(Self.window, end - offset)
            bytes = try io.readBytes(segment.file.descriptor, count, at: offset, path: segment.file.path)
            start = offset
        }
        guard let header = RecordHeader(bytes, at: offset - start), header.length <= end - offset else { return nil }
        let place = DiskIndex.Place(segment: segment.sequence, units: UInt32(offset / RecordHeader.alignment))
        offset += header.length
        return (header, place)
    }
}
