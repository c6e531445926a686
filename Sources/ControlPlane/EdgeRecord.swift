/// What an edge instance is to the fleet. A value.
public enum EdgeStanding: String, Codable, Sendable {
    /// Holds its id.
    case member
    /// An upgrade's second process has taken the id; this one goes on until it leaves.
    case retiring
    /// Another instance has taken the id; this one gets no lease any more.
    case superseded
    /// The operator removed it; it gets no lease any more.
    case removed
}

/// What an edge does when its lease has ended. A value.
public enum LostControlRule: String, Codable, Sendable {
    /// It asks the origin before it serves anything that it has stored. A purge can be proven without it.
    case revalidate
    /// It serves on as if nothing had happened. A purge must wait for it, until it confirms or the operator removes it.
    case serve
}

/// One edge instance as the registry keeps it. A value.
public struct EdgeRecord: Codable, Sendable, Equatable {
    /// The operator's name for the edge.
    public var id: String
    /// The process: made anew at each start.
    public var instance: String
    /// Where it listens, for people.
    public var addresses: [String]
    /// The version of its program.
    public var version: String
    /// What it is to the fleet.
    public var standing: EdgeStanding
    /// What it does without a lease.
    public var onLostControl: LostControlRule
    /// The log's last number when it registered: it never serves unchecked what an earlier purge covers.
    public var joinedAt: UInt64
    /// The last number that it has confirmed.
    public var applied: UInt64
    /// When control last heard from it, in milliseconds since 1970.
    public var lastSeen: Int64

    /// A record as given.
    public init(
        id: String,
        instance: String,
        addresses: [String] = [],
        version: String = "",
        standing: EdgeStanding = .member,
        onLostControl: LostControlRule = .revalidate,
        joinedAt: UInt64 = 0,
        applied: UInt64 = 0,
        lastSeen: Int64 = 0
    ) {
        self.id = id
        self.instance = instance
        self.addresses = addresses
        self.version = version
        self.standing = standing
        self.onLostControl = onLostControl
        self.joinedAt = joinedAt
        self.applied = applied
        self.lastSeen = lastSeen
    }
}
