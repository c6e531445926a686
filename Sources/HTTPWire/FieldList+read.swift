extension FieldList {
    /// Is there a field of this name?
    public func contains(_ name: FieldName) -> Bool { range(of: name) != nil }

    /// Is there a field of this name, in any case?
    public func contains(name: String) -> Bool { firstIndex(of: name) != nil }

    /// The byte range of the first value of that name in ``bytes``: the hot path's way, which allocates nothing.
    public func range(of name: FieldName) -> Range<Int>? {
        guard mayContain(name) else { return nil }
        for field in fields where field.name == name { return field.valueRange }
        return nil
    }

    /// The first value of that name, read as Latin-1.
    public subscript(name: FieldName) -> String? { range(of: name).map { string($0) } }

    /// The first value of that name (any case), read as Latin-1.
    public subscript(name: String) -> String? { firstIndex(of: name).map { valueString(fields[$0]) } }

    /// Every value of that name, one a field line.
    public func values(_ name: FieldName) -> [String] {
        guard mayContain(name) else { return [] }
        return fields.lazy.filter { $0.name == name }.map { valueString($0) }
    }

    /// Every value of that name (any case), one a field line.
    public func values(name: String) -> [String] {
        let known = FieldName(Array(name.utf8).span)
        if known != .other { return values(known) }
        return fields.lazy.filter { isNamed($0, name) }.map { valueString($0) }
    }

    /// The values of all field lines of that name joined with ", " (RFC 9110, section 5.3); nil when there are none.
    public func combined(_ name: FieldName) -> String? {
        let all = values(name)
        return all.isEmpty ? nil : all.joined(separator: ", ")
    }

    /// The values of all field lines of that name (any case) joined with ", "; nil when there are none.
    public func combined(name: String) -> String? {
        let all = values(name: name)
        return all.isEmpty ? nil : all.joined(separator: ", ")
    }

    /// The field's name as it was written.
    public func nameString(_ field: Field) -> String { string(field.nameRange) }

    /// The field's value, read as Latin-1.
    public func valueString(_ field: Field) -> String { string(field.valueRange) }

    /// The bytes of `range`, read as Latin-1.
    public func string(_ range: Range<Int>) -> String {
        let part = bytes[range]
        guard part.contains(where: { $0 >= 0x80 }) else { return String(decoding: part, as: UTF8.self) }
        var text = String.UnicodeScalarView()
        for byte in part { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }

    /// Is `token` (given in lower case) a member of the comma-separated list that all lines of this name make up?
    ///
    /// RFC 9110, section 5.6.1: empty members are skipped. Any case; a member with parameters is not that token.
    public func hasToken(_ name: FieldName, _ token: StaticString) -> Bool {
        guard mayContain(name) else { return false }
        let span = bytes.span
        for field in fields where field.name == name {
            if span.listContains(field.valueRange, token) { return true }
        }
        return false
    }

    func firstIndex(of name: String) -> Int? {
        let known = FieldName(Array(name.utf8).span)
        guard known == .other else {
            return mayContain(known) ? fields.firstIndex { $0.name == known } : nil
        }
        return fields.firstIndex { isNamed($0, name) }
    }

    func isNamed(_ field: Field, _ name: String) -> Bool {
        guard field.name == .other, name.utf8.count == field.nameRange.count else { return false }
        return bytes[field.nameRange].elementsEqual(name.utf8) { ASCII.lower($0) == ASCII.lower($1) }
    }
}

extension Span where Element == UInt8 {
    /// Is `token` (lower case) a member of the comma-separated list in `range`?
    func listContains(_ range: Range<Int>, _ token: StaticString) -> Bool {
        var start = range.lowerBound
        while start <= range.upperBound {
            var end = start
            while end < range.upperBound, self[end] != ASCII.comma { end &+= 1 }
            let member = trimmingBlanks(start..<end)
            if !member.isEmpty, matches(member, lowercase: token) { return true }
            start = end &+ 1
        }
        return false
    }
}
