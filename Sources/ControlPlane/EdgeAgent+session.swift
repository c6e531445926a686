import HTTPClient
import Logging
import NIOCore

extension EdgeAgent {
    /// Registers, and has everything revalidated when the log is another one. Gives the length of a lease, in seconds.
    func register(_ caller: ControlCaller) async throws(ControlClientError) -> Double {
        hasTriedToRegister = true
        let registered = try await caller.call(
            "POST",
            "/v1/edges",
            body: ControlAPI.Registration(
                id: configuration.id,
                instance: configuration.instance,
                addresses: configuration.addresses,
                version: configuration.version,
                onLostControl: configuration.onLostControl,
                position: position,
                replaces: configuration.replaces
            ),
            seconds: 5,
            as: ControlAPI.Registered.self
        )
        if registered.reset || position?.log != registered.log {
            let new = LogPosition(log: registered.log, number: registered.number, mark: registered.mark)
            if let position {
                logger.warning(
                    """
                    Control's log has changed from \(position.log) at \(position.number) to \(new.log) at \(new.number): \
                    everything stored is revalidated.
                    """
                )
            }
            do {
                try await reset(new)
            } catch {
                throw ControlClientError(.badSettings, "The edge cannot have everything revalidated: \(error).")
            }
            position = new
        }
        note { status in
            status.isRegistered = true
            status.log = registered.log
            status.applied = position?.number ?? 0
            status.known = registered.number
        }
        return registered.leaseSeconds
    }

    // MARK: - The log

    /// Follows the log, again and again, until that needs a new registration.
    func followLoop(_ caller: ControlCaller, _ leaseSeconds: Double) async -> ControlClientError {
        // Soon enough after a short absence of control to keep the lease.
        var backoff = Backoff(longest: min(2, max(0.1, leaseSeconds / 5)))
        var failures = 0
        while !Task.isCancelled {
            let before = position?.number
            do throws(ControlClientError) {
                try await follow(caller)
            } catch {
                note { $0.isFollowing = false }
                report(error)
                if position?.number != before {
                    backoff.reset()
                    failures = 0
                }
                failures += 1
                switch error.kind {
                case .unreachable, .refused(.unavailable), .refused(.overloaded): break
                default: return error
                }
                // With another control to turn to, three attempts are enough.
                if failures >= 3, configuration.controls.count > 1 { return error }
                let seconds = max(backoff.next(), error.retrySeconds ?? 0)
                try? await Task.sleep(nanoseconds: UInt64(SystemBootClock.nanoseconds(seconds)))
            }
        }
        return ControlClientError(.cancelled, "The agent was stopped.")
    }

    /// Reads one stream to its end, which is always an error.
    private func follow(_ caller: ControlCaller) async throws(ControlClientError) {
        guard let start = position else {
            throw ControlClientError(.logChanged, "The edge has no place in the log yet.")
        }
        let target = "/v1/log?after=\(start.number)&log=\(start.log)&instance=\(configuration.instance)"
        // Heartbeats come every second; without four of them the connection is as good as gone.
        let response = try await caller.stream(target, idleSeconds: 4)
        note { status in
            status.isFollowing = true
            status.streams += 1
            status.problem = nil
        }
        var lines = LineSplitter(limit: ControlFieldLimits.lineBytes)
        do {
            for try await piece in response.body {
                try lines.add(piece)
                try await take(&lines, at: caller.endpoint)
            }
        } catch let error as ControlClientError {
            throw error
        } catch {
            throw caller.unreachable(error)
        }
        throw ControlClientError(.unreachable, "Control at \(caller.endpoint) has ended the log's stream.")
    }

    /// Has the complete lines applied.
    private func take(_ lines: inout LineSplitter, at endpoint: Endpoint) async throws {
        var entries: [PurgeEntry] = []
        while let line = lines.next() {
            // What is neither is a later version's. It must not be passed over: it may be a purge.
            if let entry = try? ControlJSON.decode(PurgeEntry.self, from: line) {
                entries.append(entry)
                if entries.count >= ControlFieldLimits.batchEntries {
                    try await applyAll(entries)
                    entries = []
                }
                continue
            }
            guard let beat = try? ControlJSON.decode(ControlAPI.Heartbeat.self, from: line) else {
                throw ControlClientError(
                    .notControl,
                    "Control at \(endpoint) sends a log that this version cannot read."
                )
            }
            guard beat.log == position?.log else {
                throw ControlClientError(.logChanged, "Control's log is another one now: \(beat.log).")
            }
            note { $0.known = max($0.known, beat.heartbeat) }
        }
        if !entries.isEmpty { try await applyAll(entries) }
    }

    private func applyAll(_ entries: [PurgeEntry]) async throws {
        guard let position else { return }
        let new = entries.drop { $0.number <= position.number }
        guard let last = new.last else { return }
        for (offset, entry) in new.enumerated() where entry.number != position.number + UInt64(offset) + 1 {
            throw ControlClientError(
                .notControl,
                "Control's log jumps from \(position.number) to \(entry.number); it is read again from there."
            )
        }
        let reached = LogPosition(log: position.log, number: last.number, mark: last.mark)
        do {
            try await apply(Array(new), reached)
        } catch {
            throw ControlClientError(.unreachable, "The edge cannot apply purge \(last.number): \(error).")
        }
        self.position = reached
        note { status in
            status.applied = reached.number
            status.known = max(status.known, reached.number)
        }
        progressed.ring()
    }

    // MARK: - The lease

    /// Confirms and renews, at once when more is applied and otherwise three times a lease, until that needs a new registration.
    func renewLoop(_ caller: ControlCaller, _ leaseSeconds: Double) async -> ControlClientError {
        var backoff = Backoff(first: 0.05, longest: min(2, max(0.1, leaseSeconds / 5)))
        while !Task.isCancelled {
            let rung = progressed.count
            guard let position else { return ControlClientError(.logChanged, "The edge has no place in the log yet.") }
            var pause = leaseSeconds / 3
            // Before sending: control's count begins later, when it grants.
            let sentAt = clock.nowNanoseconds()
            do throws(ControlClientError) {
                let renewed = try await caller.call(
                    "POST",
                    "\(edgePath)/renew",
                    body: ControlAPI.Renewal(
                        instance: configuration.instance,
                        log: position.log,
                        applied: position.number
                    ),
                    seconds: max(0.2, leaseSeconds / 2),
                    as: ControlAPI.Renewed.self
                )
                guard !hasLeft else { continue }
                lease.extend(to: sentAt + SystemBootClock.nanoseconds(renewed.leaseSeconds))
                backoff.reset()
                note { status in
                    status.renewals += 1
                    status.isReady = true
                    status.known = max(status.known, renewed.number)
                }
            } catch {
                switch error.kind {
                case .refused(.behind):
                    note { $0.known = max($0.known, error.needs ?? 0) }
                    pause = backoff.next()
                case .unreachable, .refused(.unavailable), .refused(.overloaded):
                    report(error)
                    pause = backoff.next()
                default:
                    return error
                }
            }
            await progressed.wait(since: rung, nanoseconds: SystemBootClock.nanoseconds(pause))
        }
        return ControlClientError(.cancelled, "The agent was stopped.")
    }
}
