/// Why a message was refused, and where. A value of two words; the text is made only when it is asked for.
public struct HeadError: Error, Equatable, Sendable {
    /// What was wrong. A value.
    public enum Kind: String, Sendable, CaseIterable {
        case badRequestLine, badTarget, badVersion, unsupportedVersion, methodTooLong, targetTooLong, badStatusLine
        case bareLineFeed, bareCarriageReturn, controlCharacter
        case obsFold, spaceBeforeColon, missingColon, badFieldName
        case tooLarge, tooManyFields, tooManyEmptyLines
        case badContentLength, conflictingLength, lengthWithTransferEncoding
        case badTransferEncoding, unsupportedTransferCoding, transferEncodingInHTTP10
        case missingHost, severalHosts, badHost
        case badChunk, chunkTooLarge, trailerTooLarge
    }

    /// What was wrong.
    public let kind: Kind
    /// The byte of the input at which it was noticed, counted from the head's (or this call's) first byte.
    public let offset: Int

    /// An error at a place.
    public init(_ kind: Kind, at offset: Int = 0) {
        self.kind = kind
        self.offset = offset
    }

    /// The status that answers a request with this defect.
    public var status: Int {
        switch kind {
        case .tooLarge, .tooManyFields, .trailerTooLarge: 431
        case .targetTooLong: 414
        case .methodTooLong, .unsupportedTransferCoding: 501
        case .unsupportedVersion: 505
        default: 400
        }
    }

    /// One sentence for a person: what was expected, what was found, where.
    public var message: String { "\(sentence) (byte \(offset))" }

    private var sentence: String {
        switch kind {
        case .badRequestLine: "the request line is not METHOD SP target SP HTTP/1.1"
        case .badTarget: "the request target holds a byte that no URL may contain"
        case .badVersion: "the protocol version is not HTTP/1.0 or HTTP/1.1"
        case .unsupportedVersion: "only HTTP/1.0 and HTTP/1.1 are spoken here"
        case .methodTooLong: "the method's name is too long"
        case .targetTooLong: "the request target is too long"
        case .badStatusLine: "the status line is not HTTP/1.1 SP three digits SP reason"
        case .bareLineFeed: "a line ends in LF without CR"
        case .bareCarriageReturn: "a CR stands without LF"
        case .controlCharacter: "a control character stands in the head"
        case .obsFold: "a field line begins with a blank (obsolete line folding)"
        case .spaceBeforeColon: "a blank stands between a field's name and its colon"
        case .missingColon: "a field line has no colon"
        case .badFieldName: "a field's name is not a token"
        case .tooLarge: "the head is larger than the limit"
        case .tooManyFields: "the head has more field lines than the limit"
        case .tooManyEmptyLines: "too many empty lines stand before the request line"
        case .badContentLength: "Content-Length is not one decimal number"
        case .conflictingLength: "there are several Content-Length fields"
        case .lengthWithTransferEncoding: "there are both Content-Length and Transfer-Encoding"
        case .badTransferEncoding: "Transfer-Encoding is not exactly chunked"
        case .unsupportedTransferCoding: "a transfer coding other than chunked is not supported"
        case .transferEncodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding"
        case .missingHost: "an HTTP/1.1 request needs a Host field"
        case .severalHosts: "there are several Host fields"
        case .badHost: "the Host field is not a host with an optional port"
        case .badChunk: "the chunked body is malformed"
        case .chunkTooLarge: "a chunk's size does not fit 63 bits, or its line is too long"
        case .trailerTooLarge: "the trailer section is larger than the limit"
        }
    }
}
