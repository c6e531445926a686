/// How one edge stands to one purge. A value.
public enum ConfirmationState: String, Codable, Sendable {
    /// It has applied the purge on all its loops.
    case confirmed
    /// Not yet; the purge waits for it.
    case pending
    /// Its lease has certainly ended: it asks the origin before it serves anything that it has stored.
    case leaseLost = "lease_lost"
    /// It stopped serving and said so.
    case left
    /// The operator removed it.
    case removed
}

/// What is kept of an edge's answer to a purge. A value.
public struct PurgeReceipt: Codable, Sendable, Equatable {
    /// The purge.
    public var number: UInt64
    /// The edge's id.
    public var edge: String
    /// The edge's process.
    public var instance: String
    /// Confirmed, or why it did not have to.
    public var state: ConfirmationState
    /// From control's reading of the request to its reading of the confirmation; nil without a confirmation.
    public var milliseconds: Double?

    /// A receipt as given.
    public init(number: UInt64, edge: String, instance: String, state: ConfirmationState, milliseconds: Double?) {
        self.number = number
        self.edge = edge
        self.instance = instance
        self.state = state
        self.milliseconds = milliseconds
    }
}
