import FoundationEssentials
public import HTTPClient
import NIOCore

/// Control as the command line uses it. A value.
public struct ControlClient: Sendable {
    private let caller: ControlCaller

    /// A client of the control at `endpoint`.
    ///
    /// - Parameter token: nil sends none; control then answers 401 to everything but `/healthz`.
    public init(endpoint: Endpoint, token: BearerToken?, client: HTTPClient) {
        caller = ControlCaller(endpoint: endpoint, token: token, client: client)
    }

    /// Appends a purge to the log. When this returns, the purge is in the log for good; ``wait(for:mode:timeout:onChange:)`` tells
    /// when it is done.
    ///
    /// - Parameter idempotencyKey: repeated calls with the same key are one purge; nil: this call is one of its own, also when
    ///   it has to be sent twice.
    public func purge(
        _ scopes: [PurgeScope],
        soft: Bool = false,
        idempotencyKey: String? = nil
    ) async throws(ControlClientError) -> ControlAPI.PurgeAccepted {
        try await caller.call(
            "POST",
            "/v1/purges",
            body: ControlAPI.PurgeRequest(scopes: scopes, soft: soft),
            idempotencyKey: idempotencyKey ?? UUID().uuidString.lowercased(),
            seconds: 30,
            as: ControlAPI.PurgeAccepted.self
        )
    }

    /// How the fleet stands to a purge.
    public func status(of number: UInt64) async throws(ControlClientError) -> ControlAPI.PurgeStatus {
        try await caller.call("GET", "/v1/purges/\(number)", as: ControlAPI.PurgeStatus.self)
    }

    /// The last purges, newest first; at most 100.
    public func recentPurges(limit: Int = 20) async throws(ControlClientError) -> [ControlAPI.PurgeStatus] {
        try await caller.call("GET", "/v1/purges?limit=\(limit)", as: ControlAPI.PurgeList.self).purges
    }

    /// The registry.
    public func edges() async throws(ControlClientError) -> ControlAPI.EdgeList {
        try await caller.call("GET", "/v1/edges", as: ControlAPI.EdgeList.self)
    }

    /// Takes an edge that is gone for good out of the registry. One that runs registers again.
    public func removeEdge(_ id: String) async throws(ControlClientError) {
        let allowed = id.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard allowed, !id.isEmpty, id.utf8.count <= ControlFieldLimits.idBytes else {
            throw ControlClientError(.badSettings, "\"\(id)\" is not an edge's id.")
        }
        try await caller.call("DELETE", "/v1/edges/\(id)")
    }

    /// Waits for a purge's confirmations.
    ///
    /// A control that is away meanwhile, as during its restart, is asked again until the time is up.
    ///
    /// - Parameter onChange: hears each new state, the last one included.
    public func wait(
        for purge: ControlAPI.PurgeAccepted,
        mode: PurgeWaitMode,
        timeout: Duration,
        onChange: @Sendable (ControlAPI.PurgeStatus) -> Void = { _ in }
    ) async throws(ControlClientError) -> PurgeReport {
        let deadline = ContinuousClock.now + timeout
        var last: ControlAPI.PurgeStatus?
        var backoff = Backoff(first: 0.1, longest: 1)
        while true {
            let left = max((deadline - ContinuousClock.now) / .seconds(1), 0)
            do throws(ControlClientError) {
                let status = try await ask(purge, seen: last?.settled, seconds: mode == .none ? 0 : min(left, 20))
                backoff.reset()
                if status != last { onChange(status) }
                last = status
                if let outcome = mode.outcome(status) { return PurgeReport(status: status, outcome: outcome) }
            } catch {
                let isPassing = error.kind == .unreachable || error.kind == .refused(.unavailable)
                guard isPassing, ContinuousClock.now < deadline else { throw error }
                try? await Task.sleep(nanoseconds: UInt64(SystemBootClock.nanoseconds(min(backoff.next(), left))))
            }
            if Task.isCancelled {
                throw ControlClientError(.cancelled, "The wait for purge \(purge.number) was cancelled.")
            }
            if let last, ContinuousClock.now >= deadline { return PurgeReport(status: last, outcome: .timedOut) }
        }
    }

    private func ask(
        _ purge: ControlAPI.PurgeAccepted,
        seen: Int?,
        seconds: Double
    ) async throws(ControlClientError) -> ControlAPI.PurgeStatus {
        // Milliseconds are enough, and keep the number out of exponents.
        let wait = Double(Int(seconds * 1_000)) / 1_000
        let query = seen.map { "?wait=\(wait)&seen=\($0)" } ?? ""
        let status = try await caller.call(
            "GET",
            "/v1/purges/\(purge.number)\(query)",
            seconds: seconds + 10,
            as: ControlAPI.PurgeStatus.self
        )
        guard status.log == purge.log else {
            throw ControlClientError(
                .logChanged,
                "Control's log was replaced while purge \(purge.number) was waited for; purge again."
            )
        }
        return status
    }
}
