import Synchronization

/// The one budget of a store, in bytes: bodies as allocated, heads, keys, tables, purge epochs, fills in flight, the
/// write queue. Atomic; safe from every thread.
///
/// Charging comes first and eviction after, so that two threads cannot spend the same byte: between the two, the sum
/// exceeds the limit by what is being inserted and by nothing else.
final class MemoryBudget: Sendable {
    /// The limit, in bytes.
    let limit: Int
    private let spent = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Bytes spent now.
    var used: Int { spent.load(ordering: .relaxed) }

    /// Spends (or gives back, when negative) whatever the limit.
    func adjust(by bytes: Int) {
        if bytes != 0 { spent.wrappingAdd(bytes, ordering: .relaxed) }
    }
}
