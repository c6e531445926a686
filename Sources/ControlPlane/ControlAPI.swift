/// The bodies of control's HTTP API, for both sides of it. A namespace of values.
public enum ControlAPI {
    /// `POST /v1/purges`.
    public struct PurgeRequest: Codable, Sendable {
        /// What to purge, at least one scope.
        public var scopes: [PurgeScope]
        /// See ``PurgeEntry/soft``; missing: false.
        public var soft: Bool?
    }

    /// The answer to `POST /v1/purges`.
    public struct PurgeAccepted: Codable, Sendable, Equatable {
        /// The purge's number.
        public var number: UInt64
        /// The identity of the log that the number belongs to.
        public var log: String
    }

    /// One edge's line in ``PurgeStatus``.
    public struct Confirmation: Codable, Sendable, Equatable {
        /// The edge's id.
        public var id: String
        /// The edge's process.
        public var instance: String
        /// How it stands to the purge.
        public var state: ConfirmationState
        /// See ``PurgeReceipt/milliseconds``.
        public var milliseconds: Double?
    }

    /// `GET /v1/purges/N`, and each element of `GET /v1/purges`.
    public struct PurgeStatus: Codable, Sendable, Equatable {
        /// The purge's number.
        public var number: UInt64
        /// The identity of the log.
        public var log: String
        /// When it was accepted, in milliseconds since 1970.
        public var at: Int64
        /// What it covers.
        public var scopes: [PurgeScope]
        /// See ``PurgeEntry/soft``.
        public var soft: Bool
        /// No edge can serve anything older, except to requests that began before.
        public var done: Bool
        /// How many edges are not pending: what `seen=` repeats to wait for a change.
        public var settled: Int
        /// The edges, by id; missing when the token may purge but not read the registry.
        public var edges: [Confirmation]?
        /// Seconds until control is sure that no edge of an earlier log holds a lease; missing: it is.
        public var strangersSeconds: Double?
    }

    /// The answer to `GET /v1/purges`.
    public struct PurgeList: Codable, Sendable, Equatable {
        /// Newest first.
        public var purges: [PurgeStatus]
    }

    /// `POST /v1/edges`.
    public struct Registration: Codable, Sendable {
        /// The operator's name for the edge.
        public var id: String
        /// The process: made anew at each start.
        public var instance: String
        /// Where it listens, for people.
        public var addresses: [String]?
        /// The version of its program.
        public var version: String?
        /// What it does without a lease; missing: `serve`, which makes purges wait for it.
        public var onLostControl: LostControlRule?
        /// What it has applied; missing: nothing that it knows of.
        public var position: LogPosition?
        /// The instance whose place it takes with that one's consent.
        public var replaces: String?
    }

    /// The answer to `POST /v1/edges`.
    public struct Registered: Codable, Sendable, Equatable {
        /// Where the log stands.
        public var log: String
        /// The last number in it.
        public var number: UInt64
        /// The mark of that entry; missing for an empty log.
        public var mark: String?
        /// The edge's position is not one of this log: everything stored must be revalidated, and the log is followed from `number` on.
        public var reset: Bool
        /// The length of a lease, in seconds from sending the renewal.
        public var leaseSeconds: Double
    }

    /// `POST /v1/edges/ID/renew`.
    public struct Renewal: Codable, Sendable {
        /// The process.
        public var instance: String
        /// The log that `applied` counts.
        public var log: String
        /// The number that all loops of the edge see.
        public var applied: UInt64
    }

    /// The answer to a granted renewal.
    public struct Renewed: Codable, Sendable, Equatable {
        /// The length of the lease, in seconds from sending the renewal.
        public var leaseSeconds: Double
        /// The log's last number.
        public var number: UInt64
    }

    /// One edge in ``EdgeList``.
    public struct Edge: Codable, Sendable, Equatable {
        /// The operator's name for the edge.
        public var id: String
        /// The process.
        public var instance: String
        /// Where it listens.
        public var addresses: [String]
        /// The version of its program.
        public var version: String
        /// `ready` (holds a lease), `catching_up`, `lease_lost`, `unknown` (control has just started), `serving` and `silent`
        /// (an edge that serves without control), `retiring`, `superseded`, `removed`.
        public var state: String
        /// The last number that it has confirmed.
        public var applied: UInt64
        /// Milliseconds since 1970.
        public var lastSeen: Int64
        /// Whether it follows the log just now.
        public var following: Bool
    }

    /// The answer to `GET /v1/edges`.
    public struct EdgeList: Codable, Sendable, Equatable {
        /// The log's identity.
        public var log: String
        /// Its last number.
        public var number: UInt64
        /// By id.
        public var edges: [Edge]
    }

    /// A heartbeat line of `GET /v1/log`; every other line is a ``PurgeEntry``.
    public struct Heartbeat: Codable, Sendable, Equatable {
        /// The log's last number.
        public var heartbeat: UInt64
        /// The log's identity.
        public var log: String
    }

    /// The body of every answer that is an error.
    public struct Failure: Codable, Sendable, Equatable {
        /// One sentence.
        public var error: String
        /// A word for programs, see ``ControlFailure/Code``.
        public var code: String
        /// The number to apply before the next renewal.
        public var needs: UInt64?
        /// Seconds after which the same request may succeed.
        public var retrySeconds: Double?
    }
}
