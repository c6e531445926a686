/// Counters of one family, one for each of a fixed set of words: why something was done, or was not. Shared; every cell is
/// an atomic.
///
/// For tables whose rows are another module's enum, so that a new case has its row by itself. Not for the way of a hit:
/// the word is looked up.
public final class ReasonCounters: Sendable {
    private let name: String
    private let label: String
    private let help: String
    private let words: [String]
    private let columns: [String: Int]
    private let cells: PaddedCells

    /// What a word counts as that is none of the set. It should stay 0.
    public static let other = "other"

    /// Makes counters at zero. The name ends in `_total`; words that come twice have one row.
    public init(_ name: String, label: String, help: String, words: [String]) {
        self.name = name
        self.label = label
        self.help = help
        var unique: [String] = []
        var columns: [String: Int] = [:]
        for word in words + [Self.other] where columns[word] == nil {
            columns[word] = unique.count
            unique.append(word)
        }
        self.words = unique
        self.columns = columns
        cells = PaddedCells(rows: 1, columns: unique.count)
    }

    /// Counts, from any thread.
    public func add(_ word: String) {
        cells.add(1, row: 0, column: columns[word] ?? words.count - 1)
    }

    /// How often the word was counted.
    public func total(_ word: String) -> UInt64 {
        columns[word].map { cells.total(column: $0) } ?? 0
    }

    /// The rows' words, in order.
    public var known: [String] { words }

    func rows() -> [(MetricDescriptor, UInt64)] {
        words.enumerated().map { column, word in
            (MetricDescriptor(name, label, word, help: help), cells.total(column: column))
        }
    }
}

extension Metrics {
    /// Shows one family of counters. Its rows are read at every scrape.
    public func register(_ counters: ReasonCounters) {
        append(.counters { counters.rows() })
    }
}
