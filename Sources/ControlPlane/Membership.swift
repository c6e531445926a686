/// Which edges could still be serving old bytes. A value: a pure state machine, time is passed in.
///
/// The rules, from which everything else follows:
///
/// 1. An edge serves what it has stored without asking only until `sending of its last granted renewal + lease`. Control
///    counts it as doing so until `granting + lease + margin`, which is later. Both use a clock that counts suspend.
/// 2. A renewal is granted only to an edge that has applied everything older than ``Timing/lagNanoseconds``, so a stuck
///    edge loses its lease.
/// 3. A purge is done when every edge has confirmed it, has left, or has certainly lost its lease.
/// 4. What a purge was reported done without, an edge must have applied before it gets a lease again
///    (``Member/mustReach``). The same holds for everything in the log when control started, and when the edge registered.
/// 5. Nothing that happened before control started is known: until lease and margin have passed, every registered edge
///    counts as holding a lease, and with a log that was just made, unknown ones do too.
struct Membership: Sendable {
    /// The lengths of time. A value, in nanoseconds.
    struct Timing: Sendable {
        /// How long an edge may serve without asking, from sending its renewal.
        var leaseNanoseconds: Int64
        /// What control adds for clocks that run at different speeds.
        var marginNanoseconds: Int64
        /// The age from which an entry must be applied by whoever renews.
        var lagNanoseconds: Int64

        /// How long control counts an edge as serving, from granting.
        var heldNanoseconds: Int64 { leaseNanoseconds + marginNanoseconds }
    }

    /// One edge instance. A value.
    struct Member: Sendable {
        /// What the registry keeps; its `applied` is for people, it may be from before this control started.
        var record: EdgeRecord
        /// The last number that it has confirmed to this control. Only this counts.
        var applied: UInt64
        /// The number that it must have applied before it gets a lease.
        var mustReach: UInt64
        /// Until when it counts as serving without asking; nil: it does not.
        var heldUntil: Int64?
        /// Whether `heldUntil` comes from a lease, and not from caution.
        var isGranted = false
        /// When it was last heard, by control's clock.
        var heardAt: Int64
        /// Log streams that it has open.
        var openStreams = 0

        /// Whether it certainly asks the origin before it serves anything stored.
        func isLost(_ now: Int64) -> Bool {
            guard record.onLostControl == .revalidate else { return false }
            guard let heldUntil else { return true }
            return now >= heldUntil
        }
    }

    let timing: Timing
    /// All instances that matter, by instance.
    private(set) var members: [String: Member] = [:]
    /// The log's last number.
    private(set) var lastNumber: UInt64
    /// Until when edges that this control has never heard of may hold a lease.
    let strangersUntil: Int64?
    /// Entries younger than the lag, oldest first.
    private var young: [(number: UInt64, since: Int64)] = []
    /// The last number that is older than the lag.
    private var settledNumber: UInt64

    /// The state after a start of control.
    ///
    /// - Parameter mayHaveStrangers: the log was just made, so edges of an earlier one may be about.
    init(timing: Timing, records: [EdgeRecord], lastNumber: UInt64, mayHaveStrangers: Bool, now: Int64) {
        self.timing = timing
        self.lastNumber = lastNumber
        settledNumber = lastNumber
        strangersUntil = mayHaveStrangers ? now + timing.heldNanoseconds : nil
        for record in records {
            members[record.instance] = Member(
                record: record,
                applied: 0,
                mustReach: lastNumber,
                heldUntil: now + timing.heldNanoseconds,
                heardAt: now
            )
        }
    }

    /// The log has grown; numbers come in order.
    mutating func published(_ number: UInt64, now: Int64) {
        guard number > lastNumber else { return }
        lastNumber = number
        // A burst beyond any sensible rate counts as old at once: stricter for the edges, never wrong.
        if young.count >= 16_384 { settledNumber = young.removeFirst().number }
        young.append((number, now))
    }

    /// The last number that everyone who renews must have applied.
    private mutating func numberDue(_ now: Int64) -> UInt64 {
        let due = young.prefix { now - $0.since >= timing.lagNanoseconds }
        if let newest = due.last {
            settledNumber = newest.number
            young.removeFirst(due.count)
        }
        return settledNumber
    }

    /// Changes one member in place; nothing happens when there is none.
    mutating func update(_ instance: String, _ change: (inout Member) -> Void) {
        guard var member = members[instance] else { return }
        change(&member)
        members[instance] = member
    }

    /// Puts a member in or takes one out.
    mutating func set(_ instance: String, _ member: Member?) {
        members[instance] = member
    }

    /// An edge opened or closed a log stream.
    mutating func countStream(_ instance: String, by change: Int) {
        update(instance) { $0.openStreams = max(0, $0.openStreams + change) }
    }
}

// MARK: - Leases

extension Membership {
    /// What becomes of a renewal. A value.
    enum Renewal: Equatable {
        /// The lease runs from the sending of the request.
        case granted
        /// Not before `needs` is applied: purges may have been reported done without this edge. It counts as serving from here on,
        /// so that the number does not run away from it.
        case mustCatchUp(needs: UInt64)
        /// Not before `needs` is applied: it is older than the lag.
        case behind(needs: UInt64)
        /// It says that it has applied what the log does not have.
        case ahead
        /// The instance is not registered: register again.
        case unknown
        /// Another instance has taken its id.
        case superseded
        /// The operator removed it.
        case removed
    }

    /// An edge confirms what it has applied and asks for a lease.
    ///
    /// - Parameter applied: the number that all its loops see.
    mutating func renew(_ instance: String, applied: UInt64, wallMilliseconds: Int64, now: Int64) -> Renewal {
        guard var member = members[instance] else { return .unknown }
        guard applied <= lastNumber else { return .ahead }
        member.heardAt = now
        member.record.lastSeen = wallMilliseconds
        member.applied = max(member.applied, applied)
        member.record.applied = member.applied
        defer { members[instance] = member }
        switch member.record.standing {
        case .superseded: return .superseded
        case .removed: return .removed
        case .member, .retiring: break
        }
        let due = numberDue(now)
        guard member.applied >= due else { return .behind(needs: max(due, member.mustReach)) }
        member.heldUntil = now + timing.heldNanoseconds
        guard member.applied >= member.mustReach else { return .mustCatchUp(needs: member.mustReach) }
        member.isGranted = true
        return .granted
    }
}

// MARK: - Proof

extension Membership {
    /// How the fleet stands to one purge. A value.
    struct Evaluation: Sendable {
        /// How each instance stands, by instance.
        var states: [String: ConfirmationState] = [:]
        /// No edge can serve anything older than the purge, except for requests that began before.
        var isDone: Bool
        /// When time alone may change the answer; nil: never.
        var nextChange: Int64?
        /// Until when edges of an earlier log may be about; nil: that is over.
        var strangersUntil: Int64?
    }

    /// How the fleet stands to `number`, which is in the log.
    ///
    /// When the answer is "done", the edges that it was done without are held to it: they get no lease before they have applied it.
    mutating func evaluate(_ number: UInt64, now: Int64) -> Evaluation {
        var result = Evaluation(isDone: true)
        if let strangersUntil, now < strangersUntil {
            result.isDone = false
            result.nextChange = strangersUntil
            result.strangersUntil = strangersUntil
        }
        var lost: [String] = []
        for (instance, member) in members {
            if member.applied >= number {
                result.states[instance] = .confirmed
            } else if member.isLost(now) {
                lost.append(instance)
                // Who registered later was never expected, and has no lease before it has applied this number.
                if member.record.joinedAt < number { result.states[instance] = .leaseLost }
            } else {
                result.states[instance] = .pending
                result.isDone = false
                if member.record.onLostControl == .revalidate, let heldUntil = member.heldUntil {
                    result.nextChange = min(result.nextChange ?? heldUntil, heldUntil)
                }
            }
        }
        if result.isDone {
            for instance in lost { update(instance) { $0.mustReach = max($0.mustReach, number) } }
        }
        return result
    }
}
