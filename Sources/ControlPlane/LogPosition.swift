/// How far an edge has applied which log. A value.
///
/// The three belong together and are kept together: a number means nothing without the log that it counts.
public struct LogPosition: Codable, Sendable, Equatable {
    /// The log's identity, made with the log.
    public var log: String
    /// The last number applied.
    public var number: UInt64
    /// The mark of that entry; nil when it is not known, which skips the comparison.
    public var mark: String?

    /// A position as given.
    public init(log: String, number: UInt64, mark: String? = nil) {
        self.log = log
        self.number = number
        self.mark = mark
    }
}
