import NIOCore

/// Bounds of origin requests. A namespace.
enum Limits {
    /// Requests for one answer.
    static let tries = 2
    /// The pause before the second.
    static let pauseMilliseconds: ClosedRange<Int64> = 20...120
    /// Bytes of a body nobody wants that are read all the same, so that the connection can be used again.
    static let drainBytes: UInt64 = 64 * 1024
    /// How long that may take.
    static let drainTime = TimeAmount.seconds(1)
    /// Tags of one answer.
    static let tags = 100
    /// Bytes of one tag.
    static let tagBytes = 256
}
