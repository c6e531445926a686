internal import NIOCore

/// Keeps blobs from being deleted while an object of several parts is read. Immutable; gives them back when it goes.
final class BlobLease: Sendable {
    let store: BlobStore
    private let ids: [BlobID]

    init(_ store: BlobStore, _ ids: [BlobID]) {
        self.store = store
        self.ids = ids
        store.retain(ids)
    }

    deinit { store.release(ids) }
}

/// An object's bytes. Immutable.
enum ObjectContent: Sendable {
    case blob(OpenFile)
    case parts([ObjectPart], BlobLease)
}

/// Reads a range of an object piece by piece. *Moved*: its reads follow one another. All calls block.
///
/// When the range covers a whole blob, the blob's CRC-32 is compared before its last piece is given out: a reader of
/// damaged bytes gets a broken answer, never a whole wrong one.
struct ObjectReader: Sendable {
    private struct Segment {
        let file: OpenFile
        var offset: Int64
        let end: Int64
        /// nil unless the whole blob is read.
        var crc: BlobCheck?
    }

    private let content: ObjectContent
    private let record: ObjectRecord
    private var position: Int64
    private let end: Int64
    private var segment: Segment?
    private var nextPart = 0
    private var partStart: Int64 = 0

    /// `range` lies within the object.
    init(_ object: OpenObject, range: Range<Int64>) {
        content = object.content
        record = object.record
        position = range.lowerBound
        end = range.upperBound
    }

    /// Up to one piece; nil at the end.
    mutating func next() throws -> ByteBuffer? {
        while position < end {
            if segment == nil || segment.map({ $0.offset >= $0.end }) == true {
                guard try openSegment() else { throw DamagedBlob(path: "", reason: "the parts end early") }
                continue
            }
            return try readPiece()
        }
        return nil
    }

    private mutating func readPiece() throws -> ByteBuffer {
        guard var current = segment else { throw DamagedBlob(path: "", reason: "nothing is open") }
        let count = min(Int64(ObjectStoreLimits.readPieceBytes), current.end - current.offset)
        let piece = try current.file.read(at: current.offset, count: Int(count))
        guard piece.readableBytes == Int(count) else {
            throw DamagedBlob(path: current.file.path, reason: "the file is shorter than the object")
        }
        current.crc?.update(piece)
        current.offset += count
        if current.offset == current.end, let check = current.crc, !check.isRight {
            throw DamagedBlob(path: current.file.path, reason: "the bytes do not match their CRC-32")
        }
        position += count
        segment = current
        return piece
    }

    /// Opens the blob in which `position` lies. False when there is none.
    private mutating func openSegment() throws -> Bool {
        switch content {
        case .blob(let file):
            guard segment == nil else { return false }
            let isWhole = position == 0 && end == record.size
            segment = Segment(
                file: file,
                offset: position,
                end: end,
                crc: isWhole ? record.crc32.map { BlobCheck(expected: $0) } : nil
            )
            return true
        case .parts(let parts, let lease):
            while nextPart < parts.count, partStart + parts[nextPart].size <= position {
                partStart += parts[nextPart].size
                nextPart += 1
            }
            guard nextPart < parts.count else { return false }
            let part = parts[nextPart]
            let first = position - partStart
            let last = min(part.size, end - partStart)
            segment = Segment(
                file: try lease.store.open(part.blob),
                offset: first,
                end: last,
                crc: first == 0 && last == part.size ? BlobCheck(expected: part.crc32) : nil
            )
            return true
        }
    }
}

/// Bytes on the disk that are not those that were written. *Value*.
struct DamagedBlob: Error, CustomStringConvertible {
    let path: String
    let reason: String

    var description: String { "\(path): \(reason)" }
}
