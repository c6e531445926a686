/// Takes the chunked transfer coding apart (RFC 9112, section 7.1). A value that a connection keeps for one body.
///
/// The caller feeds bytes and drops those that a step has used; nothing is buffered, so a step may be made of any
/// piece. Chunk extensions and trailers are checked for form, bounded, and dropped.
public struct ChunkedDecoder: Sendable {
    /// What the caller does next. A value.
    public enum Step: Sendable, Equatable {
        /// Drop `consumed` bytes (all that were given) and come back with more.
        case needMore(consumed: Int)
        /// Drop `skip` bytes of framing; the next `count` bytes are payload, and the decoder counts them as taken.
        case data(skip: Int, count: Int)
        /// Drop `consumed` bytes: the body is complete, and what follows belongs to the next message.
        case end(consumed: Int)
        /// Malformed; the connection has to be closed.
        case failed(HeadError)
    }

    /// How much framing is accepted. A value.
    public struct Limits: Sendable, Equatable {
        /// Bytes of all chunk extensions of one body. Nobody uses them, and they cost more than they carry.
        public var extensionBytes: Int
        /// Bytes of the trailer section.
        public var trailerBytes: Int

        /// The usual limits.
        public init(extensionBytes: Int = 16 * 1024, trailerBytes: Int = 8 * 1024) {
            self.extensionBytes = extensionBytes
            self.trailerBytes = trailerBytes
        }
    }

    /// What the next byte belongs to. A value.
    private enum State {
        case size, chunkExtension, sizeLineFeed
        case data, dataReturn, dataLineFeed
        case trailerStart, trailerLine, trailerLineFeed, endLineFeed, ended
    }

    private let limits: Limits
    private var state = State.size
    private var digits = 0
    private var remaining: UInt64 = 0
    private var hasBlank = false
    private var extensionBytes = 0
    private var trailerBytes = 0

    /// A decoder for one body.
    public init(limits: Limits = .init()) { self.limits = limits }

    /// Has the last chunk and the trailer section been seen?
    public var isFinished: Bool { state == .ended }

    /// Goes on with the bytes that follow those that the steps before have used.
    public mutating func next(_ input: Span<UInt8>) -> Step {
        var index = 0
        while index < input.count {
            if state == .data {
                let count = Int(clamping: min(remaining, UInt64(input.count - index)))
                remaining -= UInt64(count)
                if remaining == 0 { state = .dataReturn }
                return .data(skip: index, count: count)
            }
            if state == .ended { return .end(consumed: index) }
            if let kind = take(input[index]) { return .failed(HeadError(kind, at: index)) }
            index += 1
        }
        return state == .ended ? .end(consumed: index) : .needMore(consumed: index)
    }

    /// Takes one byte of framing; the result says what is wrong with it.
    private mutating func take(_ byte: UInt8) -> HeadError.Kind? {
        switch state {
        case .size: return takeSize(byte)
        case .chunkExtension:
            extensionBytes += 1
            guard extensionBytes <= limits.extensionBytes else { return .chunkTooLarge }
            if byte == ASCII.carriageReturn { state = .sizeLineFeed } else if isControl(byte) { return .badChunk }
        case .sizeLineFeed:
            guard byte == ASCII.lineFeed else { return .bareCarriageReturn }
            state = remaining == 0 ? .trailerStart : .data
            digits = 0
            hasBlank = false
        case .dataReturn:
            guard byte == ASCII.carriageReturn else { return byte == ASCII.lineFeed ? .bareLineFeed : .badChunk }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == ASCII.lineFeed else { return .bareCarriageReturn }
            state = .size
        case .trailerStart, .trailerLine, .trailerLineFeed, .endLineFeed: return takeTrailer(byte)
        case .data, .ended: return .badChunk
        }
        return nil
    }

    /// chunk-size [ chunk-ext ] CRLF; blanks are allowed only before an extension's semicolon.
    private mutating func takeSize(_ byte: UInt8) -> HeadError.Kind? {
        if let value = ASCII.hexValue(byte) {
            guard !hasBlank else { return .badChunk }
            digits += 1
            guard digits <= 16, remaining >> 59 == 0 else { return .chunkTooLarge }
            remaining = remaining << 4 | UInt64(value)
            return nil
        }
        guard digits > 0 else { return byte == ASCII.lineFeed ? .bareLineFeed : .badChunk }
        switch byte {
        case ASCII.carriageReturn where !hasBlank: state = .sizeLineFeed
        case ASCII.semicolon: state = .chunkExtension
        case ASCII.space, ASCII.tab:
            hasBlank = true
            extensionBytes += 1
            guard extensionBytes <= limits.extensionBytes else { return .chunkTooLarge }
        case ASCII.lineFeed: return .bareLineFeed
        default: return .badChunk
        }
        return nil
    }

    private mutating func takeTrailer(_ byte: UInt8) -> HeadError.Kind? {
        trailerBytes += 1
        guard trailerBytes <= limits.trailerBytes else { return .trailerTooLarge }
        switch (state, byte) {
        case (.trailerStart, ASCII.carriageReturn): state = .endLineFeed
        case (.trailerLine, ASCII.carriageReturn): state = .trailerLineFeed
        case (.endLineFeed, ASCII.lineFeed): state = .ended
        case (.trailerLineFeed, ASCII.lineFeed): state = .trailerStart
        case (.endLineFeed, _), (.trailerLineFeed, _): return .bareCarriageReturn
        case (_, ASCII.lineFeed): return .bareLineFeed
        case (.trailerStart, _):
            if ASCII.isBlank(byte) { return .obsFold }
            guard ASCII.isToken(byte) else { return .badFieldName }
            state = .trailerLine
        default:
            if isControl(byte) { return .controlCharacter }
        }
        return nil
    }

    private func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != ASCII.tab) || byte == 0x7F }
}
