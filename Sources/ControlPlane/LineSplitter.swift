import NIOCore

/// Takes a stream of bytes apart into lines. A value.
struct LineSplitter {
    private var buffer = ByteBuffer()
    /// Bytes of `buffer` that are known to hold no line feed.
    private var scanned = 0
    private let limit: Int

    /// - Parameter limit: the longest line, in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// More bytes have come.
    mutating func add(_ piece: ByteBuffer) throws(ControlClientError) {
        guard scanned <= limit else {
            throw ControlClientError(.notControl, "Control sends a line of more than \(limit) bytes.")
        }
        var piece = piece
        if buffer.readableBytes == 0 {
            buffer = piece
            scanned = 0
        } else {
            buffer.discardReadBytes()
            buffer.writeBuffer(&piece)
        }
    }

    /// The next complete line, without its line feed.
    mutating func next() -> ByteBufferView? {
        let view = buffer.readableBytesView
        guard let end = view.dropFirst(scanned).firstIndex(of: UInt8(ascii: "\n")) else {
            scanned = view.count
            return nil
        }
        let line = view[view.startIndex..<end]
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        scanned = 0
        return line
    }
}
