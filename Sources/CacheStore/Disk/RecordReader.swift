import CachingRules
import NIOCore
import Synchronization

/// Reads records and verifies them; runs on I/O threads. Immutable but for an atomic counter.
final class RecordReader: Sendable {
    /// Why a record gives nothing.
    enum Failure: Error {
        /// Not what was looked for any more: killed, or another key under the same hash. A miss and nothing else.
        case gone
        /// A checksum or a length does not hold.
        case damaged(String)
        case io(DiskError)
        /// No memory for the body.
        case noRoom
        /// It would have to be waited for.
        case notNow
    }

    /// A record's front, verified.
    struct Front {
        var header: RecordHeader
        /// From the record's start; at least the front, with as much of the body as came along.
        var bytes: [UInt8]

        var blockSums: [UInt32] {
            var reader = ByteReader(bytes, header.blockRange)
            return (0..<header.blocks).compactMap { _ in reader.number(UInt32.self) }
        }
    }

    /// Read at once: whole records up to this size, else enough for any ordinary front.
    private static let wholeRecordBytes = 80 << 10
    private static let frontBytes = 16 << 10

    let io: any DiskIO
    let bytesRead = Atomic(0)
    /// Where reads that do not wait are unsupported they are tried once.
    private let refusesNow = Atomic(false)

    /// Bytes read since the start.
    var bytesSoFar: Int { bytesRead.load(ordering: .relaxed) }

    var mayReadNow: Bool {
        get { !refusesNow.load(ordering: .relaxed) }
        set { refusesNow.store(!newValue, ordering: .relaxed) }
    }

    init(io: any DiskIO) {
        self.io = io
    }

    /// Reads and verifies the front of a record that is `length` bytes long.
    func front(_ segment: Segment, at offset: Int, length: Int) throws(Failure) -> Front {
        let first = length <= Self.wholeRecordBytes ? length : Self.frontBytes
        var bytes = try read(segment, first, at: offset)
        guard let header = RecordHeader(bytes), header.length == length else { throw .damaged("header") }
        guard header.isLive else { throw .gone }
        if bytes.count < header.frontLength {
            bytes += try read(segment, header.frontLength - bytes.count, at: offset + bytes.count)
        }
        guard bytes.count >= header.frontLength,
            CRC32C.of(bytes.span.extracting(RecordHeader.bytes..<header.frontLength)) == header.frontSum
        else { throw .damaged("head") }
        return Front(header: header, bytes: bytes)
    }

    /// The body in pieces, every block verified.
    func body(
        _ front: Front,
        _ segment: Segment,
        at offset: Int,
        for payer: BodyPieces.Payer
    ) throws(Failure) -> [ByteBuffer] {
        let sums = front.blockSums
        let start = front.header.frontLength
        var pieces: [ByteBuffer] = []
        var done = 0
        while done < front.header.bodyLength {
            let count = min(StoreLimits.pieceBytes, front.header.bodyLength - done)
            let here = start + done
            let source = front.bytes.count >= here + count ? front.bytes[here..<(here + count)] : nil
            let firstBlock = done / StoreLimits.blockBytes
            pieces.append(
                try piece(count, sums[firstBlock...], from: source, segment, at: offset + here, for: payer)
            )
            done += count
        }
        return pieces
    }

    /// `count` bytes at `offset` of the file in one buffer, which start at a block's first byte; verified. `now`: only what
    /// the page cache has.
    func piece(
        _ count: Int,
        _ sums: ArraySlice<UInt32>,
        from source: ArraySlice<UInt8>? = nil,
        _ segment: Segment,
        at offset: Int,
        for payer: BodyPieces.Payer,
        now: Bool = false
    ) throws(Failure) -> ByteBuffer {
        guard !now || mayReadNow else { throw .notNow }
        var failure: Failure?
        // Unsafe pointer: `target` is `count` bytes long and does not leave the closure.
        let buffer = BodyPieces.makeIfFilled(bytes: count, for: payer) { target in
            do throws(Failure) {
                try fill(target, sums, from: source, segment, at: offset, now: now)
                return true
            } catch {
                failure = error
                return false
            }
        }
        guard let buffer else { throw failure ?? .noRoom }
        return buffer
    }

    private func fill(
        _ target: UnsafeMutableRawBufferPointer,
        _ sums: ArraySlice<UInt32>,
        from source: ArraySlice<UInt8>?,
        _ segment: Segment,
        at offset: Int,
        now: Bool
    ) throws(Failure) {
        if let source {
            source.withUnsafeBytes { target.copyMemory(from: $0) }
        } else if now {
            try readNow(segment, into: target, at: offset)
        } else {
            do throws(DiskError) {
                try io.readFully(segment.file.descriptor, into: target, at: offset, path: segment.file.path)
            } catch {
                throw .io(error)
            }
            bytesRead.wrappingAdd(target.count, ordering: .relaxed)
        }
        var sum = sums.startIndex
        var done = 0
        while done < target.count {
            let count = min(StoreLimits.blockBytes, target.count - done)
            var actual = CRC32C()
            actual.add(UnsafeRawBufferPointer(rebasing: target[done..<(done + count)]))
            guard sum < sums.endIndex, actual.value == sums[sum] else { throw .damaged("body block") }
            sum += 1
            done += count
        }
    }

    private func read(_ segment: Segment, _ count: Int, at offset: Int) throws(Failure) -> [UInt8] {
        let bytes: [UInt8]
        do throws(DiskError) {
            bytes = try io.readBytes(segment.file.descriptor, count, at: offset, path: segment.file.path)
        } catch {
            throw .io(error)
        }
        bytesRead.wrappingAdd(bytes.count, ordering: .relaxed)
        guard bytes.count == count else { throw .damaged("the file ends within the record") }
        return bytes
    }
}
