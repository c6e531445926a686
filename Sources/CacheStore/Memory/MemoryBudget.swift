import Synchronization

/// The one budget of a store, in bytes: bodies as allocated, wherever they are held, heads, keys, tables, purge epochs,
/// room that fills have asked for, connections. Atomic; safe from every thread.
///
/// Charging comes first and eviction after, so that two threads cannot spend the same byte: between the two, the sum
/// exceeds the limit by what is being inserted and by nothing else.
///
/// A body piece is charged when it is allocated and given back when it is freed (``BodyPieces``), so what a tier throws
/// out while a slow client is being sent it makes no room. Such bytes are *pinned*: pieces of bodies that are neither in
/// the tier nor in a fill.
final class MemoryBudget: Sendable {
    /// The limit, in bytes.
    let limit: Int
    /// Pinned bytes up to this are room that others do without; what is beyond is not made up for by evicting.
    let pinnedLimit: Int
    private let spent = Atomic<Int>(0)
    /// Bytes of all pieces that belong to bodies.
    private let pieces = Atomic<Int>(0)
    /// Those of them that belong to resources of the tier.
    private let stored = Atomic<Int>(0)
    /// Those that fills under way have made.
    private let filling = Atomic<Int>(0)
    /// Bytes of connections.
    private let connections = Atomic<Int>(0)
    /// Bytes that are on their way through: copies and parts made for one connection, windows of bodies that are not stored.
    private let passing = Atomic<Int>(0)
    /// The most that connections, and what is on its way through them, take from the tier.
    private let connectionLimit: Int

    init(limit: Int) {
        self.limit = limit
        connectionLimit = limit / StoreLimits.connectionShare
        // A small budget's share would be less than what waits for its disk.
        pinnedLimit = max(limit / StoreLimits.pinnedShare, min(limit / 2, StoreLimits.smallestPinned))
    }

    /// Bytes spent now.
    var used: Int { spent.load(ordering: .relaxed) }

    /// Bytes of bodies that are held by connections, and by nothing that the store could let go of. The counters are read one
    /// after the other: under change it is right to within what is on its way from one to the next.
    var pinned: Int {
        max(
            0,
            pieces.load(ordering: .relaxed) - stored.load(ordering: .relaxed) - filling.load(ordering: .relaxed)
        )
    }

    /// More is pinned than the tier makes room for.
    var isOverPinned: Bool { pinned > pinnedLimit }

    /// Bytes that the tier has to make room for: all that is spent, but of what is pinned and of connections, with what is on
    /// its way through them, no more than their shares.
    var claimed: Int {
        used - max(0, pinned - pinnedLimit) - max(0, connectionBytes + passingBytes - connectionLimit)
    }

    /// Spends (or gives back, when negative) whatever the limit.
    func adjust(by bytes: Int) {
        if bytes != 0 { spent.wrappingAdd(bytes, ordering: .relaxed) }
    }

    /// Bytes that connections count with.
    var connectionBytes: Int { connections.load(ordering: .relaxed) }

    /// Connections that take so much have come, or gone when negative.
    func countConnections(_ bytes: Int) {
        connections.wrappingAdd(bytes, ordering: .relaxed)
        adjust(by: bytes)
    }

    /// Bytes on their way through.
    var passingBytes: Int { passing.load(ordering: .relaxed) }

    /// So much is held on its way to a client, or is not any more when negative.
    func countPassing(_ bytes: Int) {
        passing.wrappingAdd(bytes, ordering: .relaxed)
        adjust(by: bytes)
    }

    /// A piece of a body was allocated, or freed when negative. Its bytes are spent, or given back, apart from this.
    func countPieces(_ bytes: Int) {
        pieces.wrappingAdd(bytes, ordering: .relaxed)
    }

    /// Pieces have come to the tier with a resource, or have left it when negative.
    func countStored(_ bytes: Int) {
        if bytes != 0 { stored.wrappingAdd(bytes, ordering: .relaxed) }
    }

    /// Pieces were made by a fill, or are its no more when negative.
    func countFilling(_ bytes: Int) {
        if bytes != 0 { filling.wrappingAdd(bytes, ordering: .relaxed) }
    }

    /// All bytes of bodies, those of the tier, those of fills: for tests.
    var pieceFigures: (all: Int, stored: Int, filling: Int) {
        (pieces.load(ordering: .relaxed), stored.load(ordering: .relaxed), filling.load(ordering: .relaxed))
    }
}
