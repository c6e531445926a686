internal import HTTPWire

/// The conditions of a read, and of the source of a copy. *Value*.
struct ReadConditions: Sendable {
    private let ifMatch: String?
    private let ifNoneMatch: String?
    private let ifModifiedSince: String?
    private let ifUnmodifiedSince: String?

    /// The request's own conditions, or with a prefix those of a copy's source.
    init(_ fields: FieldList, prefix: String = "") {
        ifMatch = fields.combined(name: prefix + "if-match")
        ifNoneMatch = fields.combined(name: prefix + "if-none-match")
        ifModifiedSince = fields[prefix + "if-modified-since"]
        ifUnmodifiedSince = fields[prefix + "if-unmodified-since"]
    }

    enum Outcome: Sendable, Equatable {
        case proceed, notModified
        /// The name of the condition that does not hold.
        case failed(String)
    }

    /// RFC 9110, section 13.2.2. Tags may come bare, since S3 clients send them so; a date that cannot be read is no
    /// condition.
    func evaluate(etag: String, modifiedSeconds: Int64) -> Outcome {
        let current = EntityTag(opaque: etag)
        if let ifMatch {
            guard Self.contains(ifMatch, current) else { return .failed("If-Match") }
        } else if let date = ifUnmodifiedSince.flatMap({ HTTPDate.parse($0) }), modifiedSeconds > date {
            return .failed("If-Unmodified-Since")
        }
        if let ifNoneMatch {
            if Self.contains(ifNoneMatch, current) { return .notModified }
        } else if let date = ifModifiedSince.flatMap({ HTTPDate.parse($0) }), modifiedSeconds <= date {
            return .notModified
        }
        return .proceed
    }

    private static func contains(_ list: String, _ current: EntityTag) -> Bool {
        switch EntityTag.list(list, acceptBare: true) {
        case .any: true
        case .tags(let tags): tags.contains { EntityTag.weakEqual($0, current) }
        }
    }

    /// RFC 9110, section 13.1.5: a range is meant only for the representation that the client has a part of.
    static func rangeApplies(_ fields: FieldList, etag: String, modifiedSeconds: Int64) -> Bool {
        guard let value = fields[.ifRange] else { return true }
        if let tag = EntityTag(value) { return EntityTag.strongEqual(tag, EntityTag(opaque: etag)) }
        return HTTPDate.parse(value) == modifiedSeconds
    }
}
