import HTTPWire

/// Which part of what an answer carries (RFC 9110, section 14.4). A value.
public struct ContentRange: Sendable, Equatable {
    /// The bytes that the body holds; nil in a 416, which has none of them.
    public var range: Range<UInt64>?
    /// Bytes of the whole; nil when the origin does not know it.
    public var completeLength: UInt64?

    /// A part as given.
    public init(range: Range<UInt64>?, completeLength: UInt64?) {
        self.range = range
        self.completeLength = completeLength
    }

    /// Parses `bytes 0-99/1000`, `bytes 0-99/*` and `bytes */1000`. nil: another unit, or numbers that cannot be true.
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count > 6, Array("bytes ".utf8) == bytes.prefix(6).map({ $0 | 0x20 }) else { return nil }
        let parts = bytes.dropFirst(6).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let isUnknown = parts[1].elementsEqual("*".utf8)
        completeLength = Self.number(parts[1])
        guard completeLength != nil || isUnknown else { return nil }
        if parts[0].elementsEqual("*".utf8) {
            range = nil
            // `*/*` says nothing.
            if isUnknown { return nil }
            return
        }
        let ends = parts[0].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]), first <= last,
            last < completeLength ?? .max, last < .max
        else { return nil }
        range = first..<last + 1
    }

    /// Is this the part that was asked for, or the beginning of it? A server may send less than it was asked for
    /// (RFC 9110, section 15.3.7), but what does not begin where it should is of no use to who asked.
    public func answers(_ asked: OriginRange) -> Bool {
        guard let range else { return false }
        switch asked {
        case .bytes(let first, let last):
            return range.lowerBound == first && range.upperBound - 1 <= last ?? .max
        case .suffix(let count):
            guard let completeLength else { return false }
            return range.upperBound == completeLength && range.lowerBound == completeLength - min(count, completeLength)
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        // Too large for a position: it cannot be true.
        return UInt64(String(decoding: digits, as: UTF8.self))
    }
}

extension ContentRange {
    /// What a 206 or a 416 says of its part, if that can be: the body's length, where it is known, is that of the part.
    init?(_ head: ResponseHead, length: UInt64?) {
        guard head.status == 206 || head.status == 416, let text = head.fields[.contentRange],
            head.fields.values(.contentRange).count == 1, let parsed = ContentRange(text)
        else { return nil }
        guard head.status == 206 else {
            guard parsed.range == nil else { return nil }
            self = parsed
            return
        }
        guard let range = parsed.range, length ?? UInt64(range.count) == UInt64(range.count) else { return nil }
        self = parsed
    }
}
