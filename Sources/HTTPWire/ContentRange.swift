/// The value of a Content-Range field in bytes (RFC 9110, section 14.4). A value.
public struct ContentRange: Sendable, Equatable {
    /// The bytes that are enclosed; nil, `*`: none could be (416).
    public var range: Range<UInt64>?
    /// Bytes of the whole representation; nil, `*`: not known.
    public var completeLength: UInt64?

    /// A value from its parts.
    public init(range: Range<UInt64>?, completeLength: UInt64?) {
        self.range = range
        self.completeLength = completeLength
    }

    /// Parses `bytes 0-99/1000`, `bytes 0-99/*` and `bytes */1000`. nil: another unit, malformed, or a range that is
    /// not within the complete length.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        self.init(bytes.span, 0..<bytes.count)
    }

    /// Parses the bytes of `range`, as ``FieldList/range(of:)`` gives it.
    public init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        let value = bytes.trimmingBlanks(range)
        let unit = value.prefix(6)
        guard bytes.matches(unit, lowercase: "bytes "), let slash = value.first(where: { bytes[$0] == ASCII.slash })
        else { return nil }
        let place = unit.upperBound..<slash
        let total = slash + 1..<value.upperBound
        if bytes.isAsterisk(total) {
            completeLength = nil
        } else {
            guard let number = Self.number(bytes, total) else { return nil }
            completeLength = number
        }
        if bytes.isAsterisk(place) {
            // RFC 9110, section 14.4: `*/*` says nothing and is not in the grammar.
            guard completeLength != nil else { return nil }
            self.range = nil
            return
        }
        guard let dash = place.first(where: { bytes[$0] == ASCII.hyphen }),
            let first = Self.number(bytes, place.lowerBound..<dash),
            let last = Self.number(bytes, dash + 1..<place.upperBound),
            first <= last, last < completeLength ?? .max
        else { return nil }
        self.range = first..<last + 1
    }

    /// Appends `bytes 0-99/1000`. An empty range cannot be written: it becomes `*`.
    public func write(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: "bytes ".utf8)
        if let range, !range.isEmpty {
            HeadWriter.decimal(range.lowerBound, into: &bytes)
            bytes.append(ASCII.hyphen)
            HeadWriter.decimal(range.upperBound - 1, into: &bytes)
        } else {
            bytes.append(0x2A)
        }
        bytes.append(ASCII.slash)
        if let completeLength {
            HeadWriter.decimal(completeLength, into: &bytes)
        } else {
            bytes.append(0x2A)
        }
    }

    /// `bytes 0-99/1000`.
    public var text: String {
        var bytes: [UInt8] = []
        write(into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in range {
            guard ASCII.isDigit(bytes[index]) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[index] - ASCII.zero))
            // Too large for a position, as for any other length: it cannot be true.
            if overflow || carry || sum >= UInt64(Int64.max) { return nil }
            value = sum
        }
        return value
    }
}
