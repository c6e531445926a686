/// What a purge is waited for. A value.
public enum PurgeWaitMode: String, Sendable, CaseIterable {
    /// Every edge has confirmed, left, or certainly lost its lease: nothing older is served any more.
    case all
    /// More than half of the edges have confirmed.
    case quorum
    /// That it is in the log.
    case none

    /// What the wait has come to; nil: go on.
    func outcome(_ status: ControlAPI.PurgeStatus) -> PurgeReport.Outcome? {
        if status.done { return .done }
        switch self {
        case .all: return nil
        case .none: return .accepted
        case .quorum:
            guard let edges = status.edges else { return nil }
            let asked = edges.filter { $0.state != .left && $0.state != .removed }
            let confirmed = asked.count { $0.state == .confirmed }
            return confirmed * 2 > asked.count ? .quorum : nil
        }
    }
}

/// How a wait for a purge ended. A value.
public struct PurgeReport: Sendable, Equatable {
    /// The ends.
    public enum Outcome: String, Sendable {
        /// Nothing older is served any more.
        case done
        /// More than half of the edges have confirmed; the others may still serve older bytes.
        case quorum
        /// It is in the log; nothing is known about the edges.
        case accepted
        /// The time was up before what was waited for came true.
        case timedOut
    }

    /// The last that is known.
    public let status: ControlAPI.PurgeStatus
    /// How it ended.
    public let outcome: Outcome

    /// The edges that may still serve older bytes.
    public var pending: [ControlAPI.Confirmation] {
        (status.edges ?? []).filter { $0.state == .pending }
    }

    /// Why the time was up, one sentence that names the edges.
    public var sentence: String {
        switch outcome {
        case .done: return "Purge \(status.number) is done."
        case .quorum: return "Purge \(status.number) is confirmed by more than half of the edges."
        case .accepted: return "Purge \(status.number) is in the log."
        case .timedOut: break
        }
        let names = pending.map(\.id)
        if !names.isEmpty {
            return "Purge \(status.number) is not confirmed by \(names.joined(separator: ", "))."
        }
        if status.strangersSeconds != nil {
            return """
                Purge \(status.number) is confirmed by all known edges, but control's log is new: it waits until no edge of an \
                earlier log can hold a lease.
                """
        }
        return "Purge \(status.number) is not confirmed by all edges."
    }
}
