/// Which objects a memory tier that is full keeps. A value.
public enum EvictionPolicy: String, Sendable, CaseIterable {
    /// The one whose last use is longest ago leaves.
    case lru
    /// Newcomers pass through a small queue, and only what is asked for again stays.
    case s3FIFO = "s3-fifo"
    /// The one with the fewest uses a byte leaves, and what is worth less does not come in.
    case size
}
