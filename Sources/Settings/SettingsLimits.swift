/// What a setting may be at most and at least, and how large a file of settings may be. A value without state.
public enum SettingsLimits {
    /// Bytes of a file of settings, and of a file that a value names with `file:`.
    public static let fileBytes = 1 << 20
    /// Nodes of a file of settings after its aliases are resolved.
    public static let nodes = 200_000
    /// Problems that are reported at once; more would hide the first ones.
    public static let problems = 100
    /// Event loops.
    public static let threads = 1...256
    /// The memory tier of an edge.
    public static let memory = ByteSize.mebibytes(8)...ByteSize.tebibytes(64)
    /// The disk tier of an edge: room for four of the smallest segments it is written in.
    public static let disk = ByteSize.mebibytes(16)...ByteSize.tebibytes(1024)
    /// Disks of an edge, each with threads of its own.
    public static let disks = 64
    /// Which bodies are written at once: none, or all.
    public static let admitAtOnceBelow = ByteSize(bytes: 0)...ByteSize.tebibytes(5)
    /// Bytes written to a disk in a day.
    public static let writesADay = ByteSize.mebibytes(1)...ByteSize.tebibytes(1024)
    /// Bytes a second that a scrubber reads.
    public static let scrub = ByteSize(bytes: 0)...ByteSize.gibibytes(16)
    /// The largest object that is kept.
    public static let maxObject = ByteSize.kibibytes(64)...ByteSize.tebibytes(5)
    /// Above which size an object is kept in blocks: at least one block.
    public static let largeObject = ByteSize.mebibytes(1)...ByteSize.tebibytes(5)
    /// Lifetimes of stored errors.
    public static let negativeLifetime = TimeSpan.seconds(0)...TimeSpan.days(1)
    /// Lifetimes of stored objects.
    public static let lifetime = TimeSpan.seconds(0)...TimeSpan.days(3650)
    /// Rules of one site: each may be compared with each request's path.
    public static let pathRules = 200
    /// Names of query parameters that count: each may be compared with each parameter of a request.
    public static let queryNames = 64
    /// Entries of one mapping whose keys the writer chooses.
    public static let mapEntries = 50
    /// Entries of one list.
    public static let listEntries = 10_000
}
