/// What an entry remembers of the purges that its edge knew when its **origin request started**. A value.
///
/// Take it from ``PurgeEpochs/mark`` before the request is sent, never later (rule N2): a purge that comes while the
/// answer is under way then has a higher number, and the entry is dead before it is stored.
public struct PurgeMark: Sendable, Hashable {
    /// Which log ``number`` counts in, as this edge has adopted it: random, made with each adoption; 0 while no log is
    /// known. Numbers of different logs do not compare (rule N8).
    public var log: UInt64
    /// The last purge of that log that had been applied.
    public var number: UInt64
    /// The last invalidation made by this process itself (unsafe methods); not kept on disk, where the record's own
    /// state says whether it was invalidated.
    public var local: UInt64

    /// A mark with these parts.
    public init(log: UInt64 = 0, number: UInt64 = 0, local: UInt64 = 0) {
        self.log = log
        self.number = number
        self.local = local
    }
}
