/// In what order objects leave a memory tier that is full. A value.
public enum EvictionPolicy: String, Sendable, CaseIterable {
    /// The one whose last use is longest ago.
    case lru
}
