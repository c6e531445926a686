extension RequestTarget {
    /// Path and query of an origin-form or absolute-form target in normal form, for keys and for requests built from
    /// them: two targets that RFC 3986, section 6.2.2 calls equivalent come out the same.
    ///
    /// Percent-encoded unreserved characters are decoded, other encodings get upper-case digits, characters that no
    /// URL may contain are encoded, dot segments (also encoded ones) are removed and never climb above the root. `//`
    /// stays, since it names another object. In the query a percent sign that encodes nothing becomes `%25`.
    ///
    /// Replaces what is in `path` and `query` and keeps their memory. False, and then they mean nothing: another form
    /// (`*`, `host:443`), a fragment, a control or blank, a malformed percent-encoding or an encoded NUL in the path,
    /// a bad authority.
    public static func normalise(
        _ target: Span<UInt8>,
        path: inout [UInt8],
        query: inout [UInt8],
        hasQuery: inout Bool
    ) -> Bool {
        normalise(target, 0..<target.count, path: &path, query: &query, hasQuery: &hasQuery)
    }

    /// The same for the bytes of `range`.
    public static func normalise(
        _ target: Span<UInt8>,
        _ range: Range<Int>,
        path: inout [UInt8],
        query: inout [UInt8],
        hasQuery: inout Bool
    ) -> Bool {
        path.removeAll(keepingCapacity: true)
        query.removeAll(keepingCapacity: true)
        hasQuery = false
        var index = range.lowerBound
        if let authority = authority(of: target, range) {
            guard isValidAuthority(target, authority, mayBeEmpty: false) else { return false }
            index = authority.upperBound
            if index == range.upperBound || target[index] == ASCII.questionMark { path.append(ASCII.slash) }
        } else if range.isEmpty || target[index] != ASCII.slash {
            return false
        }
        var end = index
        while end < range.upperBound, target[end] != ASCII.questionMark { end += 1 }
        guard normalisePath(target, index..<end, &path) else { return false }
        if end < range.upperBound {
            hasQuery = true
            return normaliseQuery(target, end + 1..<range.upperBound, &query)
        }
        return true
    }

    /// `range` begins with "/" or is empty.
    private static func normalisePath(_ target: Span<UInt8>, _ range: Range<Int>, _ path: inout [UInt8]) -> Bool {
        var index = range.lowerBound
        var segment = path.count
        while index < range.upperBound {
            var byte = target[index]
            index += 1
            if byte == ASCII.slash {
                // A dot segment leaves the slash before it, which then stands for this one.
                if !removeDotSegment(&path, segment) { path.append(byte) }
                segment = path.count
                continue
            }
            var isEncoded = false
            if byte == ASCII.percent {
                guard let decoded = decodeTriplet(target, index, range.upperBound), decoded != 0 else { return false }
                byte = decoded
                index += 2
                isEncoded = true
            }
            guard append(byte, isEncoded: isEncoded, alsoAllowed: 0, to: &path) else { return false }
        }
        _ = removeDotSegment(&path, segment)
        return true
    }

    private static func normaliseQuery(_ target: Span<UInt8>, _ range: Range<Int>, _ query: inout [UInt8]) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            var byte = target[index]
            index += 1
            var isEncoded = false
            if byte == ASCII.percent {
                isEncoded = true
                if let decoded = decodeTriplet(target, index, range.upperBound) {
                    byte = decoded
                    index += 2
                }
            }
            guard append(byte, isEncoded: isEncoded, alsoAllowed: ASCII.questionMark, to: &query) else { return false }
        }
        return true
    }

    /// Removes the segment that begins at `segment` if it is "." or "..", with the one before it for the latter.
    private static func removeDotSegment(_ path: inout [UInt8], _ segment: Int) -> Bool {
        let length = path.count - segment
        guard length == 1 || length == 2, path[segment] == ASCII.dot, path[path.count - 1] == ASCII.dot else {
            return false
        }
        path.removeLast(length)
        if length == 2, path.count > 1 {
            path.removeLast()
            while path[path.count - 1] != ASCII.slash { path.removeLast() }
        }
        return true
    }

    /// Appends a character in its normal form. Encoded characters other than the unreserved stay encoded.
    private static func append(_ byte: UInt8, isEncoded: Bool, alsoAllowed: UInt8, to text: inout [UInt8]) -> Bool {
        if ASCII.isUnreserved(byte) {
            text.append(byte)
            return true
        }
        if !isEncoded {
            if byte <= ASCII.space || byte == 0x7F || byte == 0x23 { return false }
            // pchar (RFC 3986, section 3.3); "/" can only be in a query here.
            if isSubDelimiter(byte) || byte == ASCII.colon || byte == 0x40 || byte == ASCII.slash
                || byte == alsoAllowed
            {
                text.append(byte)
                return true
            }
        }
        text.append(ASCII.percent)
        text.append(ASCII.hexDigit(byte >> 4))
        text.append(ASCII.hexDigit(byte & 15))
        return true
    }

    private static func decodeTriplet(_ target: Span<UInt8>, _ index: Int, _ end: Int) -> UInt8? {
        guard end - index >= 2, let high = ASCII.hexValue(target[index]), let low = ASCII.hexValue(target[index + 1])
        else { return nil }
        return high << 4 | low
    }
}
