/// What the fields seen so far say about the message's framing and the connection (RFC 9112, sections 6 and 9).
/// A value.
struct FramingFields: Sendable {
    var version: HTTPVersion = .http11
    private var length: UInt64?
    private var transferEncoding: FieldList.Field?
    private var isChunked = false
    private var hasUnknownCoding = false
    /// One of them is a coding that changes the body's bytes in a way that everyone else may know.
    private var isRegistered = false
    private var hosts = 0
    private var saysClose = false
    private var saysKeepAlive = false
    private var expectsContinue = false

    /// Looks at a field as it is parsed; the others of its name, if any, come through here as well.
    mutating func note(_ field: FieldList.Field, _ input: Span<UInt8>) throws(HeadError) {
        let value = field.valueRange
        switch field.name {
        case .contentLength:
            // Identical copies could be merged (RFC 9112, section 6.3), but nobody honest sends them.
            guard length == nil else { throw HeadError(.conflictingLength, at: value.lowerBound) }
            guard let number = input.decimal(value) else { throw HeadError(.badContentLength, at: value.lowerBound) }
            length = number
        case .transferEncoding:
            guard transferEncoding == nil else { throw HeadError(.badTransferEncoding, at: value.lowerBound) }
            transferEncoding = field
            try noteTransferCodings(value, input)
        case .host:
            hosts += 1
            guard hosts == 1 else { throw HeadError(.severalHosts, at: value.lowerBound) }
            guard RequestTarget.isValidAuthority(input, value, mayBeEmpty: true) else {
                throw HeadError(.badHost, at: value.lowerBound)
            }
        case .connection:
            saysClose = saysClose || input.listContains(value, "close")
            saysKeepAlive = saysKeepAlive || input.listContains(value, "keep-alive")
        case .expect:
            expectsContinue = expectsContinue || input.listContains(value, "100-continue")
        default:
            break
        }
    }

    private mutating func noteTransferCodings(_ value: Range<Int>, _ input: Span<UInt8>) throws(HeadError) {
        var start = value.lowerBound
        while start <= value.upperBound {
            var end = start
            while end < value.upperBound, input[end] != ASCII.comma { end += 1 }
            let member = input.trimmingBlanks(start..<end)
            guard !member.isEmpty, !isChunked else { throw HeadError(.badTransferEncoding, at: start) }
            if input.matches(member, lowercase: "chunked") {
                isChunked = true
            } else {
                for index in member where !ASCII.isToken(input[index]) {
                    throw HeadError(.badTransferEncoding, at: index)
                }
                hasUnknownCoding = true
                isRegistered = isRegistered || Self.registered.contains { input.matches(member, lowercase: $0) }
            }
            start = end + 1
        }
    }

    /// RFC 9112, section 7.2.
    private static let registered: [StaticString] = ["gzip", "x-gzip", "deflate", "compress", "x-compress"]

    /// RFC 9112, section 6.3, for requests.
    func applyToRequest(_ head: inout RequestHead) throws(HeadError) {
        let place = Int(transferEncoding?.valueStart ?? 0)
        if transferEncoding != nil {
            guard length == nil else { throw HeadError(.lengthWithTransferEncoding, at: place) }
            guard version == .http11 else { throw HeadError(.transferEncodingInHTTP10, at: place) }
            guard !hasUnknownCoding else { throw HeadError(.unsupportedTransferCoding, at: place) }
            head.framing = .chunked
        } else if let length {
            head.framing = .length(length)
        } else {
            head.framing = .none
        }
        if version == .http11, hosts == 0 { throw HeadError(.missingHost) }
        head.keepAlive = keepAlive
        head.expectsContinue = expectsContinue && version == .http11
    }

    /// RFC 9112, section 6.3, for responses.
    func applyToResponse(_ head: inout ResponseHead, requestMethod: Method) throws(HeadError) {
        head.keepAlive = keepAlive
        let isTunnel = requestMethod == .connect && (200..<300).contains(head.status)
        if requestMethod == .head || head.status < 200 || head.status == 204 || head.status == 304 || isTunnel {
            head.framing = .none
            return
        }
        if let place = transferEncoding.map({ Int($0.valueStart) }) {
            guard length == nil else { throw HeadError(.lengthWithTransferEncoding, at: place) }
            guard version == .http11 else { throw HeadError(.transferEncodingInHTTP10, at: place) }
            guard !hasUnknownCoding || !(isChunked || isRegistered) else {
                throw HeadError(.unsupportedTransferCoding, at: place)
            }
            // A word that means nothing to anybody: the body lasts until the connection closes (section 6.3, rule 4).
            head.framing = isChunked ? .chunked : .untilClose
            if !isChunked { head.keepAlive = false }
        } else if let length {
            head.framing = .length(length)
        } else {
            head.framing = .untilClose
            head.keepAlive = false
        }
    }

    /// RFC 9112, section 9.3.
    private var keepAlive: Bool { !saysClose && (version == .http11 || saysKeepAlive) }
}
