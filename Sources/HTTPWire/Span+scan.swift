// The one file of this module that reads memory without the type system's help. Invariant: every raw load lies
// within the span's bounds, which `RawSpan` itself checks (its "unsafe" is only about the loaded type, and every bit
// pattern is a UInt64); buffer pointers never leave the closure that they are given to.

extension Span where Element == UInt8 {
    /// Eight bytes as the machine orders them; comparable only with words loaded the same way.
    @inline(__always)
    func word(at index: Int) -> UInt64 {
        bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
    }

    /// The first byte in `start..<end` that no field line may contain (a control other than HTAB, or DEL), else `end`.
    /// Eight bytes at a time: in a well-formed head it stops only at line ends.
    func firstControl(from start: Int, to end: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var index = start
        while index &+ 8 <= end {
            let word = word(at: index)
            let belowSpace = (word &- ones &* 0x20) & ~word & highs
            let isDelete = word ^ (ones &* 0x7F)
            if belowSpace | ((isDelete &- ones) & ~isDelete & highs) != 0 {
                for offset in index..<index &+ 8 where isControl(self[offset]) { return offset }
            }
            index &+= 8
        }
        while index < end {
            if isControl(self[index]) { return index }
            index &+= 1
        }
        return end
    }

    @inline(__always)
    private func isControl(_ byte: UInt8) -> Bool { (byte < 0x20 && byte != ASCII.tab) || byte == 0x7F }

    /// Do the bytes of `range` equal `text`, which is in lower case, without regard to case?
    package func matches(_ range: Range<Int>, lowercase text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { expected in
            for (index, byte) in expected.enumerated() where ASCII.lower(self[range.lowerBound + index]) != byte {
                return false
            }
            return true
        }
    }

    /// `range` without blanks (SP, HTAB) at either end.
    package func trimmingBlanks(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, ASCII.isBlank(self[start]) { start &+= 1 }
        while start < end, ASCII.isBlank(self[end &- 1]) { end &-= 1 }
        return start..<end
    }

    /// Plain decimal digits, at least one, below 2^63; nil for anything else.
    package func decimal(_ range: Range<Int>) -> UInt64? {
        guard !range.isEmpty else { return nil }
        var value: UInt64 = 0
        for index in range {
            guard ASCII.isDigit(self[index]) else { return nil }
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(self[index] &- 0x30))
            guard !overflowed, !carried, sum <= UInt64(Int64.max) else { return nil }
            value = sum
        }
        return value
    }
}

extension [UInt8] {
    /// Appends the bytes of `range`.
    package mutating func append(_ span: Span<UInt8>, _ range: Range<Int>) {
        span.extracting(range).withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}
