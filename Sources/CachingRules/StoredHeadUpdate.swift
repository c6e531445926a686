public import HTTPWire

/// Updates a stored response's fields from a 304 or the answer to a HEAD (RFC 9111, sections 3.2, 4.3.4 and 4.3.5).
/// A namespace.
public enum StoredHeadUpdate {
    /// Is the 304 about the stored response, which alone its request was conditional on?
    ///
    /// False when it has another validator: then nothing may be updated, and the stored response is of no use (section
    /// 4.3.4). One without validators can be about nothing else.
    public static func applies(stored: FieldList, notModified: FieldList) -> Bool {
        if notModified.contains(.etag) { return hasSameTag(stored, notModified) }
        guard let range = notModified.range(of: .lastModified) else { return true }
        guard let kept = stored.range(of: .lastModified) else { return false }
        if let new = Freshness.date(notModified, .lastModified), let old = Freshness.date(stored, .lastModified) {
            return new == old
        }
        return notModified.bytes[range] == stored.bytes[kept]
    }

    /// Does a 304, or the answer to a HEAD, leave it at that which requests the stored response is for (section 4.1)?
    ///
    /// It does not where its Vary names other fields: the stored selector says nothing about these, so that the response
    /// can be of no use to anyone else. Accept-Encoding does not count, since the edge negotiates that itself.
    public static func selectsAlike(stored: FieldList, update: FieldList) -> Bool {
        guard update.contains(.vary) else { return true }
        return Vary.names(update, acceptEncoding: false) == Vary.names(stored, acceptEncoding: false)
    }

    /// What the answer to a HEAD means for the stored response to a GET (section 4.3.5). A value.
    public enum HeadOutcome: Sendable, Equatable {
        /// Nothing.
        case unchanged
        /// These are its fields now.
        case update(FieldList)
        /// It is another representation: what is stored counts as stale.
        case invalidate
    }

    /// Compares a stored response with the answer to a HEAD that it could have been chosen for.
    ///
    /// It is the same where every validator and the length that the answer has are the same. Only a 200 says anything.
    ///
    /// - Parameter bodyLength: bytes of the stored body.
    public static func afterHead(stored: FieldList, bodyLength: UInt64, answer: ResponseHead) -> HeadOutcome {
        guard answer.status == 200 else { return .unchanged }
        let fields = answer.fields
        if fields.contains(.etag), !hasSameTag(stored, fields) { return .invalidate }
        if fields.contains(.lastModified) {
            guard let new = Freshness.date(fields, .lastModified), new == Freshness.date(stored, .lastModified) else {
                return .invalidate
            }
        }
        if let range = fields.range(of: .contentLength), fields.bytes.span.decimal(range) != bodyLength {
            return .invalidate
        }
        if let range = fields.range(of: .contentEncoding) {
            guard let kept = stored.range(of: .contentEncoding), fields.bytes[range] == stored.bytes[kept] else {
                return .invalidate
            }
        }
        return .update(merging(stored: stored, notModified: fields))
    }

    /// The stored fields with those of the 304, or of the answer to a HEAD, in their place.
    ///
    /// Not updated: Content-Length, fields of the connection, and those on which the stored body depends
    /// (Content-Encoding, Content-Range; section 3.2). Age and Date of the stored response are dropped even if the 304
    /// has none, because they describe the older exchange.
    public static func merging(stored: FieldList, notModified: FieldList) -> FieldList {
        var update = notModified
        update.removeHopByHop()
        update.removeAll { field, list in isKept(field, list) }
        // A weak tag would say less of the same bytes.
        if isStrong(stored), !isStrong(update) { update.remove(.etag) }
        var merged = stored
        merged.removeAll { field, list in
            if field.name == .age || field.name == .date { return true }
            return update.fields.contains { hasSameName(field, list, $0, update) }
        }
        for field in update.fields { merged.append(field, of: update) }
        return merged
    }

    private static func isStrong(_ fields: FieldList) -> Bool {
        guard let range = fields.range(of: .etag) else { return false }
        return EntityTag(fields.bytes.span, range).map { !$0.isWeak } ?? false
    }

    /// Does the stored response's value stand whatever a 304 says? A digest of the content (RFC 9530, section 2) would
    /// be that of the 304's own, which it has none of.
    private static func isKept(_ field: FieldList.Field, _ list: FieldList) -> Bool {
        switch field.name {
        case .contentLength, .contentEncoding, .contentRange: true
        case .other: list.bytes.span.matches(field.nameRange, lowercase: "content-digest")
        default: false
        }
    }

    /// A strong tag must be the very one; a weak one may be that of a response with a strong tag (section 4.3.4).
    private static func hasSameTag(_ stored: FieldList, _ other: FieldList) -> Bool {
        guard let range = other.range(of: .etag), let kept = stored.range(of: .etag) else { return false }
        guard let new = EntityTag(other.bytes.span, range, acceptBare: true),
            let old = EntityTag(stored.bytes.span, kept, acceptBare: true)
        else { return other.bytes[range] == stored.bytes[kept] }
        return new.isWeak ? EntityTag.weakEqual(new, old) : EntityTag.strongEqual(new, old)
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
