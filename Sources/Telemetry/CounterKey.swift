/// A table of counters: an enum whose cases are the rows, so that a call site names a case and never a string.
///
/// Raw values must be 0, 1, 2, … in the order of the cases (an `Int` enum without explicit values has that).
/// Conforming types are values.
public protocol CounterKey: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == Int {
    /// The row's name, labels and help.
    var descriptor: MetricDescriptor { get }
}
