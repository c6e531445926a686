/// Answers requests with async code. Shared by all loops; made for what is not the hot path: a request costs a task and
/// a few hops between the loop and the task.
public protocol AsyncRequestHandler: Sendable {
    /// Answers one request on `response`.
    ///
    /// The task is cancelled when the client leaves. An error thrown before the head was sent becomes a 500 and a log
    /// line; one thrown later breaks the connection, so that nobody takes the part for the whole. So does returning
    /// without a complete answer.
    func handle(_ request: AsyncRequest, _ response: AsyncResponseWriter) async throws
}
