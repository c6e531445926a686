import Synchronization

/// Rows of 64-bit atomic counters, each row on cache lines of its own. Shared; every cell is an atomic.
///
/// The one file of this target with pointers. Invariants: `base` points to `rows × stride` initialised cells from
/// `init` until `deinit` and never moves; `add` brings row and column into range, so no index can leave the memory.
@usableFromInline
final class PaddedCells: @unchecked Sendable {
    // @unchecked: `base` is a constant, and what it points to is reached only through atomic operations.

    /// Two lines of 64 bytes: the prefetcher of today's CPUs fetches lines in pairs.
    private static let paddingBytes = 128

    private let base: UnsafeMutablePointer<Atomic<UInt64>>
    private let stride: Int
    /// At least 1.
    @usableFromInline let rows: Int
    /// Counters in a row, at least 1.
    let columns: Int

    init(rows: Int, columns: Int) {
        let cellsPerPadding = Self.paddingBytes / MemoryLayout<UInt64>.stride
        self.rows = max(1, rows)
        self.columns = max(1, columns)
        stride = (self.columns + cellsPerPadding - 1) / cellsPerPadding * cellsPerPadding
        let count = self.rows * stride
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: count * MemoryLayout<UInt64>.stride,
            alignment: Self.paddingBytes
        )
        base = raw.bindMemory(to: Atomic<UInt64>.self, capacity: count)
        for index in 0..<count {
            (base + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        base.deinitialize(count: rows * stride)
        UnsafeMutableRawPointer(base).deallocate()
    }

    /// Adds to one cell: an index and one relaxed add.
    @usableFromInline
    func add(_ amount: UInt64, row: Int, column: Int) {
        let row = min(max(0, row), rows - 1)
        let column = min(max(0, column), columns - 1)
        (base + (row * stride + column)).pointee.wrappingAdd(amount, ordering: .relaxed)
    }

    /// A column's sum over all rows. Not a snapshot: adds that run meanwhile may or may not be in it.
    func total(column: Int) -> UInt64 {
        guard column >= 0, column < columns else { return 0 }
        var sum: UInt64 = 0
        for row in 0..<rows {
            sum &+= (base + (row * stride + column)).pointee.load(ordering: .relaxed)
        }
        return sum
    }
}
