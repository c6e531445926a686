extension Membership {
    /// An edge that wants to be registered. A value.
    struct Candidate: Sendable {
        /// What it says of itself; standing and `joinedAt` are decided here.
        var record: EdgeRecord
        /// The instance whose place it takes over with that instance's consent (an upgrade).
        var replaces: String?
    }

    /// What becomes of a registration. A value.
    enum Registration: Sendable {
        /// It is registered. The registry must have `save` and no longer have `delete` before anyone is told.
        case accepted(save: [EdgeRecord], delete: [String])
        /// Another instance with this id runs. By then it may be known to be gone.
        case duplicate(holder: EdgeRecord, nanosecondsLeft: Int64?)
        /// The registry is full.
        case full
    }

    /// An edge registers, for the first time or again.
    ///
    /// The same id with a new instance is what a restart looks like, and also what two edges with one name look like. The new
    /// one is let in when the old one has lost its lease, or when it has neither a log stream nor renewed for half a lease: that
    /// takes seconds after a `kill -9`. The old one then still counts until its lease has certainly ended.
    mutating func register(_ candidate: Candidate, limit: Int, now: Int64) -> Registration {
        let instance = candidate.record.instance
        var save: [EdgeRecord] = []
        var delete: [String] = []
        for (other, holder) in members
        where holder.record.id == candidate.record.id && holder.record.standing == .member && other != instance {
            if candidate.replaces == other {
                update(other) { $0.record.standing = .retiring }
            } else if let left = nanosecondsUntilTakeover(of: holder, now) {
                return .duplicate(holder: holder.record, nanosecondsLeft: left == .max ? nil : left)
            } else if holder.isLost(now) || holder.record.onLostControl == .serve {
                // Nothing more to wait for. (An edge that serves without control and is silent was restarted: its id says so.)
                set(other, nil)
                delete.append(other)
                continue
            } else {
                update(other) { $0.record.standing = .superseded }
            }
            if let changed = members[other] { save.append(changed.record) }
        }
        guard members[instance] != nil || members.count < limit else { return .full }
        save.append(admit(candidate.record, now: now))
        return .accepted(save: save, delete: delete)
    }

    /// How long until `holder`'s id may be taken over without its consent; nil: now. `.max`: as long as it runs.
    private func nanosecondsUntilTakeover(of holder: Member, _ now: Int64) -> Int64? {
        if holder.isLost(now) { return nil }
        let patience =
            holder.record.onLostControl == .serve ? timing.heldNanoseconds : timing.leaseNanoseconds / 2
        if holder.openStreams == 0 {
            let left = holder.heardAt + patience - now
            return left > 0 ? left : nil
        }
        // A stream that looks open may be that of a machine that is gone; then the lease ends.
        guard holder.record.onLostControl == .revalidate, let heldUntil = holder.heldUntil,
            now - holder.heardAt > patience
        else { return .max }
        return heldUntil - now
    }

    private mutating func admit(_ record: EdgeRecord, now: Int64) -> EdgeRecord {
        var record = record
        record.standing = .member
        let earlier = members[record.instance]
        record.joinedAt = earlier?.record.joinedAt ?? lastNumber
        var member = Member(record: record, applied: record.applied, mustReach: lastNumber, heardAt: now)
        if let earlier {
            // The same process again: a lease that it holds goes on to count.
            member.heldUntil = earlier.heldUntil
            member.openStreams = earlier.openStreams
        }
        set(record.instance, member)
        return record
    }

    /// An edge has stopped serving. Gives what it was, nil when it is not registered.
    mutating func leave(_ instance: String) -> EdgeRecord? {
        defer { set(instance, nil) }
        return members[instance]?.record
    }

    /// The operator takes an edge out. All instances of the id get no lease any more; ``reap(now:)`` tells when they are gone.
    ///
    /// Gives the changed records; empty: no such edge.
    mutating func remove(id: String) -> [EdgeRecord] {
        var changed: [EdgeRecord] = []
        for (instance, member) in members where member.record.id == id {
            update(instance) { $0.record.standing = .removed }
            var record = member.record
            record.standing = .removed
            changed.append(record)
        }
        return changed
    }

    /// Takes out the retiring, superseded and removed instances that no longer matter, and gives them.
    mutating func reap(now: Int64) -> [EdgeRecord] {
        var gone: [EdgeRecord] = []
        for (instance, member) in members {
            switch member.record.standing {
            case .member: continue
            case .retiring, .superseded: guard member.isLost(now) else { continue }
            // An edge that serves without control is never certainly lost: here the operator's word counts.
            case .removed: guard member.record.onLostControl == .serve || member.isLost(now) else { continue }
            }
            gone.append(member.record)
            set(instance, nil)
        }
        return gone
    }
}
