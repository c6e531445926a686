/// What an ``AsyncRequestHandler`` meets while it reads or answers. A value.
public enum ExchangeError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The client left, was too slow, or sent a body that cannot be read. The handler's task is cancelled too.
    case clientGone
    /// A call that the answer's state does not allow, such as a body before the head: a fault of the handler.
    case wrongOrder(String)
    /// The body is larger than the caller of `collect` allows, in bytes.
    case bodyTooLarge(limit: Int)
    /// The body was asked for by two tasks at once, or after the answer was complete.
    case bodyUnavailable

    /// One sentence.
    public var description: String {
        switch self {
        case .clientGone: "the client has gone"
        case .wrongOrder(let message): message
        case .bodyTooLarge(let limit): "the request's body is larger than \(limit) bytes"
        case .bodyUnavailable: "the request's body is read already, or cannot be read any more"
        }
    }
}
