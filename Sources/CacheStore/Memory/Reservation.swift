public import NIOCore

/// Room in the budget for a body that is being made: by a fill, a promotion from disk, a compression. *Moved*: one thread at
/// a time.
///
/// Bytes are reserved before they come. A piece made with it takes over as much of the reserve as it costs, so nothing counts
/// twice. What no piece has taken goes back when it ends, at the latest when it is let go of; the pieces go on counting
/// for as long as anyone holds them.
public final class Reservation {
    private let tier: MemoryTier
    /// Reserved bytes that no piece has taken over yet.
    private(set) var left: Int
    /// What its pieces cost.
    private var taken = 0
    /// No memory for a piece: the body is not made of counted pieces alone.
    private var isBroken = false

    /// `bytes` are charged already.
    init(_ tier: MemoryTier, bytes: Int) {
        self.tier = tier
        left = bytes
    }

    deinit { end() }

    /// What was reserved, whether pieces have taken it over or not.
    var bytes: Int { left + taken }

    /// Room for more bytes. False: there is none, and it is as it was.
    public func grow(by bytes: Int) -> Bool {
        guard tier.makeRoom(for: bytes, size: self.bytes + bytes) else { return false }
        left += bytes
        return true
    }

    /// A copy of the readable bytes as exactly sized pieces of at most ``BodyPieces/pieceBytes``.
    public func pieces(of buffer: ByteBuffer) -> [ByteBuffer] {
        BodyPieces.split(buffer) { copy(of: $0) }
    }

    /// The body that these pieces make up, all of which it has made. Many small ones are joined.
    public func body(of pieces: [ByteBuffer]) -> StoredBody {
        StoredBody(pieces: pieces, makingWith: self)
    }

    /// Gives back what no piece has taken; its pieces are no fill's any more. More than once does no harm.
    public func end() {
        tier.budget.adjust(by: -left)
        tier.budget.countFilling(-taken)
        left = 0
        taken = 0
    }

    /// Whether all pieces that it was asked for are counted ones.
    var isWhole: Bool { !isBroken }

    private func copy(of buffer: ByteBuffer) -> ByteBuffer {
        let copy = BodyPieces.make(bytes: buffer.readableBytes, for: .body(self)) { target in
            // Unsafe pointers: both are `readableBytes` long and neither leaves the closure.
            buffer.withUnsafeReadableBytes { target.copyMemory(from: $0) }
        }
        if copy == nil { isBroken = true }
        return copy ?? buffer
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
