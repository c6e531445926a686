public import HTTPWire
public import Logging
public import NIOCore

/// Runs an ``AsyncRequestHandler``, a task for each request. Loop-confined, as every responder.
public final class AsyncResponder: RequestResponder {
    private let eventLoop: any EventLoop
    private let handler: any AsyncRequestHandler
    private let logger: Logger

    /// A responder for the factory of ``HTTPServer``.
    public init(eventLoop: any EventLoop, handler: any AsyncRequestHandler, logger: Logger) {
        self.eventLoop = eventLoop
        self.handler = handler
        self.logger = logger
    }

    /// Starts the handler's task.
    public func respond(to head: borrowing RequestHead, on exchange: any ServerExchange) {
        AsyncExchange(exchange, head: copy head, logger: logger).run(handler)
    }
}
