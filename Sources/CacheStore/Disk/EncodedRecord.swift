import CachingRules
import NIOConcurrencyHelpers
import NIOCore

/// A record ready to be written: its front, and the pieces of its body. A value.
struct EncodedRecord {
    var header: RecordHeader
    var front: [UInt8]
    var pieces: [ByteBuffer]

    /// nil when the head is too large to be stored.
    init?(kind: RecordHeader.Kind, key: CacheKey, form: Representation, time: Int64) {
        guard let head = HeadCodec.encode(form.head), key.bytes.count <= StoreLimits.keyBytes,
            form.variant.count <= StoreLimits.keyBytes
        else { return nil }
        pieces = kind == .form ? form.body.pieces : []
        let sums = Self.blockSums(pieces)
        header = RecordHeader(
            kind: kind,
            coding: form.coding.rawValue,
            hash: key.hash.value,
            generation: form.generation,
            mark: form.mark,
            timeWritten: time,
            bodyLength: pieces.reduce(0) { $0 + $1.readableBytes },
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

    /// One checksum for each 64 KiB of the body, wherever the pieces end.
    private static func blockSums(_ pieces: [ByteBuffer]) -> [UInt32] {
        var sums: [UInt32] = []
        var sum = CRC32C()
        var inBlock = 0
        for piece in pieces {
            // Unsafe pointer: read within the piece's readable bytes, and gone when the closure returns.
            piece.withUnsafeReadableBytes { raw in
                var done = 0
                while done < raw.count {
                    let count = min(StoreLimits.blockBytes - inBlock, raw.count - done)
                    sum.add(UnsafeRawBufferPointer(rebasing: raw[done..<(done + count)]))
                    done += count
                    inBlock += count
                    if inBlock == StoreLimits.blockBytes {
                        sums.append(sum.value)
                        sum = CRC32C()
                        inBlock = 0
                    }
                }
            }
        }
        if inBlock > 0 { sums.append(sum.value) }
        return sums
    }
}
