public import HTTPClient
public import NIOCore

/// Who an edge is, and where its control is. A value.
public struct EdgeAgentConfiguration: Sendable {
    /// Where control answers; with several, the next one is tried when one does not.
    public var controls: [Endpoint]
    /// The token, which must have the scope `edge` (or `admin`).
    public var token: BearerToken
    /// The operator's name for the edge: 1 to 64 letters, digits, dots, hyphens and underscores.
    public var id: String
    /// This process: made anew at each start.
    public var instance: String
    /// Where the edge listens, for people.
    public var addresses: [String]
    /// The version of the program.
    public var version: String
    /// What the edge does without a lease. With `revalidate` it promises to ask ``EdgeLease/mayServeWithoutRevalidation``
    /// for each request, and to ask the origin when the answer is no: purges are proven on this promise.
    public var onLostControl: LostControlRule
    /// The instance whose place this one takes with that one's consent (an upgrade).
    public var replaces: String?
    /// Where its connections run; nil: anywhere.
    public var eventLoop: (any EventLoop)?

    /// A configuration as given.
    public init(
        controls: [Endpoint],
        token: BearerToken,
        id: String,
        instance: String = EdgeAgentConfiguration.newInstance(),
        addresses: [String] = [],
        version: String = "",
        onLostControl: LostControlRule,
        replaces: String? = nil,
        eventLoop: (any EventLoop)? = nil
    ) {
        self.controls = controls
        self.token = token
        self.id = id
        self.instance = instance
        self.addresses = addresses
        self.version = version
        self.onLostControl = onLostControl
        self.replaces = replaces
        self.eventLoop = eventLoop
    }

    /// A name that no other process has.
    public static func newInstance() -> String {
        let high = String(UInt64.random(in: 0 ... .max), radix: 36)
        return high + String(UInt64.random(in: 0 ... .max), radix: 36)
    }
}

/// How an edge stands to control. A value, for `/readyz`, metrics and people.
public struct EdgeAgentStatus: Sendable, Equatable {
    /// Whether control knows the edge.
    public var isRegistered = false
    /// Whether the log is being followed.
    public var isFollowing = false
    /// Whether the edge has, since its start, once been granted a lease, having applied all that control had told it to: it may
    /// get traffic. It stays so when control goes away, because a fleet that all leaves the load balancer helps nobody.
    public var isReady = false
    /// The log followed; nil: none yet.
    public var log: String?
    /// The last number applied.
    public var applied: UInt64 = 0
    /// The last number that control has named.
    public var known: UInt64 = 0
    /// How often the log's stream was opened.
    public var streams: UInt64 = 0
    /// Renewals that were granted.
    public var renewals: UInt64 = 0
    /// What is wrong just now, one sentence; nil: nothing.
    public var problem: String?

    /// Whether everything is applied that control has named.
    public var isCaughtUp: Bool { isRegistered && applied >= known }
}
