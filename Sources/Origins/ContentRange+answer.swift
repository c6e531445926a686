public import HTTPWire

extension ContentRange {
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
        guard let range = parsed.range else { return nil }
        // Not `count`, which is an Int: a hostile origin may name more bytes than that.
        let bytes = range.upperBound - range.lowerBound
        guard length ?? bytes == bytes else { return nil }
        self = parsed
    }
}
