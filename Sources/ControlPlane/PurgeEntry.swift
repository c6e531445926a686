/// One purge in control's log. A value.
public struct PurgeEntry: Codable, Sendable, Equatable {
    /// The place in the log, from 1, without gaps.
    public var number: UInt64
    /// A random text made with the entry: tells this entry from another that has its number in a restored log.
    public var mark: String
    /// When control accepted it, in milliseconds since 1970.
    public var acceptedAt: Int64
    /// What is purged.
    public var scopes: [PurgeScope]
    /// A soft purge lets the old bytes be served while they are revalidated.
    public var soft: Bool

    /// An entry as given.
    public init(number: UInt64, mark: String, acceptedAt: Int64, scopes: [PurgeScope], soft: Bool) {
        self.number = number
        self.mark = mark
        self.acceptedAt = acceptedAt
        self.scopes = scopes
        self.soft = soft
    }

    enum CodingKeys: String, CodingKey {
        case number, mark, scopes, soft
        case acceptedAt = "at"
    }
}

/// A purge that has no number yet. A value.
public struct NewPurge: Sendable, Equatable {
    /// See ``PurgeEntry/mark``.
    public var mark: String
    /// Milliseconds since 1970.
    public var acceptedAt: Int64
    /// What is purged.
    public var scopes: [PurgeScope]
    /// See ``PurgeEntry/soft``.
    public var soft: Bool
    /// A text by which a repeated request is recognised; nil: each request is a purge of its own.
    public var idempotencyKey: String?
    /// The name of the token that asked.
    public var actor: String

    /// A purge as given.
    public init(
        mark: String,
        acceptedAt: Int64,
        scopes: [PurgeScope],
        soft: Bool,
        idempotencyKey: String? = nil,
        actor: String
    ) {
        self.mark = mark
        self.acceptedAt = acceptedAt
        self.scopes = scopes
        self.soft = soft
        self.idempotencyKey = idempotencyKey
        self.actor = actor
    }
}
