public import NIOCore

/// Copies bytes of bodies into allocations of exactly their size, and charges a store's budget for them. A namespace.
///
/// A `ByteBuffer` made by NIO's allocator rounds its storage up to a power of two, so a cache of 100 KB objects would
/// take a third more memory than it counts. NIO lets a buffer own memory that was allocated elsewhere (``PieceMemory``): whole
/// pieces are units of ``PiecePool``, the last one of a body is allocated with its exact size.
public enum BodyPieces {
    /// The largest piece of a body in memory, in bytes.
    public static let pieceBytes = StoreLimits.pieceBytes

    /// Who pays for a piece. A value.
    enum Payer {
        /// Nobody: it is counted with the object that it belongs to, or not a store's.
        case nobody
        /// A body's, by the room that was reserved for it.
        case body(Reservation)
        /// A connection's, on its way to the client; whatever the limit.
        case connection(MemoryBudget)
    }

    /// A copy of the readable bytes in storage of exactly that size, which nobody pays for. An empty buffer is returned as an empty one without storage.
    public static func copy(of buffer: ByteBuffer) -> ByteBuffer {
        copy(of: buffer, for: .nobody) ?? buffer
    }

    /// The same at someone's expense; nil: no memory, or nothing to copy.
    static func copy(of buffer: ByteBuffer, for payer: Payer) -> ByteBuffer? {
        make(bytes: buffer.readableBytes, for: payer) { target in
            // Unsafe pointers: both are `readableBytes` long and neither leaves the closure.
            buffer.withUnsafeReadableBytes { target.copyMemory(from: $0) }
        }
    }

    /// The same of an array's bytes.
    static func copy(of bytes: [UInt8]) -> ByteBuffer {
        make(bytes: bytes.count, for: .nobody) { target in
            // Unsafe pointers: both are `bytes.count` long and neither leaves the closure.
            bytes.withUnsafeBytes { target.copyMemory(from: $0) }
        } ?? ByteBuffer(bytes: bytes)
    }

    /// The readable bytes as exactly sized pieces of at most ``pieceBytes``, which nobody pays for.
    public static func pieces(of buffer: ByteBuffer) -> [ByteBuffer] {
        split(buffer) { copy(of: $0) }
    }

    static func split(_ buffer: ByteBuffer, _ copy: (ByteBuffer) -> ByteBuffer) -> [ByteBuffer] {
        if buffer.readableBytes <= pieceBytes { return buffer.readableBytes == 0 ? [] : [copy(buffer)] }
        var rest = buffer
        var pieces: [ByteBuffer] = []
        while let part = rest.readSlice(length: min(rest.readableBytes, pieceBytes)), part.readableBytes > 0 {
            pieces.append(copy(part))
        }
        return pieces
    }

    /// Bytes that one piece really takes: its storage as the allocator rounds it, and the objects around it.
    static func allocatedBytes(_ buffer: ByteBuffer) -> Int {
        buffer.storageCapacity == 0 ? 0 : PieceMemory.cost(capacity: buffer.storageCapacity)
    }

    /// Pieces that hold the same bytes as a stored body should: without much waste, and few.
    ///
    /// Pieces that share larger storage are copied to their size. Many small ones, as the network delivers them, are
    /// joined: that is one copy now, against a slot in a gathering write for each piece of every hit.
    static func settled(_ pieces: [ByteBuffer], for payer: Payer) -> [ByteBuffer] {
        let isTight = pieces.allSatisfy { piece in
            piece.readableBytes <= StoreLimits.largeBlockBytes
                && piece.storageCapacity <= piece.readableBytes + piece.readableBytes / 8 + 64
        }
        let total = pieces.reduce(0) { $0 + $1.readableBytes }
        let isFew = pieces.count <= (total + pieceBytes - 1) / pieceBytes
        return isTight && isFew ? pieces : joined(pieces, total: total, for: payer)
    }

    private static func joined(_ pieces: [ByteBuffer], total: Int, for payer: Payer) -> [ByteBuffer] {
        var result: [ByteBuffer] = []
        var rest = CircularBuffer(pieces)
        var left = total
        while left > 0 {
            let count = min(left, pieceBytes)
            let piece = make(bytes: count, for: payer) { target in
                var done = 0
                while done < count, var next = rest.popFirst() {
                    let part = next.readSlice(length: min(next.readableBytes, count - done)) ?? ByteBuffer()
                    // Unsafe pointers: `part` has at most what is left of `target`.
                    part.withUnsafeReadableBytes { source in
                        UnsafeMutableRawBufferPointer(rebasing: target[done...]).copyMemory(from: source)
                    }
                    done += part.readableBytes
                    if next.readableBytes > 0 { rest.prepend(next) }
                }
            }
            guard let piece else { return pieces }
            result.append(piece)
            left -= count
        }
        return result
    }

    /// A buffer of exactly `bytes` readable bytes, filled by `fill`; nil when there is no memory or nothing to hold. It counts
    /// until the last slice of it is let go of.
    static func make(bytes: Int, for payer: Payer, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> ByteBuffer? {
        makeIfFilled(bytes: bytes, for: payer) { target in
            fill(target)
            return true
        }
    }

    /// The same; nil also when `fill` says that it could not.
    ///
    /// Unsafe pointer: the memory is given to a buffer that frees it; nothing else keeps it. `fill` must initialise all of it
    /// when it returns true.
    static func makeIfFilled(
        bytes: Int,
        for payer: Payer,
        _ fill: (UnsafeMutableRawBufferPointer) -> Bool
    ) -> ByteBuffer? {
        guard bytes > 0, let memory = PieceMemory.allocate(bytes) else { return nil }
        let cost = PieceMemory.cost(capacity: bytes)
        switch payer {
        case .nobody: break
        case .body(let reservation):
            reservation.take(cost)
            PieceMemory.note(memory, reservation.budget, cost: cost, isBody: true)
        case .connection(let budget):
            budget.countPassing(cost)
            PieceMemory.note(memory, budget, cost: cost, isBody: false)
        }
        let raw = UnsafeMutableRawBufferPointer(start: memory, count: bytes)
        guard fill(raw) else {
            PieceMemory.release(memory)
            return nil
        }
        return PieceMemory.buffer(raw)
    }
}
