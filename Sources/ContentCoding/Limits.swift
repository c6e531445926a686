/// The bounds of this target. A value without state.
public enum ContentCodingLimits {
    /// Bytes of one output piece at most: longer buffers are copied when they are sliced far behind their beginning.
    public static let pieceBytes = 1 << 20
    /// Bytes of the first output piece; the next ones double up to ``pieceBytes``.
    public static let firstPieceBytes = 16 << 10
    /// Shorter bodies are not compressed: their heads are as long, and both fit into one packet anyway.
    public static let minimumBodyBytes: UInt64 = 256
    /// Longer bodies are not compressed: what is that large and still text is rare, and would hold a worker for seconds.
    public static let maximumBodyBytes: UInt64 = 64 << 20
    /// A compressed form is kept when it is at most this many percent of the identity form.
    public static let worthwhilePercent = 95
}
