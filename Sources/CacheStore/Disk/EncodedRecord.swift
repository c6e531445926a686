import CachingRules
import NIOConcurrencyHelpers
import NIOCore

/// A record ready to be written: its front, and the pieces of its body. A value.
struct EncodedRecord {
    var header: RecordHeader
    var front: [UInt8]
    var pieces: [ByteBuffer]

    /// nil when the head is too large to be stored. `streamed`: the body is not the form's, but was or will be written
    /// beside this, with these checksums.
    init?(
        kind: RecordHeader.Kind,
        key: CacheKey,
        form: Representation,
        time: Int64,
        streamed: (length: Int, sums: [UInt32])? = nil
    ) {
        guard let head = HeadCodec.encode(form.head), key.bytes.count <= StoreLimits.keyBytes,
            form.variant.count <= StoreLimits.keyBytes
        else { return nil }
        pieces = kind == .form ? form.body.pieces : []
        var blockSums = BlockSums()
        for piece in pieces { blockSums.add(piece) }
        let sums = streamed?.sums ?? blockSums.finished()
        header = RecordHeader(
            kind: kind,
            coding: form.coding.rawValue,
            hash: key.hash.value,
            generation: form.generation,
            mark: form.mark,
            timeWritten: time,
            bodyLength: streamed?.length ?? pieces.reduce(0) { $0 + $1.readableBytes },
            keyLength: key.bytes.count,
            variant: form.variant,
            headLength: head.count
        )
        var rest = form.variant
        rest.reserveCapacity(header.frontLength)
        rest.append(contentsOf: key.bytes)
        rest.append(contentsOf: head)
        for sum in sums { rest.appendNumber(sum) }
        header.frontSum = CRC32C.of(rest.span)
        front = header.encode() + rest
    }

    /// A record's front with the head and the numbers of a newer head record: what a carry-over makes of the two.
    init(folding old: RecordReader.Front, newer: RecordReader.Front) {
        header = old.header
        header.headLength = newer.header.headLength
        header.log = newer.header.log
        header.purgeNumber = newer.header.purgeNumber
        header.timeWritten = newer.header.timeWritten
        var rest = Array(old.bytes[old.header.variantRange])
        rest.append(contentsOf: old.bytes[old.header.keyRange])
        rest.append(contentsOf: newer.bytes[newer.header.headRange])
        rest.append(contentsOf: old.bytes[old.header.blockRange])
        header.frontSum = CRC32C.of(rest.span)
        front = header.encode() + rest
        pieces = []
    }
}

/// One checksum for each 64 KiB of a body, wherever its pieces end. A value: the sums so far.
struct BlockSums {
    private var sums: [UInt32] = []
    private var sum = CRC32C()
    private var inBlock = 0

    mutating func add(_ piece: ByteBuffer) {
        // Unsafe pointer: read within the piece's readable bytes, and gone when the closure returns.
        piece.withUnsafeReadableBytes { raw in
            var done = 0
            while done < raw.count {
                let count = min(StoreLimits.blockBytes - inBlock, raw.count - done)
                sum.add(UnsafeRawBufferPointer(rebasing: raw[done..<(done + count)]))
                done += count
                inBlock += count
                if inBlock == StoreLimits.blockBytes { endBlock() }
            }
        }
    }

    /// All sums; nothing is added afterwards.
    mutating func finished() -> [UInt32] {
        if inBlock > 0 { endBlock() }
        return sums
    }

    private mutating func endBlock() {
        sums.append(sum.value)
        sum = CRC32C()
        inBlock = 0
    }
}
