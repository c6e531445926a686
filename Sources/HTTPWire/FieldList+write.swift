extension FieldList {
    /// Adds a field line at the end. A String is written as Latin-1, scalars above U+00FF as UTF-8.
    public mutating func append(_ name: FieldName, _ value: some StringProtocol) {
        guard let nameRange = appendName(name) else { return }
        let start = bytes.count
        bytes.appendLatin1(value)
        finish(name, nameRange, valueStart: start)
    }

    /// Adds a field line at the end.
    public mutating func append(_ name: FieldName, _ value: some Collection<UInt8>) {
        guard let nameRange = appendName(name) else { return }
        let start = bytes.count
        bytes.append(contentsOf: value)
        finish(name, nameRange, valueStart: start)
    }

    /// Adds a field line at the end and recognises known names. False, and nothing is added, if the name is no token.
    @discardableResult
    public mutating func append(name: String, _ value: some StringProtocol) -> Bool {
        guard let (known, nameRange) = appendName(name.utf8) else { return false }
        let start = bytes.count
        bytes.appendLatin1(value)
        finish(known, nameRange, valueStart: start)
        return true
    }

    /// Adds a field line at the end and recognises known names. False, and nothing is added, if the name is no token.
    @discardableResult
    public mutating func append(nameBytes: some Collection<UInt8>, _ value: some Collection<UInt8>) -> Bool {
        guard let (known, nameRange) = appendName(nameBytes) else { return false }
        let start = bytes.count
        bytes.append(contentsOf: value)
        finish(known, nameRange, valueStart: start)
        return true
    }

    /// Adds a field of another list, spelling and all.
    public mutating func append(_ field: Field, of list: FieldList) {
        let nameStart = bytes.count
        bytes.append(contentsOf: list.bytes[field.nameRange])
        let nameRange = nameStart..<bytes.count
        let valueStart = bytes.count
        bytes.append(contentsOf: list.bytes[field.valueRange])
        finish(field.name, nameRange, valueStart: valueStart)
    }

    /// Replaces every field line of that name by one, which stands where the first stood.
    public mutating func set(_ name: FieldName, _ value: some StringProtocol) {
        let place = mayContain(name) ? fields.firstIndex { $0.name == name } : nil
        append(name, value)
        settle(at: place) { $0.name == name }
    }

    /// Replaces every field line of that name (any case) by one, which stands where the first stood.
    public mutating func set(name: String, _ value: some StringProtocol) {
        let place = firstIndex(of: name)
        guard append(name: name, value) else { return }
        let known = fields[fields.count - 1].name
        let copy = self
        settle(at: place) { known == .other ? copy.isNamed($0, name) : $0.name == known }
    }

    /// Removes every field line of that name.
    public mutating func remove(_ name: FieldName) {
        guard name != .other, mayContain(name) else { return }
        fields.removeAll { $0.name == name }
        present &= ~(1 &<< UInt64(name.rawValue))
    }

    /// Removes every field line of that name, in any case.
    public mutating func remove(name: String) {
        let known = FieldName(Array(name.utf8).span)
        guard known == .other else { return remove(known) }
        let copy = self
        fields.removeAll { copy.isNamed($0, name) }
    }

    /// Removes every field line for which `matches` holds.
    public mutating func removeAll(where matches: (Field, FieldList) -> Bool) {
        let copy = self
        fields.removeAll { matches($0, copy) }
    }

    /// Moves the last field to `place` and drops the others that `matches` finds. nil: it stays where it is.
    private mutating func settle(at place: Int?, _ matches: (Field) -> Bool) {
        guard let place, place < fields.count - 1 else { return }
        let new = fields.removeLast()
        fields[place] = new
        var index = fields.count - 1
        while index > place {
            if matches(fields[index]) { fields.remove(at: index) }
            index -= 1
        }
    }

    private mutating func appendName(_ name: FieldName) -> Range<Int>? {
        guard name != .other else { return nil }
        let start = bytes.count
        bytes.append(contentsOf: name.text.utf8)
        return start..<bytes.count
    }

    private mutating func appendName(_ name: some Collection<UInt8>) -> (FieldName, Range<Int>)? {
        let start = bytes.count
        bytes.append(contentsOf: name)
        guard bytes.count > start, bytes[start...].allSatisfy(ASCII.isToken) else {
            bytes.removeSubrange(start...)
            return nil
        }
        let range = start..<bytes.count
        return (FieldName(bytes.span, range), range)
    }

    /// Makes the value harmless and trims it, as a recipient would (RFC 9110, section 5.5), and notes the field.
    private mutating func finish(_ name: FieldName, _ nameRange: Range<Int>, valueStart: Int) {
        for index in valueStart..<bytes.count where bytes[index] < 0x20 || bytes[index] == 0x7F {
            if bytes[index] != ASCII.tab { bytes[index] = ASCII.space }
        }
        let value = bytes.span.trimmingBlanks(valueStart..<bytes.count)
        note(
            Field(
                name: name,
                nameStart: UInt32(truncatingIfNeeded: nameRange.lowerBound),
                nameEnd: UInt32(truncatingIfNeeded: nameRange.upperBound),
                valueStart: UInt32(truncatingIfNeeded: value.lowerBound),
                valueEnd: UInt32(truncatingIfNeeded: value.upperBound)
            )
        )
    }
}

extension [UInt8] {
    /// Appends text as Latin-1; scalars that Latin-1 does not have are written as UTF-8.
    mutating func appendLatin1(_ text: some StringProtocol) {
        let start = count
        append(contentsOf: text.utf8)
        guard self[start...].contains(where: { $0 >= 0x80 }) else { return }
        removeSubrange(start...)
        for scalar in text.unicodeScalars {
            if let byte = UInt8(exactly: scalar.value) {
                append(byte)
            } else {
                append(contentsOf: String(scalar).utf8)
            }
        }
    }
}
