import CachingRules
import Glibc
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
        let segment = try makeSegment(capacity: SegmentHeader.bytes + length, isOwn: true)
        return Space(segment: segment, offset: SegmentHeader.bytes, isOwn: true)
    }

    /// What was written there is a record now. `isSpent`: the day's allowance has paid for it already.
    func commit(_ space: Space, _ length: Int, isSpent: Bool = false) -> DiskIndex.Place {
        if !space.isOwn { offset = space.offset + length }
        unsettled[space.segment.sequence] = space.offset + length
        if carriedFrom != nil { unsyncedCopies.insert(space.segment.sequence) }
        tier.state.withLockedValue { state in
            state.figures.writes += 1
            state.figures.bytesWritten += length
            if !isSpent { state.allowance.spend(length) }
            if space.isOwn { state.segments[space.segment.sequence]?.isSealed = true }
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

    /// Ends the active segment: it counts with its real length from now on. The next checkpoint syncs it. It goes when
    /// nothing in it is live any more.
    func seal() {
        guard let segment = active else { return }
        active = nil
        let length = offset
        tier.state.withLockedValue { state in
            guard let info = state.segments[segment.sequence] else { return }
            state.usedBytes += length - info.bytes
            state.segments[segment.sequence]?.bytes = length
            state.segments[segment.sequence]?.end = length
            state.segments[segment.sequence]?.isSealed = true
            state.segments[segment.sequence]?.sync.noteWrite()
        }
        deleteIfEmpty(segment.sequence)
    }

    private func makeSegment(capacity: Int, isOwn: Bool = false) throws(DiskError) -> Segment {
        makeSpace(for: capacity)
        let limit = tier.limit
        let (sequence, isFull) = tier.state.withLockedValue { state -> (UInt32, Bool) in
            // What is being written cannot be given up. And numbers may have run out, where a folder is not as it should be.
            guard state.usedBytes + capacity <= limit, state.nextSequence < .max else {
                return (state.nextSequence, true)
            }
            defer { state.nextSequence += 1 }
            return (state.nextSequence, false)
        }
        let path = tier.folder.file(SegmentHeader.name(sequence))
        if isFull { throw DiskError(operation: .open, path: path, code: ENOSPC) }
        let file = OpenFile(descriptor: try io.open(path, create: true), path: path, io: io)
        tier.state.withLockedValue { $0.folderChanges += 1 }
        let header = SegmentHeader(
            sequence: sequence,
            store: tier.folder.storeTag,
            timeMade: Self.unixSeconds,
            isOwn: isOwn
        )
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
                end: SegmentHeader.bytes,
                lastUse: state.tick,
                isSealed: false
            )
            state.usedBytes += capacity
        }
        return segment
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
