/// What becomes of a fill whose clients have all left. A namespace.
///
/// To finish it costs the origin the rest; to give it up throws away what has come, and the next request asks for all of
/// it again.
enum LeavingRule {
    /// Whether it goes on although nobody waits: more than half has come, or little is missing. Of a body whose length
    /// nobody has said, little may be missing as long as little has come.
    ///
    /// - Parameters:
    ///   - received: bytes of the body so far.
    ///   - length: all of them, where that is known.
    static func isFinished(received: UInt64, length: UInt64?) -> Bool {
        guard let length else { return received < Limits.abandonedBytes }
        let missing = length - min(received, length)
        return received > missing || missing < Limits.abandonedBytes
    }
}
