public import HTTPWire

/// A request's values of the fields that a response's Vary names: what a stored response carries, so that another
/// request can be compared with it (RFC 9111, section 4.1). A value.
///
/// Its bytes say everything: for each name, sorted and in lower case, `name:value` or, where the request has no such
/// field, `name`, each with a line feed, which no value holds. Values are normalised, so that two requests select the
/// same response exactly when their bytes are equal. No bytes: nothing selects, and every request matches.
public struct VarySelector: Sendable, Hashable {
    /// What is stored.
    public let bytes: [UInt8]

    /// A selector as it was stored.
    public init(bytes: [UInt8]) { self.bytes = bytes }

    /// What of the request selects this response.
    ///
    /// - Parameter acceptEncoding: does Accept-Encoding count? It does not where the cache negotiates the coding itself.
    public init(response: FieldList, request: FieldList, acceptEncoding: Bool) {
        self.init(names: Vary.names(response, acceptEncoding: acceptEncoding), request: request)
    }

    /// The request's values of these fields, whose names are in lower case, sorted, and each there once.
    public init(names: [String], request: FieldList) {
        var bytes = [UInt8]()
        for name in names {
            let text = Array(name.utf8)
            Self.append(text.span, 0..<text.count, of: request, to: &bytes)
        }
        self.bytes = bytes
    }

    /// Does nothing select?
    public var isEmpty: Bool { bytes.isEmpty }

    /// The names of the fields.
    public var names: [String] {
        var names = [String]()
        var records = Records()
        while let record = records.next(bytes.span) { names.append(bytes.span.latin1(record.name)) }
        return names
    }

    /// What another request has of the same fields.
    public func like(_ request: FieldList) -> VarySelector {
        var other = [UInt8]()
        var records = Records()
        while let record = records.next(bytes.span) {
            Self.append(bytes.span, record.name, of: request, to: &other)
        }
        return VarySelector(bytes: other)
    }

    /// Does the request select the stored response? The same as `like(request) == self`, but allocates nothing.
    public func matches(_ request: FieldList) -> Bool { Self.matches(bytes, request) }

    /// The same for the bytes of a selector.
    public static func matches(_ bytes: [UInt8], _ request: FieldList) -> Bool {
        if bytes.isEmpty { return true }
        let span = bytes.span
        var records = Records()
        while let record = records.next(span) {
            let values = SelectingValues(span, record.name)
            guard values.isPresent(request, span) == (record.value != nil) else { return false }
            guard let expected = record.value else { continue }
            var comparison = Comparison(bytes: bytes, range: expected)
            guard values.write(request, span, to: &comparison), comparison.isComplete else { return false }
        }
        return true
    }

    private static func append(
        _ text: Span<UInt8>,
        _ name: Range<Int>,
        of request: FieldList,
        to bytes: inout [UInt8]
    ) {
        let values = SelectingValues(text, name)
        bytes.append(text, name)
        if values.isPresent(request, text) {
            bytes.append(ASCII.colon)
            _ = values.write(request, text, to: &bytes)
        }
        bytes.append(ASCII.lineFeed)
    }

    /// Goes through the fields of a selector. A value.
    private struct Records {
        private var index = 0

        mutating func next(_ bytes: Span<UInt8>) -> (name: Range<Int>, value: Range<Int>?)? {
            guard index < bytes.count else { return nil }
            let start = index
            while index < bytes.count, bytes[index] != ASCII.colon, bytes[index] != ASCII.lineFeed { index += 1 }
            let name = start..<index
            let hasValue = index < bytes.count && bytes[index] == ASCII.colon
            index += 1
            guard hasValue else { return (name, nil) }
            let value = index
            while index < bytes.count, bytes[index] != ASCII.lineFeed { index += 1 }
            defer { index += 1 }
            return (name, value..<index)
        }
    }

    /// Compares what is written with what is expected. A value.
    private struct Comparison: SelectingSink {
        let bytes: [UInt8]
        var range: Range<Int>

        var isComplete: Bool { range.isEmpty }

        mutating func put(_ byte: UInt8) -> Bool {
            guard let index = range.first, bytes[index] == byte else { return false }
            range = index + 1..<range.upperBound
            return true
        }
    }
}
