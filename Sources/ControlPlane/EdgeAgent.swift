public import HTTPClient
import HTTPWire
public import Logging
import NIOConcurrencyHelpers
import NIOCore

/// The edge's side of control: registers, follows the log, has it applied, confirms, renews the lease. An actor.
///
/// The edge serves on whatever happens here; ``lease`` and ``status`` tell it how.
public actor EdgeAgent {
    /// Applies entries, in order, and returns when all loops of the edge see them. What throws is not confirmed and comes again.
    /// `position` belongs to the last of them, for whoever keeps it on disk together with what was applied.
    public typealias Apply = @Sendable (_ entries: [PurgeEntry], _ position: LogPosition) async throws -> Void
    /// The log is another one than the edge has followed, or the edge has followed none: returns when nothing that is stored
    /// now is served without revalidation any more, on all loops. The log is followed from `position` on.
    public typealias Reset = @Sendable (_ position: LogPosition) async throws -> Void

    /// Until when stored answers may be served unasked.
    public nonisolated let lease: EdgeLease

    nonisolated let configuration: EdgeAgentConfiguration
    let client: HTTPClient
    let clock: any BootClock
    let logger: Logger
    let apply: Apply
    let reset: Reset
    let statusBox = NIOLockedValueBox(EdgeAgentStatus())
    /// Rung when more is applied.
    let progressed = Doorbell()
    /// What all loops of the edge see.
    var position: LogPosition?
    var hasLeft = false
    var hasTriedToRegister = false
    private var running: Task<Void, Never>?

    /// An agent that does nothing yet.
    ///
    /// - Parameter position: what the edge has applied and kept, as `apply` or `reset` was told; nil: nothing.
    public init(
        _ configuration: EdgeAgentConfiguration,
        client: HTTPClient,
        position: LogPosition?,
        clock: any BootClock = SystemBootClock(),
        logger: Logger,
        apply: @escaping Apply,
        reset: @escaping Reset
    ) {
        self.configuration = configuration
        self.client = client
        self.position = position
        self.clock = clock
        self.logger = logger
        self.apply = apply
        self.reset = reset
        lease = EdgeLease(endless: configuration.onLostControl == .serve, clock: clock)
        statusBox.withLockedValue {
            $0.log = position?.log
            $0.applied = position?.number ?? 0
        }
    }

    /// How the edge stands to control just now.
    public nonisolated var status: EdgeAgentStatus {
        statusBox.withLockedValue { $0 }
    }

    /// Works until the task is cancelled or the edge leaves. To be called once.
    public func run() async {
        guard !hasLeft, running == nil else { return }
        let task = Task { await self.work() }
        running = task
        await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Tells control that the edge has stopped serving, so that no purge waits for it. Ends ``run()``.
    ///
    /// The lease ends first: what is still being drained asks the origin. Takes at most 2 seconds when control is away.
    public func leave() async {
        hasLeft = true
        lease.close()
        running?.cancel()
        await running?.value
        guard hasTriedToRegister else { return }
        for control in configuration.controls {
            do throws(ControlClientError) {
                let target = "\(edgePath)?instance=\(configuration.instance)"
                try await caller(control).call("DELETE", target, seconds: 2)
                note { $0.isRegistered = false }
                return
            } catch {
                logger.warning("Leaving: \(error)")
            }
        }
    }

    private func work() async {
        var backoff = Backoff()
        var next = 0
        while !hasLeft, !Task.isCancelled, !configuration.controls.isEmpty {
            let caller = caller(configuration.controls[next % configuration.controls.count])
            var seconds: Double
            do throws(ControlClientError) {
                let leaseSeconds = try await register(caller)
                backoff.reset()
                let error = await session(caller, leaseSeconds)
                seconds = backoff.next()
                report(error)
            } catch {
                seconds = error.retrySeconds ?? backoff.next()
                // A token that is not known now will hardly be in a moment, and edges are not to fill control's log.
                if error.kind == .unauthorized || error.kind == .forbidden { seconds = max(seconds, 2) }
                report(error)
            }
            note { $0.isFollowing = false }
            next += 1
            if !hasLeft { try? await Task.sleep(nanoseconds: UInt64(SystemBootClock.nanoseconds(seconds))) }
        }
        note { $0.isFollowing = false }
    }

    /// Follows and renews at one control until one of them cannot go on; gives why.
    private func session(_ caller: ControlCaller, _ leaseSeconds: Double) async -> ControlClientError {
        await withTaskGroup(of: ControlClientError.self) { group in
            group.addTask { await self.followLoop(caller, leaseSeconds) }
            group.addTask { await self.renewLoop(caller, leaseSeconds) }
            let first = await group.next()
            group.cancelAll()
            return first ?? ControlClientError(.cancelled, "The agent was stopped.")
        }
    }

    // MARK: - What its parts share

    var edgePath: String { "/v1/edges/\(configuration.id)" }

    func caller(_ control: Endpoint) -> ControlCaller {
        ControlCaller(
            endpoint: control,
            token: configuration.token,
            client: client,
            eventLoop: configuration.eventLoop
        )
    }

    nonisolated func note(_ change: (inout EdgeAgentStatus) -> Void) {
        statusBox.withLockedValue(change)
    }

    /// Says what is wrong, once for each new thing.
    func report(_ error: ControlClientError) {
        guard !hasLeft, error.kind != .cancelled else { return }
        let isNew = statusBox.withLockedValue { status in
            defer { status.problem = error.description }
            return status.problem != error.description
        }
        if isNew { logger.warning("\(error.description)") }
    }
}
