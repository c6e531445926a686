import HTTPWire

/// Takes normalised values byte by byte.
protocol SelectingSink {
    /// False: the rest is not wanted.
    mutating func put(_ byte: UInt8) -> Bool
}

extension [UInt8]: SelectingSink {
    mutating func put(_ byte: UInt8) -> Bool {
        append(byte)
        return true
    }
}

/// A request's values of a field, in a form in which equivalent ones are equal (RFC 9111, section 4.1). A value on the
/// stack, which allocates nothing; it is given the name's bytes at each step.
///
/// Lines are combined, and blanks around commas dropped, but for fields that are no lists. Of Accept-Language,
/// Accept-Charset and Accept-Encoding neither case nor order nor repetition counts: they have no meaning there, since
/// weights say what is preferred (RFC 9110, sections 12.5.2 to 12.5.4).
struct SelectingValues {
    private let name: Range<Int>
    private let known: FieldName
    private let kind: Kind

    private enum Kind { case opaque, list, preferences }

    /// Of the field whose name, in lower case, lies in `name`.
    init(_ text: Span<UInt8>, _ name: Range<Int>) {
        self.name = name
        known = FieldName(text.extracting(name))
        kind =
            switch known {
            case .acceptEncoding: .preferences
            case .authorization, .cookie, .date, .host, .ifModifiedSince, .ifUnmodifiedSince, .userAgent: .opaque
            case .other where text.matches(name, lowercase: "accept-language"): .preferences
            case .other where text.matches(name, lowercase: "accept-charset"): .preferences
            case .other where text.matches(name, lowercase: "referer"): .opaque
            default: .list
            }
    }

    /// Does the request have the field?
    func isPresent(_ request: FieldList, _ text: Span<UInt8>) -> Bool {
        if known != .other { return request.contains(known) }
        let bytes = request.bytes.span
        for field in request.fields where isNamed(field, bytes, text) { return true }
        return false
    }

    /// Writes the values. False: the sink has had enough.
    func write<Sink: SelectingSink>(_ request: FieldList, _ text: Span<UInt8>, to sink: inout Sink) -> Bool {
        if kind == .preferences {
            var count = 0
            let bytes = request.bytes.span
            for field in request.fields where isNamed(field, bytes, text) {
                var members = ListMembers(field.valueRange)
                while members.next(bytes) != nil { count += 1 }
            }
            if count <= Limits.preferencesSorted { return writeSorted(request, text, to: &sink) }
        }
        let bytes = request.bytes.span
        var isFirst = true
        for field in request.fields where isNamed(field, bytes, text) {
            if !isFirst, !sink.put(ASCII.comma) { return false }
            isFirst = false
            let isWritten =
                kind == .opaque
                ? Self.put(bytes, field.valueRange, to: &sink)
                : Self.putList(bytes, field.valueRange, to: &sink)
            if !isWritten { return false }
        }
        return true
    }

    private func isNamed(_ field: FieldList.Field, _ bytes: Span<UInt8>, _ text: Span<UInt8>) -> Bool {
        guard field.name == known else { return false }
        if known != .other { return true }
        let other = field.nameRange
        guard other.count == name.count else { return false }
        for offset in 0..<name.count
        where ASCII.lower(bytes[other.lowerBound + offset]) != text[name.lowerBound + offset] {
            return false
        }
        return true
    }

    private static func put<Sink: SelectingSink>(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        to sink: inout Sink
    ) -> Bool {
        for index in range where !sink.put(bytes[index]) { return false }
        return true
    }

    /// Without blanks around commas, quoted strings as they are. A quote that is never closed is an ordinary character.
    private static func putList<Sink: SelectingSink>(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        to sink: inout Sink
    ) -> Bool {
        var members = QuotedMembers(range)
        var isFirst = true
        while let member = members.next(bytes) {
            if !isFirst, !sink.put(ASCII.comma) { return false }
            isFirst = false
            guard put(bytes, member, to: &sink) else { return false }
        }
        return true
    }

    // MARK: Preferences

    /// The members sorted, each once, in lower case and without blanks. By going through them once for each, which needs
    /// no memory; there are few.
    private func writeSorted<Sink: SelectingSink>(
        _ request: FieldList,
        _ text: Span<UInt8>,
        to sink: inout Sink
    ) -> Bool {
        let bytes = request.bytes.span
        var last: Range<Int>?
        while let next = least(after: last, request, bytes, text) {
            if last != nil, !sink.put(ASCII.comma) { return false }
            for index in next where !ASCII.isBlank(bytes[index]) {
                guard sink.put(ASCII.lower(bytes[index])) else { return false }
            }
            last = next
        }
        return true
    }

    private func least(
        after last: Range<Int>?,
        _ request: FieldList,
        _ bytes: Span<UInt8>,
        _ text: Span<UInt8>
    ) -> Range<Int>? {
        var least: Range<Int>?
        for field in request.fields where isNamed(field, bytes, text) {
            var members = ListMembers(field.valueRange)
            while let member = members.next(bytes) {
                if let last, Self.compare(bytes, member, last) <= 0 { continue }
                if let found = least, Self.compare(bytes, member, found) >= 0 { continue }
                least = member
            }
        }
        return least
    }

    /// Below, equal or above 0, as the first is before, equal to, or after the second.
    private static func compare(_ bytes: Span<UInt8>, _ one: Range<Int>, _ other: Range<Int>) -> Int {
        var left = one.lowerBound
        var right = other.lowerBound
        while true {
            while left < one.upperBound, ASCII.isBlank(bytes[left]) { left += 1 }
            while right < other.upperBound, ASCII.isBlank(bytes[right]) { right += 1 }
            guard left < one.upperBound, right < other.upperBound else { break }
            let difference = Int(ASCII.lower(bytes[left])) - Int(ASCII.lower(bytes[right]))
            if difference != 0 { return difference }
            left += 1
            right += 1
        }
        return (left < one.upperBound ? 1 : 0) - (right < other.upperBound ? 1 : 0)
    }
}
