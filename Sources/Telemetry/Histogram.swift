/// A latency histogram with fixed buckets, a padded row per event loop. Shared; every cell is an atomic.
public final class Histogram: Sendable {
    /// The row's name, labels and help. The name ends in `_seconds`.
    public let descriptor: MetricDescriptor
    /// Upper bounds in nanoseconds, ascending; what is above the last one counts only in `+Inf`.
    public let bounds: [UInt64]
    private let cells: PaddedCells

    /// 50 µs to 10 s in steps of 2 to 2.5: a memory hit and a slow origin both fall between two bounds.
    public static let latencyBounds: [UInt64] = [
        50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000,
        100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    /// Makes an empty histogram.
    /// - Parameters:
    ///   - descriptor: The row's name, labels and help.
    ///   - bounds: Upper bounds in nanoseconds; they are sorted, repeated ones dropped.
    ///   - slots: How many event loops record; one more row is added for all other threads.
    public init(_ descriptor: MetricDescriptor, bounds: [UInt64] = Histogram.latencyBounds, slots: Int) {
        self.descriptor = descriptor
        var ascending: [UInt64] = []
        for bound in bounds.sorted() where ascending.last != bound {
            ascending.append(bound)
        }
        self.bounds = ascending
        // A column per bound, one for what is above all of them, one for the sum.
        cells = PaddedCells(rows: max(0, slots) + 1, columns: ascending.count + 2)
    }

    /// Records one duration: a binary search and two relaxed adds.
    /// - Parameters:
    ///   - nanoseconds: The duration.
    ///   - slot: The event loop's index, 0 ..< slots; anything else is the row of the other threads.
    public func record(nanoseconds: UInt64, slot: Int = -1) {
        let row = cells.row(ofSlot: slot)
        cells.add(1, row: row, column: bucket(of: nanoseconds))
        cells.add(nanoseconds, row: row, column: bounds.count + 1)
    }

    /// What the histogram holds, summed over all rows. A value.
    public struct Snapshot: Sendable, Equatable {
        /// How many durations are at most each bound (cumulative, as Prometheus wants it), without `+Inf`.
        public let cumulative: [UInt64]
        /// How many durations there are.
        public let count: UInt64
        /// Their sum in nanoseconds.
        public let sumNanoseconds: UInt64
    }

    /// Sums all rows. The count is made from the buckets, so that the two always agree.
    public func snapshot() -> Snapshot {
        var cumulative: [UInt64] = []
        var running: UInt64 = 0
        for column in bounds.indices {
            running &+= cells.total(column: column)
            cumulative.append(running)
        }
        running &+= cells.total(column: bounds.count)
        let sum = cells.total(column: bounds.count + 1)
        return Snapshot(cumulative: cumulative, count: running, sumNanoseconds: sum)
    }

    /// The first bucket whose bound is not below the value (`le` means at most).
    private func bucket(of nanoseconds: UInt64) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if bounds[middle] < nanoseconds {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
