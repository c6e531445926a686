import NIOCore

/// One stretch of an answer's body. A value.
enum BodyPart: Sendable, Equatable {
    /// Bytes that the edge has written: what lies between the parts of a `multipart/byteranges`.
    case bytes(ByteBuffer)
    /// These bytes of the stored body. Never empty.
    case slice(Range<UInt64>)

    /// In bytes.
    var length: UInt64 {
        switch self {
        case .bytes(let buffer): UInt64(buffer.readableBytes)
        case .slice(let range): range.upperBound - range.lowerBound
        }
    }
}

extension [BodyPart] {
    /// What they are when all of the stored body is in memory, as slices of its pieces.
    func buffers(from pieces: [ByteBuffer]) -> [ByteBuffer] {
        flatMap { part in
            switch part {
            case .bytes(let buffer): [buffer]
            case .slice(let range): pieces.slices(of: range)
            }
        }
    }
}

extension [ByteBuffer] {
    /// The bytes of `range` of the body that these pieces make up, as slices that share their storage. Bytes beyond the
    /// end are left out.
    func slices(of range: Range<UInt64>) -> [ByteBuffer] {
        var slices: [ByteBuffer] = []
        var start: UInt64 = 0
        for piece in self {
            guard start < range.upperBound else { break }
            if let slice = piece.slice(of: range, startingAt: start) { slices.append(slice) }
            start += UInt64(piece.readableBytes)
        }
        return slices
    }
}

extension ByteBuffer {
    /// What this piece of a body, which begins at `start` there, has of `range`; nil: nothing. Shares the storage.
    func slice(of range: Range<UInt64>, startingAt start: UInt64) -> ByteBuffer? {
        let common = (start..<start + UInt64(readableBytes)).clamped(to: range)
        guard !common.isEmpty else { return nil }
        return getSlice(at: readerIndex + Int(common.lowerBound - start), length: common.count)
    }
}
