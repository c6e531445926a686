internal import NIOCore

/// One direction of one coding: a library's stream behind a common shape. Loop-confined: used by one thread at a time.
protocol ByteTransform: AnyObject {
    /// Takes a whole piece in, and appends what comes out.
    /// - Parameter limit: The output may not become larger, in bytes since the beginning.
    func write(_ piece: ByteBuffer, into output: inout OutputPieces, limit: Int) throws(CodingError)

    /// Says that there is no more, and appends the rest.
    func finish(into output: inout OutputPieces, limit: Int) throws(CodingError)
}
