internal import GRDB
internal import NIOConcurrencyHelpers
internal import NIOPosix

/// Why an operation did not become durable. *Value*.
enum CommitFailure: Error {
    /// The operation itself refused; nothing of it is in the database, now or after a crash.
    case refused(any Error)
    /// The commit failed. After a crash the database may hold the operation or not, so nothing that either outcome
    /// refers to may be deleted.
    case unknown(any Error)

    var cause: any Error {
        switch self {
        case .refused(let error), .unknown(let error): error
        }
    }
}

/// Group commit: operations that arrive while the disk is busy with a commit share the next one, and each is answered
/// when it is durable. Guarded by a lock that is never held across I/O; operations run one at a time on one thread.
final class CommitQueue: Sendable {
    typealias Body<T> = @Sendable (Database) throws -> T

    private struct Operation: Sendable {
        /// Runs in a savepoint of its own. An error undoes this operation only.
        let run: @Sendable (Database) throws -> Void
        let complete: @Sendable (CommitFailure?) -> Void
    }

    private struct State {
        var pending: [Operation] = []
        var isRunning = false
    }

    private let database: DatabasePool
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let state = NIOLockedValueBox(State())

    init(_ database: DatabasePool) {
        self.database = database
        thread.start()
    }

    func close() async {
        // Closing twice is no error worth telling.
        try? await thread.shutdownGracefully()
    }

    /// Runs `body` in a transaction; returns its result once that is durable.
    func perform<T: Sendable>(_ body: @escaping Body<T>) async throws(CommitFailure) -> T {
        let result = NIOLockedValueBox<T?>(nil)
        let outcome: Result<T, CommitFailure> = await withCheckedContinuation { continuation in
            let operation = Operation { db in
                let value = try body(db)
                result.withLockedValue { $0 = value }
            } complete: { failure in
                if let failure {
                    continuation.resume(returning: .failure(failure))
                } else if let value = result.withLockedValue({ $0 }) {
                    continuation.resume(returning: .success(value))
                } else {
                    continuation.resume(returning: .failure(.refused(CancellationError())))
                }
            }
            enqueue(operation)
        }
        return try outcome.get()
    }

    private func enqueue(_ operation: Operation) {
        let mustStart = state.withLockedValue { state in
            state.pending.append(operation)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        thread.submit { [self] itemState in
            itemState == .active ? drain() : cancelAll()
        }
    }

    private func drain() {
        while true {
            let batch: [Operation] = state.withLockedValue { state in
                let batch = Array(state.pending.prefix(ObjectStoreLimits.commitBatch))
                state.pending.removeFirst(batch.count)
                state.isRunning = !batch.isEmpty
                return batch
            }
            if batch.isEmpty { return }
            commit(batch)
        }
    }

    private func commit(_ batch: [Operation]) {
        var refusals = [CommitFailure?](repeating: nil, count: batch.count)
        var isCommitting = false
        do {
            try database.writeWithoutTransaction { db in
                try db.inTransaction(.immediate) {
                    for (index, operation) in batch.enumerated() {
                        do {
                            try db.inSavepoint {
                                try operation.run(db)
                                return .commit
                            }
                        } catch {
                            // A full disk can make SQLite abandon the whole transaction, and with it the others' work.
                            guard db.isInsideTransaction else { throw error }
                            refusals[index] = .refused(error)
                        }
                    }
                    isCommitting = true
                    return .commit
                }
            }
            for (operation, refusal) in zip(batch, refusals) { operation.complete(refusal) }
        } catch {
            // The last page written carries the commit. If there was no room for all pages, it was not written.
            let isFull = (error as? DatabaseError)?.resultCode == .SQLITE_FULL
            let failure = isCommitting && !isFull ? CommitFailure.unknown(error) : .refused(error)
            for (operation, refusal) in zip(batch, refusals) { operation.complete(refusal ?? failure) }
        }
    }

    private func cancelAll() {
        let batch = state.withLockedValue { state in
            defer { state = State() }
            return state.pending
        }
        for operation in batch { operation.complete(.refused(CancellationError())) }
    }
}
