public import NIOCore

/// Room in the budget for a body that is being made: by a fill, a promotion from disk, a compression. *Moved*: one thread at
/// a time.
///
/// Bytes are reserved before they come. A piece made with it takes over as much of the reserve as it costs, so nothing counts
/// twice. What no piece has taken goes back when it ends, at the latest when it is let go of; the pieces go on counting
/// for as long as anyone holds them.
///
/// A body whose length is known is written into its final pieces as it comes: who reads along has slices of them, and nothing is
/// copied twice or held twice.
public final class Reservation {
    private let tier: MemoryTier
    /// Reserved bytes that no piece has taken over yet.
    private(set) var left: Int
    /// What its pieces cost.
    private var taken = 0
    /// No memory for a piece: the body is not made of counted pieces alone.
    private var isBroken = false

    /// Bytes of the body that are still to come and for which no piece has been made; 0 where the length is not known.
    private var unmade: Int
    /// What has been made of the body, the last one maybe not filled yet.
    private var made: [ByteBuffer] = []
    /// The part of the last of them that is not filled.
    private var open: UnsafeMutableRawBufferPointer?

    /// `bytes` are charged already; `length`: of the body, 0 where it is not known.
    init(_ tier: MemoryTier, bytes: Int, length: Int) {
        self.tier = tier
        left = bytes
        unmade = length
    }

    deinit { end() }

    /// What was reserved, whether pieces have taken it over or not.
    var bytes: Int { left + taken }

    /// Room for more bytes, of a body whose length nobody has said. False: there is none, and it is as it was.
    public func grow(by bytes: Int) -> Bool {
        guard tier.makeRoom(for: bytes, size: self.bytes + bytes) else { return false }
        left += bytes
        return true
    }

    /// Takes the next bytes of the body, and returns them as they are in it: for those who read along.
    public func append(_ buffer: ByteBuffer) -> [ByteBuffer] {
        var rest = buffer
        var slices: [ByteBuffer] = []
        while rest.readableBytes > 0 {
            if open == nil, !openPiece(atLeast: rest.readableBytes) { break }
            guard let open, let part = rest.readSlice(length: min(rest.readableBytes, open.count)),
                let whole = made.last
            else { break }
            let start = whole.readableBytes - open.count
            // Unsafe pointers: `part` is no longer than what is open, and neither leaves the closure. Nobody has a slice of
            // what is open: others read only what lies before it.
            part.withUnsafeReadableBytes { open.copyMemory(from: $0) }
            let isFull = part.readableBytes == open.count
            self.open = isFull ? nil : UnsafeMutableRawBufferPointer(rebasing: open[part.readableBytes...])
            if let slice = whole.getSlice(at: whole.readerIndex + start, length: part.readableBytes) {
                slices.append(slice)
            }
        }
        if rest.readableBytes > 0 {
            // No memory. It goes on with what the network gave, which counts with the entry.
            isBroken = true
            slices.append(rest)
            made.append(rest)
        }
        return slices
    }

    /// The body that all appended bytes make up. Many small pieces are joined.
    public func body() -> StoredBody {
        // Fewer bytes than were announced: what was not written is nobody's business.
        if let open, var last = made.popLast() {
            last.moveWriterIndex(to: last.writerIndex - open.count)
            made.append(last)
            self.open = nil
        }
        return body(of: made)
    }

    /// The body that these pieces make up, all of which were made with this.
    func body(of pieces: [ByteBuffer]) -> StoredBody {
        StoredBody(pieces: pieces, makingWith: self)
    }

    /// Gives back what no piece has taken; its pieces are no fill's any more. More than once does no harm.
    public func end() {
        tier.budget.adjust(by: -left)
        tier.budget.countFilling(-taken)
        left = 0
        taken = 0
        open = nil
        made = []
    }

    /// Whether all pieces that it was asked for are counted ones.
    var isWhole: Bool { !isBroken }

    /// A new piece: as much as is missing of the body, or, of one whose length is not known, as much as has come.
    private func openPiece(atLeast bytes: Int) -> Bool {
        let count = min(unmade > 0 ? unmade : bytes, BodyPieces.pieceBytes)
        // Unsafe pointer: it is used until the piece is full, and `made` holds the piece for at least as long.
        let piece = BodyPieces.make(bytes: count, for: .body(self)) { open = $0 }
        guard let piece else { return false }
        unmade -= min(unmade, count)
        made.append(piece)
        return true
    }

    /// A piece of this cost was made.
    func take(_ cost: Int) {
        let covered = min(left, cost)
        left -= covered
        taken += cost
        let budget = tier.budget
        budget.countFilling(cost)
        budget.countPieces(cost)
        budget.adjust(by: cost - covered)
    }

    var budget: MemoryBudget { tier.budget }
}
