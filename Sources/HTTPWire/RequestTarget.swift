/// Normalises request targets and hosts (RFC 3986, section 6.2.2; RFC 9112, section 3.2). A namespace.
public enum RequestTarget {
    /// Is it a host with an optional port, as Host and absolute-form targets have it (RFC 9110, section 7.2)?
    ///
    /// Percent-encoded hosts, userinfo, IPvFuture and IPv6 zones are refused: no name that a browser resolves has them.
    package static func isValidAuthority(_ bytes: Span<UInt8>, _ range: Range<Int>, mayBeEmpty: Bool) -> Bool {
        if range.isEmpty { return mayBeEmpty }
        guard let host = hostPart(bytes, range), host.upperBound <= range.upperBound else { return false }
        guard host.upperBound < range.upperBound else { return true }
        guard bytes[host.upperBound] == ASCII.colon else { return false }
        let port = host.upperBound + 1..<range.upperBound
        if port.isEmpty { return true }
        guard port.count <= 5, let number = bytes.decimal(port) else { return false }
        return number <= 65_535
    }

    /// The host without the port; nil if it is empty or holds what no host has.
    private static func hostPart(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        var index = range.lowerBound
        if bytes[index] == 0x5B {
            var colons = 0
            index += 1
            while index < range.upperBound, bytes[index] != 0x5D {
                let byte = bytes[index]
                if byte == ASCII.colon { colons += 1 }
                guard byte == ASCII.colon || byte == ASCII.dot || ASCII.hexValue(byte) != nil else { return nil }
                index += 1
            }
            let length = index - range.lowerBound - 1
            guard index < range.upperBound, (2...7).contains(colons), length <= 45 else { return nil }
            return range.lowerBound..<index + 1
        }
        while index < range.upperBound, isHostCharacter(bytes[index]) { index += 1 }
        return index == range.lowerBound ? nil : range.lowerBound..<index
    }

    /// unreserved or sub-delims (RFC 3986, section 3.2.2).
    private static func isHostCharacter(_ byte: UInt8) -> Bool {
        ASCII.isUnreserved(byte) || isSubDelimiter(byte)
    }

    /// sub-delims (RFC 3986, section 2.2).
    static func isSubDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21, 0x24, 0x26...0x2C, 0x3B, 0x3D: true
        default: false
        }
    }

    /// The host in lower case, without port and without the root's final dot; IPv6 addresses stay in brackets.
    ///
    /// Replaces what is in `host` and keeps its memory. False: not a host; `host` then means nothing.
    public static func host(_ value: Span<UInt8>, into host: inout [UInt8]) -> Bool {
        Self.host(value, 0..<value.count, into: &host)
    }

    /// The same for the bytes of `range`, as ``FieldList/range(of:)`` gives it.
    public static func host(_ value: Span<UInt8>, _ range: Range<Int>, into host: inout [UInt8]) -> Bool {
        host.removeAll(keepingCapacity: true)
        guard isValidAuthority(value, range, mayBeEmpty: false), let part = hostPart(value, range) else { return false }
        for index in part { host.append(ASCII.lower(value[index])) }
        if host.count > 1, host[host.count - 1] == ASCII.dot { host.removeLast() }
        return true
    }

    /// Where host and port lie in an absolute-form target (`http://host:80/x`), which then win over the Host field
    /// (RFC 9112, section 3.2.2); nil for every other form.
    public static func authority(of target: Span<UInt8>) -> Range<Int>? { authority(of: target, 0..<target.count) }

    /// The same for the bytes of `range`.
    public static func authority(of target: Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
        let start: Int
        if range.count > 7, target.matches(range.lowerBound..<range.lowerBound + 7, lowercase: "http://") {
            start = range.lowerBound + 7
        } else if range.count > 8, target.matches(range.lowerBound..<range.lowerBound + 8, lowercase: "https://") {
            start = range.lowerBound + 8
        } else {
            return nil
        }
        var end = start
        while end < range.upperBound, target[end] != ASCII.slash, target[end] != ASCII.questionMark { end += 1 }
        return start..<end
    }
}
