import Logging

extension ControlCoordinator {
    /// Registers an edge instance, new or again. When this returns, the registry has it.
    func register(
        _ request: ControlAPI.Registration
    ) async throws(ControlFailure) -> ControlAPI.Registered {
        try checkRunning()
        let isReset = try await !isOfThisLog(request.position)
        var record = EdgeRecord(id: request.id, instance: request.instance)
        record.addresses = request.addresses ?? []
        record.version = request.version ?? ""
        record.onLostControl = request.onLostControl ?? .serve
        record.applied = isReset ? 0 : request.position?.number ?? 0
        record.lastSeen = WallClock.nowMilliseconds()
        let now = clock.nowNanoseconds()
        reap(now: now)
        let last = membership.lastNumber
        let answer = ControlAPI.Registered(
            log: log,
            number: last,
            mark: last == 0 ? nil : try await entry(last).mark,
            reset: isReset,
            leaseSeconds: Double(timing.leaseNanoseconds) / 1e9
        )
        let decision = membership.register(
            .init(record: record, replaces: request.replaces),
            limit: limits.edges,
            now: clock.nowNanoseconds()
        )
        switch decision {
        case .full:
            throw ControlFailure(.overloaded, "The registry is full: it holds \(limits.edges) edges.")
        case .duplicate(let holder, let nanosecondsLeft):
            throw duplicate(of: holder, nanosecondsLeft)
        case .accepted(let save, let delete):
            pendingApplied[request.instance] = nil
            do throws(ControlStoreError) {
                try await store.updateEdges(save: save, delete: delete)
            } catch {
                // It has no lease yet, so nobody needs to remember it.
                _ = membership.leave(request.instance)
                throw ControlFailure(error)
            }
        }
        logger.info("edge \(request.id) registered, instance \(request.instance), \(record.addresses)")
        return answer
    }

    private func duplicate(of holder: EdgeRecord, _ nanosecondsLeft: Int64?) -> ControlFailure {
        let place = holder.addresses.first.map { " at \($0)" } ?? ""
        let held = "Edge \(holder.id) is already running\(place) (instance \(holder.instance))"
        guard let nanosecondsLeft else {
            return ControlFailure(
                .duplicateEdge,
                "\(held); give this one another id, or stop that one.",
                retrySeconds: 1
            )
        }
        let seconds = Double(max(nanosecondsLeft, 0) / 1_000_000) / 1_000
        return ControlFailure(
            .duplicateEdge,
            "\(held); if that one is gone, its id is free in \(seconds) s.",
            retrySeconds: min(seconds + 0.01, 1)
        )
    }

    /// Whether `position` counts this log, and this log still has what it counts.
    private func isOfThisLog(_ position: LogPosition?) async throws(ControlFailure) -> Bool {
        guard let position, position.log == log, position.number <= membership.lastNumber else { return false }
        guard let mark = position.mark, position.number > 0 else { return true }
        return try await entry(position.number).mark == mark
    }

    /// Confirms what an edge has applied, and renews its lease when it may have one.
    func renew(_ request: ControlAPI.Renewal, id: String) throws(ControlFailure) -> ControlAPI.Renewed {
        try checkRunning()
        guard request.log == log else { throw logChanged() }
        // Read after the request: the edge's lease runs from before it.
        let now = clock.nowNanoseconds()
        let before = membership.members[request.instance]
        if let before, before.record.id != id {
            throw ControlFailure(.unknownInstance, "Instance \(request.instance) is not one of edge \(id).")
        }
        let decision = membership.renew(
            request.instance,
            applied: request.applied,
            wallMilliseconds: WallClock.nowMilliseconds(),
            now: now
        )
        if let before, let member = membership.members[request.instance] {
            confirmed(member.record, above: before.applied, now: now)
        }
        switch decision {
        case .granted:
            return ControlAPI.Renewed(
                leaseSeconds: Double(timing.leaseNanoseconds) / 1e9,
                number: membership.lastNumber
            )
        case .mustCatchUp(let needs), .behind(let needs):
            throw ControlFailure(
                .behind,
                "Edge \(id) has applied \(request.applied) and gets a lease when it has applied \(needs).",
                needs: needs
            )
        case .ahead: throw logChanged()
        case .unknown:
            throw ControlFailure(.unknownInstance, "Instance \(request.instance) of edge \(id) is not registered.")
        case .superseded:
            throw ControlFailure(.superseded, "Another instance has registered as edge \(id).")
        case .removed:
            throw ControlFailure(.removed, "The operator has removed edge \(id).")
        }
    }

    func logChanged() -> ControlFailure {
        ControlFailure(.logChanged, "Control's log is \(log) and ends at \(membership.lastNumber).")
    }

    /// An edge has stopped serving.
    func leave(instance: String, id: String) async throws(ControlFailure) {
        guard let member = membership.members[instance], member.record.id == id else { return }
        do throws(ControlStoreError) {
            // First for good: after a restart a forgotten edge would otherwise be waited for.
            try await store.updateEdges(save: [], delete: [instance])
        } catch {
            throw ControlFailure(error)
        }
        guard let record = membership.leave(instance) else { return }
        ended(record, as: .left)
        logger.info("edge \(id) left, instance \(instance)")
    }

    /// The operator takes an edge out of the fleet. Purges wait for it until its lease has certainly ended.
    func remove(id: String) async throws(ControlFailure) {
        let changed = membership.remove(id: id)
        guard !changed.isEmpty else { throw ControlFailure(.notFound, "There is no edge \(id).") }
        do throws(ControlStoreError) {
            try await store.updateEdges(save: changed, delete: [])
        } catch {
            throw ControlFailure(error)
        }
        logger.notice("edge \(id) removed by the operator")
        reap(now: clock.nowNanoseconds())
    }

    /// Forgets the instances that no longer matter.
    func reap(now: Int64) {
        let gone = membership.reap(now: now)
        guard !gone.isEmpty else { return }
        for record in gone { ended(record, as: record.standing == .removed ? .removed : .leaseLost) }
        let store = store
        let logger = logger
        Task {
            do throws(ControlStoreError) {
                try await store.updateEdges(save: [], delete: gone.map(\.instance))
            } catch {
                // It comes back as superseded with the next start, and is forgotten again.
                logger.error("\(error)")
            }
        }
    }

    /// The registry as people see it.
    func edges() -> ControlAPI.EdgeList {
        let now = clock.nowNanoseconds()
        reap(now: now)
        let edges = membership.members.values.map { member in
            ControlAPI.Edge(
                id: member.record.id,
                instance: member.record.instance,
                addresses: member.record.addresses,
                version: member.record.version,
                state: state(of: member, now),
                applied: member.record.applied,
                lastSeen: member.record.lastSeen,
                following: member.openStreams > 0
            )
        }
        return ControlAPI.EdgeList(
            log: log,
            number: membership.lastNumber,
            edges: edges.sorted { ($0.id, $0.instance) < ($1.id, $1.instance) }
        )
    }

    private func state(of member: Membership.Member, _ now: Int64) -> String {
        guard member.record.standing == .member else { return member.record.standing.rawValue }
        if member.record.onLostControl == .serve {
            return member.openStreams > 0 || now - member.heardAt < timing.heldNanoseconds ? "serving" : "silent"
        }
        if member.isLost(now) { return member.heldUntil == nil ? "catching_up" : "lease_lost" }
        if member.isGranted { return "ready" }
        return member.heardAt + timing.heldNanoseconds == member.heldUntil ? "catching_up" : "unknown"
    }
}
