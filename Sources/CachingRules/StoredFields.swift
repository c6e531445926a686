public import HTTPWire

/// Which fields of a response are not stored although they are no connection's (RFC 9111, section 3.1), but reach the
/// client that asked: those that `private="…"` (section 5.2.2.7) and `no-cache="…"` (section 5.2.2.4) name. A namespace.
public enum StoredFields {
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
