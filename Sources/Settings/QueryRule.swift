/// Which parameters of a query tell one object from another: they are part of its key, and the origin is asked with them
/// alone. A value.
public enum QueryRule: Sendable, Equatable {
    /// All of them, sorted by name; parameters of one name keep their order.
    case all
    /// All of them, as they were written.
    case exact
    /// None.
    case none
    /// Those of these names, sorted by name.
    case names([String])

    /// The words that a file of settings may say.
    static let words = ["all", "exact", "none"]
}
