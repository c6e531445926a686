import NIOCore
import Synchronization

extension RecordReader {
    /// A record that was read with one call: front, body and padding in one piece of memory, all of it verified. A value.
    struct Whole {
        var header: RecordHeader
        var bytes: ByteBuffer

        /// The body as a slice; nil without one.
        var body: ByteBuffer? {
            guard header.bodyLength > 0 else { return nil }
            return bytes.getSlice(at: bytes.readerIndex + header.frontLength, length: header.bodyLength)
        }
    }

    /// Reads a record of `length` bytes and verifies all of it. `now`: only what the page cache has, and without waiting.
    func whole(_ segment: Segment, at offset: Int, length: Int, now: Bool, for payer: BodyPieces.Payer) throws(Failure)
        -> Whole
    {
        guard !now || mayReadNow else { throw .notNow }
        var header: RecordHeader?
        var failure = Failure.noRoom
        // Unsafe pointer: `target` is `length` bytes long and does not leave the closure.
        let bytes = BodyPieces.makeIfFilled(bytes: length, for: payer) { target in
            do throws(Failure) {
                if now {
                    try readNow(segment, into: target, at: offset)
                } else {
                    try readWaiting(segment, into: target, at: offset)
                }
                header = try Self.verified(UnsafeRawBufferPointer(target), length: length)
                return true
            } catch {
                failure = error
                return false
            }
        }
        guard let bytes, let header else { throw failure }
        return Whole(header: header, bytes: bytes)
    }

    /// The newer head of a form, whose length only its header says.
    func wholeHead(_ segment: Segment, at offset: Int) throws(Failure) -> Whole {
        guard mayReadNow else { throw .notNow }
        var header: RecordHeader?
        var failure: Failure?
        // Unsafe pointer: within the 128 bytes, and gone when the closure returns.
        withUnsafeTemporaryAllocation(byteCount: RecordHeader.bytes, alignment: 8) { target in
            do throws(Failure) {
                try readNow(segment, into: target, at: offset)
                header = RecordHeader(UnsafeRawBufferPointer(target).bytes)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard let header, header.kind == .head else { throw .damaged("header of a newer head") }
        return try whole(segment, at: offset, length: header.length, now: true, for: .nobody)
    }

    /// All of `target`, or `notNow`.
    func readNow(
        _ segment: Segment,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) throws(Failure) {
        let file = segment.file
        switch io.readNow(file.descriptor, into: target, at: offset, path: file.path) {
        case .bytes(let count):
            bytesRead.wrappingAdd(count, ordering: .relaxed)
            // A part of it, or the file's end: whichever, the read that may wait finds out.
            guard count == target.count else { throw .notNow }
        case .wouldWait: throw .notNow
        case .unsupported:
            mayReadNow = false
            throw .notNow
        }
    }

    private func readWaiting(
        _ segment: Segment,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int
    ) throws(Failure) {
        do throws(DiskError) {
            try io.readFully(segment.file.descriptor, into: target, at: offset, path: segment.file.path)
        } catch {
            throw error.isEndOfFile ? .damaged("the file ends within the record") : .io(error)
        }
        bytesRead.wrappingAdd(target.count, ordering: .relaxed)
    }

    /// Header, front and every block of the body.
    private static func verified(_ raw: UnsafeRawBufferPointer, length: Int) throws(Failure) -> RecordHeader {
        guard let header = RecordHeader(raw.bytes), header.length == length else { throw .damaged("header") }
        guard header.isLive else { throw .gone }
        guard sum(raw, RecordHeader.bytes..<header.frontLength) == header.frontSum else { throw .damaged("head") }
        var start = header.frontLength
        let end = start + header.bodyLength
        var place = header.blockRange.lowerBound
        while start < end {
            let next = min(start + StoreLimits.blockBytes, end)
            guard sum(raw, start..<next) == raw.bytes.number(at: place) else { throw .damaged("body block") }
            start = next
            place += 4
        }
        return header
    }

    private static func sum(_ raw: UnsafeRawBufferPointer, _ range: Range<Int>) -> UInt32 {
        var sum = CRC32C()
        sum.add(UnsafeRawBufferPointer(rebasing: raw[range]))
        return sum.value
    }
}
