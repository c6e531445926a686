import NIOCore

/// What a pre-serialised head says already. A value; made in one pass over the head, without allocating.
struct HeadScan: Equatable {
    /// 500 if the status line cannot be read: a fault of the caller.
    var status = 500
    var hasDate = false
    /// The value of Content-Length; nil without one.
    var contentLength: UInt64?

    private static let date: StaticString = "date:"
    private static let length: StaticString = "content-length:"

    /// The parts by themselves, for tests.
    init(status: Int, hasDate: Bool, contentLength: UInt64?) {
        self.status = status
        self.hasDate = hasDate
        self.contentLength = contentLength
    }

    init(_ head: borrowing Span<UInt8>) {
        if head.count >= 12 {
            let digits = (head[9] &- 48, head[10] &- 48, head[11] &- 48)
            if digits.0 < 10, digits.1 < 10, digits.2 < 10 {
                status = Int(digits.0) * 100 + Int(digits.1) * 10 + Int(digits.2)
            }
        }
        var index = 0
        while index < head.count {
            if head[index] == 0x0A, index + 1 < head.count {
                switch head[index + 1] | 0x20 {
                case UInt8(ascii: "d"): if Self.matches(Self.date, head, at: index + 1) { hasDate = true }
                case UInt8(ascii: "c"):
                    if Self.matches(Self.length, head, at: index + 1) {
                        contentLength = Self.decimal(head, at: index + 1 + Self.length.utf8CodeUnitCount)
                    }
                default: break
                }
            }
            index += 1
        }
    }

    /// `lower` is ASCII in lower case; none of its characters has an upper-case twin that is not a letter, but `-` and `:`,
    /// which `| 0x20` leaves alone.
    private static func matches(_ lower: StaticString, _ head: borrowing Span<UInt8>, at start: Int) -> Bool {
        guard head.count - start >= lower.utf8CodeUnitCount else { return false }
        return lower.withUTF8Buffer { expected in
            for index in 0..<expected.count where head[start + index] | 0x20 != expected[index] { return false }
            return true
        }
    }

    private static func decimal(_ head: borrowing Span<UInt8>, at start: Int) -> UInt64? {
        var index = start
        var value: UInt64?
        while index < head.count {
            let byte = head[index]
            index += 1
            if byte == 0x20 && value == nil { continue }
            let digit = byte &- 48
            guard digit < 10 else { break }
            let (product, overflow) = (value ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if overflow || carry { return nil }
            value = sum
        }
        return value
    }
}
