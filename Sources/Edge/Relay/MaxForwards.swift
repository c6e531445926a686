import HTTPWire

/// Max-Forwards of a TRACE or OPTIONS request (RFC 9110, section 7.6.2). A namespace.
enum MaxForwards {
    private static let name = "Max-Forwards"

    /// What is left; nil: no limit, or nothing that is a number.
    static func left(_ fields: FieldList) -> UInt64? {
        guard let text = fields[name], !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        // More than fits is more than any way has hops.
        return UInt64(text) ?? .max
    }

    /// One less, when it is passed on.
    static func decrement(_ fields: inout FieldList) {
        guard let left = left(fields), left > 0 else { return }
        fields.set(name: name, String(left - 1))
    }
}
