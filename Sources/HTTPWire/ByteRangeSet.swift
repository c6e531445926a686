/// The ranges that a Range field asks for (RFC 9110, section 14.1.2). A value.
public struct ByteRangeSet: Sendable, Equatable {
    /// In the order asked for; never empty.
    public let specs: [ByteRangeSpec]

    /// Parses `bytes=0-99, -5`. nil: another unit, malformed, or more than `limit` ranges; such a field is ignored
    /// (RFC 9110, section 14.2).
    public static func parse(_ text: some StringProtocol, limit: Int = 16) -> ByteRangeSet? {
        let bytes = Array(text.utf8)
        return parse(bytes.span, 0..<bytes.count, limit: limit)
    }

    /// Parses the Range field of a request. nil: none, more than one (it is no list of lines), or as above.
    public static func parse(_ fields: FieldList, limit: Int = 16) -> ByteRangeSet? {
        guard let range = fields.range(of: .range) else { return nil }
        var count = 0
        for field in fields.fields where field.name == .range { count += 1 }
        return count == 1 ? parse(fields.bytes.span, range, limit: limit) : nil
    }

    /// Parses the bytes of `range`, as ``FieldList/range(of:)`` gives it.
    public static func parse(_ bytes: Span<UInt8>, _ range: Range<Int>, limit: Int = 16) -> ByteRangeSet? {
        let prefix = 6
        guard range.count > prefix,
            bytes.matches(range.lowerBound..<range.lowerBound + prefix, lowercase: "bytes=")
        else { return nil }
        var specs = [ByteRangeSpec]()
        var start = range.lowerBound + prefix
        while start <= range.upperBound {
            var end = start
            while end < range.upperBound, bytes[end] != ASCII.comma { end += 1 }
            let member = bytes.trimmingBlanks(start..<end)
            start = end + 1
            if member.isEmpty { continue }
            guard let spec = ByteRangeSpec(bytes, member), specs.count < limit else { return nil }
            specs.append(spec)
        }
        return specs.isEmpty ? nil : ByteRangeSet(specs: specs)
    }

    /// The parts of a body of that length that are asked for. Empty: none can be satisfied (416).
    ///
    /// Ranges that overlap or touch are merged, and then the result is in ascending order, so the parts together are
    /// never longer than the body (RFC 9110, section 15.3.7.2); otherwise they are in the order asked for.
    public func resolve(length: UInt64) -> [Range<UInt64>] {
        let ranges = specs.compactMap { $0.resolve(length: length) }
        let sorted = ranges.sorted { $0.lowerBound < $1.lowerBound }
        var merged = [Range<UInt64>]()
        for range in sorted {
            if let last = merged.last, range.lowerBound <= last.upperBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged.count == ranges.count ? ranges : merged
    }
}

/// One range of a Range field. A value.
public enum ByteRangeSpec: Sendable, Equatable {
    /// `first-` and `first-last`; positions beyond 2^64 - 1 count as that.
    case from(UInt64, through: UInt64?)
    /// `-length`: the last bytes.
    case suffix(UInt64)

    init?(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        guard let dash = range.first(where: { bytes[$0] == ASCII.hyphen }) else { return nil }
        let first = range.lowerBound..<dash
        let last = dash + 1..<range.upperBound
        if first.isEmpty {
            guard let length = Self.number(bytes, last) else { return nil }
            self = .suffix(length)
        } else if last.isEmpty {
            guard let start = Self.number(bytes, first) else { return nil }
            self = .from(start, through: nil)
        } else {
            guard let start = Self.number(bytes, first), let end = Self.number(bytes, last), start <= end else {
                return nil
            }
            self = .from(start, through: end)
        }
    }

    /// The bytes meant in a body of that length; nil when there are none.
    public func resolve(length: UInt64) -> Range<UInt64>? {
        switch self {
        case .from(let first, let last):
            guard first < length else { return nil }
            guard let last, last < length else { return first..<length }
            return first..<last + 1
        case .suffix(let count):
            guard count > 0, length > 0 else { return nil }
            return length - min(count, length)..<length
        }
    }

    private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in range {
            guard ASCII.isDigit(bytes[index]) else { return nil }
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(bytes[index] - ASCII.zero))
            value = overflow || carry || value == .max ? .max : sum
        }
        return value
    }
}
