/// The counters of one table, a padded row per event loop. Shared by all loops; every cell is an atomic.
///
/// Counting is an index and one relaxed add: no lock, no allocation, no string. Any thread may add to any row; giving
/// every loop its own only keeps their cache lines apart.
public final class Counters<Key: CounterKey>: Sendable {
    @usableFromInline let cells: PaddedCells

    /// Makes counters at zero.
    /// - Parameter slots: How many event loops count; one more row is added for all other threads.
    public init(slots: Int) {
        cells = PaddedCells(rows: max(0, slots) + 1, columns: Key.allCases.count)
    }

    /// The row of an event loop, 0 ..< slots; anything else counts in the row of the other threads.
    public func slot(_ index: Int) -> CounterSlot<Key> {
        CounterSlot(cells: cells, row: cells.row(ofSlot: index))
    }

    /// Counts from a thread that has no slot.
    @inlinable
    public func add(_ key: Key, _ amount: UInt64 = 1) {
        cells.add(amount, row: 0, column: key.rawValue)
    }

    /// The sum over all rows.
    public func total(_ key: Key) -> UInt64 {
        cells.total(column: key.rawValue)
    }
}

/// One row of ``Counters``, to be kept by an event loop. A value; loop-confined by intent, harmless elsewhere.
public struct CounterSlot<Key: CounterKey>: Sendable {
    @usableFromInline let cells: PaddedCells
    @usableFromInline let row: Int

    init(cells: PaddedCells, row: Int) {
        self.cells = cells
        self.row = row
    }

    /// Counts: one relaxed add.
    @inlinable
    public func add(_ key: Key, _ amount: UInt64 = 1) {
        cells.add(amount, row: row, column: key.rawValue)
    }
}

extension PaddedCells {
    /// Row 0 belongs to the threads without a slot, row `index + 1` to event loop `index`.
    func row(ofSlot index: Int) -> Int {
        index >= 0 && index < rows - 1 ? index + 1 : 0
    }
}
