/// Which objects a memory tier keeps when it is full. A value. The raw values are those of the configuration.
public enum EvictionPolicy: String, Sendable, CaseIterable {
    /// The one whose last use is longest ago leaves.
    case lru
    /// Newcomers pass through a small queue, and only what is asked for again stays (Yang et al., SOSP 2023).
    case s3FIFO = "s3-fifo"
    /// Of a sample, the one with the fewest uses a byte leaves; a newcomer worth less than that does not come in.
    case size
}
