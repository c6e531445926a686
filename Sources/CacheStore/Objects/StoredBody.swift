public import NIOCore

/// The bytes of a stored form: in memory, or on disk only. An immutable snapshot.
public struct StoredBody: Sendable {
    /// Where the bytes are.
    public enum Location: Sendable {
        /// In memory, in order, in pieces of at most ``BodyPieces/pieceBytes``.
        case memory([ByteBuffer])
        /// On disk only: too large for the memory tier, read part by part.
        case disk(DiskBody)
        /// In blocks, of which each is an entry of its own (see ``CacheStore/blockKey(of:number:etag:)``), as far as they are
        /// stored. The length of all of them, in bytes.
        case blocks(UInt64)
    }

    /// Where the bytes are.
    public let location: Location
    /// All of the body, in bytes.
    public let length: UInt64
    /// Bytes of memory it takes, allocators' rounding included.
    let allocatedBytes: Int
    /// Those of them that its pieces have been charged for themselves.
    let countedBytes: Int

    /// A body in memory whose pieces do not count by themselves: it counts while it is in a store's tier, and no longer. For
    /// small ones; others are made by a ``Reservation``.
    ///
    /// Pieces that share larger storage (slices of a network buffer) are copied, so that what is counted is what is held,
    /// and many small ones are joined.
    public init(pieces: [ByteBuffer]) {
        self.init(pieces: pieces, for: .nobody)
    }

    /// A body in memory whose pieces have all been made by the reservation.
    init(pieces: [ByteBuffer], makingWith reservation: Reservation) {
        self.init(pieces: pieces, for: .body(reservation), isCounted: { reservation.isWhole })
    }

    private init(pieces: [ByteBuffer], for payer: BodyPieces.Payer, isCounted: () -> Bool = { false }) {
        let pieces = BodyPieces.settled(pieces.filter { $0.readableBytes > 0 }, for: payer)
        location = .memory(pieces)
        length = pieces.reduce(0) { $0 + UInt64($1.readableBytes) }
        let inPieces = pieces.reduce(0) { $0 + BodyPieces.allocatedBytes($1) }
        allocatedBytes = inPieces + (pieces.isEmpty ? 0 : 32 + pieces.count * MemoryLayout<ByteBuffer>.stride)
        countedBytes = isCounted() ? inPieces : 0
    }

    /// The body of an object in blocks: nothing but its length.
    public init(blocks length: UInt64) {
        location = .blocks(length)
        self.length = length
        allocatedBytes = 0
        countedBytes = 0
    }

    init(disk: DiskBody) {
        location = .disk(disk)
        length = disk.length
        allocatedBytes = disk.memoryBytes
        countedBytes = 0
    }

    /// The pieces in memory; none when the body is on disk only.
    public var pieces: [ByteBuffer] {
        if case .memory(let pieces) = location { return pieces }
        return []
    }

    /// The body on disk; nil when it is in memory.
    public var disk: DiskBody? {
        if case .disk(let body) = location { return body }
        return nil
    }

    /// Whether its bytes are blocks, entries of their own.
    public var isInBlocks: Bool {
        if case .blocks = location { return true }
        return false
    }

    /// Bytes that a record of it on disk takes, heads apart.
    var recordBytes: UInt64 { isInBlocks ? 0 : length }
}
