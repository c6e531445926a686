/// How a control server is set up. A value.
public struct ControlServerConfiguration: Sendable {
    /// The name or address to listen on.
    public var host: String
    /// The port; 0 takes a free one.
    public var port: Int
    /// Who may do what.
    public var tokens: [AccessToken]
    /// How long an edge may serve what it has stored after it has sent a renewal, in seconds.
    public var leaseSeconds: Double
    /// What is added on this side before a lease counts as ended, for clocks that run at different speeds, in seconds.
    public var marginSeconds: Double
    /// The age from which an edge that renews must have applied an entry, in seconds.
    public var lagSeconds: Double
    /// A log that is made at this start waits for lease and margin before any purge is done, because edges of a log that was lost
    /// may be about. False only for one who knows that there are none (`apus up` with a data folder that it has just made).
    public var mayHaveEdgesOfAnEarlierLog: Bool
    /// Bounds.
    public var limits: ControlLimits

    /// The usual lengths of time: a lease of 5 s, a margin of 1 s, a lag of 1 s.
    public init(
        host: String = "127.0.0.1",
        port: Int = 9_100,
        tokens: [AccessToken],
        leaseSeconds: Double = 5,
        marginSeconds: Double = 1,
        lagSeconds: Double = 1,
        mayHaveEdgesOfAnEarlierLog: Bool = true,
        limits: ControlLimits = .init()
    ) {
        self.host = host
        self.port = port
        self.tokens = tokens
        self.leaseSeconds = leaseSeconds
        self.marginSeconds = marginSeconds
        self.lagSeconds = lagSeconds
        self.mayHaveEdgesOfAnEarlierLog = mayHaveEdgesOfAnEarlierLog
        self.limits = limits
    }
}

/// A page that control serves beside its API, to everyone: it must hold nothing secret. A value.
public struct ControlPage: Sendable {
    /// The path, such as `/`.
    public var path: String
    /// The Content-Type.
    public var contentType: String
    /// The bytes.
    public var bytes: [UInt8]
    /// Further fields, such as a Content-Security-Policy.
    public var fields: [(name: String, value: String)]

    /// A page as given.
    public init(path: String, contentType: String, bytes: [UInt8], fields: [(name: String, value: String)] = []) {
        self.path = path
        self.contentType = contentType
        self.bytes = bytes
        self.fields = fields
    }
}

/// Why a control server does not start. A value.
public struct ControlServerError: Error, Sendable, CustomStringConvertible {
    /// One sentence.
    public let description: String
}
