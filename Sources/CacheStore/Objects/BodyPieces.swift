import CLibc
@_spi(CustomByteBufferAllocator) public import NIOCore

/// Copies bytes of bodies into allocations of exactly their size. A namespace.
///
/// A `ByteBuffer` made by NIO's allocator rounds its storage up to a power of two, so a cache of 100 KB objects would
/// take a third more memory than it counts. NIO lets a buffer own memory that was allocated elsewhere; with `malloc` of
/// the exact count the waste is what glibc rounds: at most 16 bytes, or a page for large pieces. (The alternative,
/// splitting a body along the powers of two, wastes nothing either, but makes a 100 KB body five pieces, each with a
/// buffer object and a slot in every gathering write.)
public enum BodyPieces {
    /// The largest piece, in bytes: a slice that begins beyond 16 MiB would be copied by NIO, and large bodies are sent
    /// piece by piece anyway.
    public static let pieceBytes = StoreLimits.pieceBytes

    /// A copy of the readable bytes in storage of exactly that size. At most ``pieceBytes`` are meant to be in it; see
    /// ``pieces(of:)`` for longer ones. An empty buffer is returned as an empty one without storage.
    public static func copy(of buffer: ByteBuffer) -> ByteBuffer {
        make(bytes: buffer.readableBytes) { target in
            // Unsafe pointers: both are `readableBytes` long and neither leaves the closure.
            buffer.withUnsafeReadableBytes { target.copyMemory(from: $0) }
        } ?? buffer
    }

    /// The readable bytes as exactly sized pieces of at most ``pieceBytes``.
    public static func pieces(of buffer: ByteBuffer) -> [ByteBuffer] {
        var rest = buffer
        var pieces: [ByteBuffer] = []
        while rest.readableBytes > 0 {
            guard let part = rest.readSlice(length: min(rest.readableBytes, pieceBytes)) else { break }
            pieces.append(copy(of: part))
        }
        return pieces
    }

    /// Bytes that one piece really takes: its storage as glibc rounds it, and the objects around it.
    public static func allocatedBytes(_ buffer: ByteBuffer) -> Int {
        buffer.storageCapacity == 0 ? 0 : allocatedBytes(capacity: buffer.storageCapacity)
    }

    /// What a piece of this capacity takes.
    static func allocatedBytes(capacity: Int) -> Int {
        let rounded =
            capacity >= AllocatorTuning.mmapThreshold
            ? (capacity + 16 + 4095) & ~4095
            : max(32, (capacity + 8 + 15) & ~15)
        return rounded + bufferObjectBytes
    }

    /// NIO's storage object with its malloc header.
    static let bufferObjectBytes = 80

    /// Pieces that hold the same bytes as a stored body should: without much waste, and few.
    ///
    /// Pieces that share larger storage are copied to their size. Many small ones, as the network delivers them, are
    /// joined: that is one copy now, against a slot in a gathering write for each piece of every hit.
    static func settled(_ pieces: [ByteBuffer]) -> [ByteBuffer] {
        let isTight = pieces.allSatisfy { piece in
            piece.readableBytes <= pieceBytes
                && piece.storageCapacity <= piece.readableBytes + piece.readableBytes / 8 + 64
        }
        let total = pieces.reduce(0) { $0 + $1.readableBytes }
        let isFew = pieces.count <= (total + joinBelow - 1) / joinBelow
        return isTight && isFew ? pieces : joined(pieces, total: total)
    }

    /// Bodies whose pieces are smaller than this on average are joined.
    private static let joinBelow = 256 << 10

    private static func joined(_ pieces: [ByteBuffer], total: Int) -> [ByteBuffer] {
        var result: [ByteBuffer] = []
        var rest = CircularBuffer(pieces)
        var left = total
        while left > 0 {
            let count = min(left, pieceBytes)
            let piece = make(bytes: count) { target in
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

    /// A buffer of exactly `bytes` readable bytes, filled by `fill`; nil when there is no memory or nothing to hold.
    static func make(bytes: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) -> ByteBuffer? {
        makeIfFilled(bytes: bytes) { target in
            fill(target)
            return true
        }
    }

    /// The same; nil also when `fill` says that it could not.
    ///
    /// Unsafe pointer: the memory comes from `malloc` and is given to a buffer whose allocator frees with `free`, NIO's
    /// default; nothing else keeps it. `fill` must initialise all of it when it returns true.
    static func makeIfFilled(bytes: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Bool) -> ByteBuffer? {
        guard bytes > 0, let memory = malloc(bytes) else { return nil }
        let raw = UnsafeMutableRawBufferPointer(start: memory, count: bytes)
        guard fill(raw) else {
            free(memory)
            return nil
        }
        return ByteBuffer(takingOwnershipOf: raw, allocator: ByteBufferAllocator())
    }
}
