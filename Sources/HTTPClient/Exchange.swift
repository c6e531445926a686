import HTTPWire
import NIOCore

/// One request from its call to its end, over one connection or two. Loop-confined.
///
/// It owns the deadlines and the retry rule; the connection owns the bytes.
final class Exchange: ClientExchange {
    enum State {
        /// In the pool's line.
        case waiting
        case running(ClientConnection)
        case finished
    }

    enum Phase {
        case connection, sending, head, body
    }

    let request: ClientRequest
    let method: Method
    let client: LoopClient
    let pool: EndpointPool
    /// The serialised head.
    let head: ByteBuffer
    private(set) var state = State.waiting
    private(set) var isPaused = false
    private(set) var connectionWasReused = false
    private(set) var attempt = 0
    private var delegate: (any ClientResponseDelegate)?
    private var phase = Phase.connection
    private var phaseDeadline = NIODeadline.distantFuture
    private let totalDeadline: NIODeadline
    /// `execute` has not returned yet: nothing may be delivered.
    private var isStarting = true
    /// Its place in the client's list of exchanges with deadlines; -1: in none.
    var slot = -1
    var pump: Task<Void, Never>?
    var pumpWaiter: CheckedContinuation<Void, any Error>?

    init(
        _ request: ClientRequest,
        head: ByteBuffer,
        client: LoopClient,
        pool: EndpointPool,
        delegate: any ClientResponseDelegate
    ) {
        self.request = request
        self.head = head
        self.client = client
        self.pool = pool
        self.delegate = delegate
        method = Method(request.method)
        totalDeadline = request.deadlines.total.map { .now() + $0 } ?? .distantFuture
    }

    func begin() {
        client.watch(self)
        enter(.connection)
        pool.submit(self)
        isStarting = false
    }

    // MARK: The connection's side

    /// The pool has found a connection.
    func assigned(_ connection: ClientConnection, reused: Bool) {
        state = .running(connection)
        connectionWasReused = reused
        enter(.sending)
        connection.run(self)
        if isPaused, case .running(let connection) = state { connection.setReading(false) }
    }

    /// The last byte of the request was given to the connection.
    func requestSent() {
        if phase == .sending { enter(.head) }
    }

    /// The upload waits for the connection, or goes on. While it waits for its own source, no deadline runs; when the
    /// response has begun before its end, both bodies have to stop for the deadline to pass.
    func uploadProgressed(isWritable: Bool) {
        if phase == .body, !isPaused { phaseDeadline = .now() + request.deadlines.bodyIdle }
        guard phase == .sending else { return }
        phaseDeadline = isWritable ? .distantFuture : .now() + request.deadlines.bodyIdle
    }

    /// The server is at work: the time for its head begins anew.
    func receivedInformational(_ head: ResponseHead) {
        if phase == .head { enter(.head) }
        delegate?.clientReceivedInformational(head)
    }

    func receivedHead(_ head: ResponseHead) {
        enter(.body)
        delegate?.clientReceivedHead(head)
    }

    func receivedBody(_ piece: ByteBuffer) {
        if !isPaused { phaseDeadline = .now() + request.deadlines.bodyIdle }
        delegate?.clientReceivedBody(piece)
    }

    /// The response is complete and the connection given back.
    func ended() {
        guard let delegate = finish() else { return }
        delegate.clientReceivedEnd()
    }

    /// The connection ended under it and was given back. `sawBytes`: a part of the response had come.
    func lost(_ error: ClientError, sawBytes: Bool) {
        guard case .running = state else { return }
        let mayRetry = connectionWasReused && !sawBytes
        guard mayRetry, request.isRepeatable, attempt == 0, totalDeadline > .now() else {
            let rule: ClientError.RetryRule = mayRetry ? .reusedConnectionOnly : error.mayRetry
            return fail(ClientError(error.kind, mayRetry: rule, error.message))
        }
        attempt += 1
        stopPump()
        state = .waiting
        enter(.connection)
        pool.submit(self, needsFresh: true)
    }

    func writabilityChanged(_ isWritable: Bool) {
        uploadProgressed(isWritable: isWritable)
        guard isWritable else { return }
        if let waiter = pumpWaiter {
            pumpWaiter = nil
            waiter.resume()
        }
        guard case .pushed = request.body else { return }
        guard isStarting else {
            delegate?.clientMayWrite()
            return
        }
        client.eventLoop.assumeIsolated().execute { self.delegate?.clientMayWrite() }
    }

    // MARK: Ends

    /// Ends it with an error, wherever it is; its connection is closed.
    func fail(_ error: ClientError) {
        detach()
        guard let delegate = finish() else { return }
        if isStarting {
            client.eventLoop.assumeIsolated().execute { delegate.clientFailed(error) }
        } else {
            delegate.clientFailed(error)
        }
    }

    func cancel() {
        detach()
        guard let delegate = finish() else { return }
        let error = ClientError(.cancelled, "the request to \(request.endpoint.hostAndPort) was cancelled")
        client.eventLoop.assumeIsolated().execute { delegate.clientFailed(error) }
    }

    /// Leaves the pool's line, or the connection.
    private func detach() {
        switch state {
        case .waiting: pool.cancel(self)
        case .running(let connection): connection.abort(self)
        case .finished: break
        }
    }

    /// The delegate, the first time.
    private func finish() -> (any ClientResponseDelegate)? {
        guard let delegate else { return nil }
        self.delegate = nil
        state = .finished
        client.unwatch(self)
        stopPump()
        return delegate
    }

    // MARK: Deadlines

    private func enter(_ next: Phase) {
        phase = next
        let deadlines = request.deadlines
        switch next {
        case .connection: phaseDeadline = .now() + deadlines.connect
        case .sending: phaseDeadline = .now() + deadlines.bodyIdle
        case .head: phaseDeadline = isPaused ? .distantFuture : .now() + deadlines.head
        case .body: phaseDeadline = isPaused ? .distantFuture : .now() + deadlines.bodyIdle
        }
    }

    func check(_ now: NIODeadline) {
        if now >= totalDeadline {
            let limit = request.deadlines.total?.text ?? ""
            return fail(ClientError(.totalTimeout, "\(place) did not complete its answer within \(limit)"))
        }
        if now >= phaseDeadline { fail(timeout()) }
    }

    private var place: String { request.endpoint.hostAndPort }

    private func timeout() -> ClientError {
        let deadlines = request.deadlines
        switch phase {
        case .connection:
            let limit = deadlines.connect.text
            if pool.isConnecting { return .connectTimeout(request.endpoint, limit) }
            let inUse = "all \(pool.busyCount) connections to \(place) are in use"
            return ClientError(.queueTimeout, mayRetry: .always, "\(inUse), and none became free within \(limit)")
        case .sending:
            return ClientError(.bodyTimeout, "\(place) took nothing of the request for \(deadlines.bodyIdle.text)")
        case .head:
            return ClientError(.headTimeout, "\(place) sent no answer within \(deadlines.head.text)")
        case .body:
            return ClientError(.bodyTimeout, "\(place) sent nothing of the body for \(deadlines.bodyIdle.text)")
        }
    }

    // MARK: Back-pressure

    func pauseReading() {
        guard !isPaused else { return }
        isPaused = true
        if phase == .head || phase == .body { phaseDeadline = .distantFuture }
        if case .running(let connection) = state { connection.setReading(false) }
    }

    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        if phase == .head || phase == .body { enter(phase) }
        if case .running(let connection) = state { connection.setReading(true) }
    }
}
