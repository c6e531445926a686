public import HTTPWire

/// Updates a stored response's fields from a 304 (RFC 9111, sections 3.2 and 4.3.4). A namespace.
public enum StoredHeadUpdate {
    /// Is the 304 about the stored response? False when its validator is another one; then nothing may be updated,
    /// and the stored response is of no use (RFC 9111, section 4.3.4).
    public static func applies(stored: FieldList, notModified: FieldList) -> Bool {
        if let range = notModified.range(of: .etag) {
            guard let kept = stored.range(of: .etag) else { return false }
            guard let new = EntityTag(notModified.bytes.span, range, acceptBare: true),
                let old = EntityTag(stored.bytes.span, kept, acceptBare: true)
            else { return notModified.bytes[range] == stored.bytes[kept] }
            return EntityTag.weakEqual(new, old)
        }
        if let new = Freshness.date(notModified, .lastModified), let old = Freshness.date(stored, .lastModified) {
            return new == old
        }
        return true
    }

    /// The stored fields with those of the 304 in their place.
    ///
    /// Not updated: Content-Length, fields of the connection, and those on which the stored body depends
    /// (Content-Encoding, Content-Range; section 3.2). Age and Date of the stored response are dropped even if the 304
    /// has none, because they describe the older exchange.
    public static func merging(stored: FieldList, notModified: FieldList) -> FieldList {
        var update = notModified
        update.removeHopByHop()
        update.removeAll { field, _ in isKept(field.name) }
        var merged = stored
        merged.removeAll { field, list in
            if field.name == .age || field.name == .date { return true }
            return update.fields.contains { hasSameName(field, list, $0, update) }
        }
        for field in update.fields { merged.append(field, of: update) }
        return merged
    }

    /// Does the stored response's value stand whatever a 304 says?
    private static func isKept(_ name: FieldName) -> Bool {
        switch name {
        case .contentLength, .contentEncoding, .contentRange: true
        default: false
        }
    }

    private static func hasSameName(
        _ one: FieldList.Field,
        _ list: FieldList,
        _ other: FieldList.Field,
        _ otherList: FieldList
    ) -> Bool {
        guard one.name == other.name else { return false }
        if one.name != .other { return true }
        return list.bytes[one.nameRange].elementsEqual(otherList.bytes[other.nameRange]) {
            ASCII.lower($0) == ASCII.lower($1)
        }
    }
}
