extension FieldList {
    /// An empty list over bytes in which its fields stand already, with room for `count` of them: see
    /// ``noteStored(name:value:)``. For heads that come back from a disk: two allocations, however many fields there are.
    public init(over bytes: [UInt8], count: Int) {
        self.bytes = bytes
        fields.reserveCapacity(count)
    }

    /// Adds a field whose name and value stand in ``bytes``, within whose bounds the ranges must lie. False, and nothing is
    /// added, when the name is no token, or the value holds what ``append(nameBytes:_:)`` would have changed.
    public mutating func noteStored(name: Range<Int>, value: Range<Int>) -> Bool {
        guard name.upperBound <= Int(UInt32.max), value.upperBound <= Int(UInt32.max),
            let known = Self.known(bytes.span, name: name, value: value)
        else { return false }
        note(
            Field(
                name: known,
                nameStart: UInt32(truncatingIfNeeded: name.lowerBound),
                nameEnd: UInt32(truncatingIfNeeded: name.upperBound),
                valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
                valueEnd: UInt32(truncatingIfNeeded: value.upperBound)
            )
        )
        return true
    }

    /// The name, `other` for one that is not known; nil: name or value is not as it should be.
    private static func known(_ all: Span<UInt8>, name: Range<Int>, value: Range<Int>) -> FieldName? {
        guard !name.isEmpty, name.upperBound <= all.count, value.upperBound <= all.count else { return nil }
        for index in name where !ASCII.isToken(all[index]) { return nil }
        guard all.firstControl(from: value.lowerBound, to: value.upperBound) == value.upperBound,
            all.trimmingBlanks(value) == value
        else { return nil }
        return FieldName(all, name)
    }
}
