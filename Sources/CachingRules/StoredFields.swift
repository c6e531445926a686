public import HTTPWire

/// Which fields of a response are stored (RFC 9111, section 3.1)? A namespace.
public enum StoredFields {
    /// Removes what must not be stored: fields of one connection, with those that Connection names (RFC 9110, section
    /// 7.6.1), fields of the proxy (RFC 9111, section 3.1), and the fields that `private="…"` (section 5.2.2.7) and
    /// `no-cache="…"` (section 5.2.2.4) name. The client that asked gets the latter two kinds.
    public static func prepare(_ fields: inout FieldList, _ control: CacheControl) {
        fields.removeHopByHop()
        removeRestricted(&fields, control)
    }

    /// Are there fields in it that only the client that asked may get?
    public static func hasRestricted(_ fields: FieldList, _ control: CacheControl) -> Bool {
        guard control.restrictsFields else { return false }
        return control.privateFields.contains { fields.contains(name: $0) }
            || control.noCacheFields.contains { fields.contains(name: $0) }
    }

    /// Removes the fields that only the client that asked may get.
    public static func removeRestricted(_ fields: inout FieldList, _ control: CacheControl) {
        guard control.restrictsFields else { return }
        for name in control.privateFields { fields.remove(name: name) }
        for name in control.noCacheFields { fields.remove(name: name) }
    }
}

extension CacheControl {
    /// Does `private="…"` or `no-cache="…"` name fields?
    var restrictsFields: Bool { !privateFields.isEmpty || !noCacheFields.isEmpty }
}
