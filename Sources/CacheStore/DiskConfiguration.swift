/// One disk's folder and size, and what it may be used for. A value.
public struct DiskConfiguration: Sendable {
    /// The folder; made if missing, with mode 0700. One process may use it at a time.
    public var path: String
    /// The most that the segment files may take together, in bytes.
    public var bytes: Int
    /// Bodies below this many bytes are written at once, others when they are asked for the second time.
    public var admitAtOnceBelow: Int
    /// Bytes that may be written in a day (24 h, with bursts of an hour's share); what would be beyond is not admitted.
    /// nil: no bound.
    public var writesPerDay: Int?
    /// Bytes a second that the scrubber verifies; 0: it does not run.
    public var scrubBytesPerSecond: Int

    /// A folder that may take `bytes`.
    public init(
        path: String,
        bytes: Int,
        admitAtOnceBelow: Int = 64 << 10,
        writesPerDay: Int? = nil,
        scrubBytesPerSecond: Int = 8 << 20
    ) {
        self.path = path
        self.bytes = bytes
        self.admitAtOnceBelow = admitAtOnceBelow
        self.writesPerDay = writesPerDay
        self.scrubBytesPerSecond = scrubBytesPerSecond
    }
}
