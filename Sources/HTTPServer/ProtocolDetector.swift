/// Tells HTTP/1 from HTTP/2 by a connection's first bytes. A namespace of pure functions.
enum ProtocolDetector {
    enum Answer {
        /// So far both are possible.
        case needMore
        case http1
        /// The client connection preface (RFC 9113 3.4).
        case http2
    }

    private static let preface: [UInt8] = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Judges the bytes received since the connection began, which may come one at a time.
    static func detect(_ input: Span<UInt8>) -> Answer {
        for index in 0..<min(input.count, preface.count) where input[index] != preface[index] { return .http1 }
        return input.count < preface.count ? .needMore : .http2
    }
}
