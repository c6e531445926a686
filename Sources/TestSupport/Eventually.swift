/// What ``eventually(within:_:isolation:_:)`` and ``within(_:_:_:)`` throw when the time is up. A value.
public struct DeadlineExceeded: Error, CustomStringConvertible {
    /// What was waited for, and for how long.
    public let description: String
}

/// Polls `condition` until it holds; throws ``DeadlineExceeded`` when `limit` has passed.
///
/// Polling starts at 1 ms and slows down to 50 ms, so that a test neither sleeps for luck nor burns a core.
public func eventually(
    within limit: Duration = .seconds(20),
    _ what: String = "the condition",
    isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + limit
    var pause = Duration.milliseconds(1)
    while try await !condition() {
        guard clock.now < deadline else {
            throw DeadlineExceeded(description: "\(what) did not come true within \(limit)")
        }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(50))
    }
}

/// Runs `operation` and throws ``DeadlineExceeded`` (and cancels it) when it takes longer than `limit`.
public func within<Result: Sendable>(
    _ limit: Duration = .seconds(20),
    _ what: String = "the operation",
    _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await operation() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else {
            throw DeadlineExceeded(description: "\(what) did not end within \(limit)")
        }
        return result
    }
}
