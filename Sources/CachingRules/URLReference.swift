import HTTPWire

/// Resolves URL references within one origin (RFC 3986, section 5.2). A namespace.
enum URLReference {
    /// The URL of a request, against which references are resolved. A value.
    struct Base {
        /// Path and query, normalised.
        let target: [UInt8]
        let pathLength: Int
        /// Host in lower case and port; nil: the request has none, and no URL with a host is of its origin.
        let authority: Authority?

        /// nil: its target has no path (`*`, `host:443`) or is malformed.
        init?(of request: borrowing RequestHead) {
            let bytes = request.fields.bytes.span
            guard let (target, pathLength) = URLReference.normalised(bytes, request.target) else { return nil }
            self.target = target
            self.pathLength = pathLength
            if let range = RequestTarget.authority(of: bytes, request.target) {
                authority = Authority(bytes, range)
            } else {
                authority = request.fields.range(of: .host).flatMap { Authority(bytes, $0) }
            }
        }

        /// The path up to and with its last slash (RFC 3986, section 5.2.3).
        var folder: ArraySlice<UInt8> {
            let path = target[..<pathLength]
            return path[...(path.lastIndex(of: ASCII.slash) ?? 0)]
        }
    }

    /// Host and port of a URL. A value.
    struct Authority {
        let host: [UInt8]
        /// nil: the default of a scheme.
        let port: UInt64?

        init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
            var host = [UInt8]()
            guard RequestTarget.host(bytes, range, into: &host) else { return nil }
            self.host = host
            var start = range.upperBound
            while start > range.lowerBound, ASCII.isDigit(bytes[start - 1]) { start -= 1 }
            let hasPort = start > range.lowerBound && bytes[start - 1] == ASCII.colon
            port = hasPort ? bytes.decimal(start..<range.upperBound) : nil
        }

        /// The same host and port, where `defaultPorts` may be left out.
        func isSame(as other: Authority, defaultPorts: [UInt64]) -> Bool {
            guard host == other.host else { return false }
            switch (port, other.port) {
            case (nil, nil): return true
            case (let one?, let two?): return one == two
            case (let one?, nil), (nil, let one?): return defaultPorts.contains(one)
            }
        }
    }

    /// Path and query that the reference names, normalised; nil: another origin, or no http URL.
    static func resolve(_ bytes: Span<UInt8>, _ given: Range<Int>, against base: Base) -> [UInt8]? {
        var reference = bytes.trimmingBlanks(given)
        for index in reference where bytes[index] == fragmentMark {
            reference = reference.lowerBound..<index
            break
        }
        guard !reference.isEmpty else { return base.target }
        if hasScheme(bytes, reference) {
            guard let range = RequestTarget.authority(of: bytes, reference) else { return nil }
            let isTLS = bytes[reference.lowerBound + 4] != ASCII.colon
            guard isSame(bytes, range, base, [isTLS ? 443 : 80]) else { return nil }
            return normalised(bytes, reference)?.target
        }
        var resolved = [UInt8]()
        if bytes[reference.lowerBound] == ASCII.slash {
            guard reference.count > 1, bytes[reference.lowerBound + 1] == ASCII.slash else {
                return normalised(bytes, reference)?.target
            }
            var end = reference.lowerBound + 2
            while end < reference.upperBound, bytes[end] != ASCII.slash, bytes[end] != ASCII.questionMark { end += 1 }
            guard isSame(bytes, reference.lowerBound + 2..<end, base, [80, 443]) else { return nil }
            if end == reference.upperBound || bytes[end] == ASCII.questionMark { resolved.append(ASCII.slash) }
            reference = end..<reference.upperBound
        } else if bytes[reference.lowerBound] == ASCII.questionMark {
            resolved += base.target[..<base.pathLength]
        } else {
            resolved += base.folder
        }
        resolved.append(bytes, reference)
        return normalised(resolved.span, 0..<resolved.count)?.target
    }

    private static let fragmentMark: UInt8 = 0x23

    private static func isSame(
        _ bytes: Span<UInt8>,
        _ authority: Range<Int>,
        _ base: Base,
        _ defaultPorts: [UInt64]
    ) -> Bool {
        guard let own = base.authority, let other = Authority(bytes, authority) else { return false }
        return own.isSame(as: other, defaultPorts: defaultPorts)
    }

    /// `scheme ":"` (RFC 3986, section 3.1).
    private static func hasScheme(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard ASCII.isAlpha(bytes[range.lowerBound]) else { return false }
        for index in range {
            let byte = bytes[index]
            if byte == ASCII.colon { return true }
            let isSchemeCharacter =
                ASCII.isAlpha(byte) || ASCII.isDigit(byte) || byte == 0x2B || byte == ASCII.hyphen || byte == ASCII.dot
            if !isSchemeCharacter { return false }
        }
        return false
    }

    private static func normalised(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>
    ) -> (target: [UInt8], pathLength: Int)? {
        var target = [UInt8]()
        var query = [UInt8]()
        var hasQuery = false
        guard RequestTarget.normalise(bytes, range, path: &target, query: &query, hasQuery: &hasQuery) else {
            return nil
        }
        let pathLength = target.count
        if hasQuery { target += [ASCII.questionMark] + query }
        return (target, pathLength)
    }
}
