/// How an insertion ended. A value.
public enum InsertOutcome: Sendable {
    /// It is in memory now, and on its way to disk when admitted there. The resource as stored, with its other forms.
    case stored(Resource)
    /// Too large for memory, but accepted for the disk: it can be loaded once it is written.
    case diskOnly
    /// Not stored, for this reason; serve it and forget it.
    case refused(Refusal)

    /// Why something was not stored. The raw values are for logs and metrics.
    public enum Refusal: String, Sendable, CaseIterable {
        /// A purge that covers it came after its origin request had started (rule N2).
        case purged
        /// What is stored under the key was asked of the origin later.
        case superseded
        /// It takes more than one object may, in memory and on disk.
        case tooLarge = "too-large"
        /// Fills in flight hold the whole budget.
        case noRoom = "no-room"
        /// What would have to leave memory for it is worth more (`cache.policy`), and no disk takes it.
        case notAdmitted = "not-admitted"
    }

    /// Whether it is in memory or on its way to the disk.
    public var isStored: Bool {
        if case .refused = self { false } else { true }
    }

    /// The resource as stored in memory.
    public var resource: Resource? {
        if case .stored(let resource) = self { return resource }
        return nil
    }
}
