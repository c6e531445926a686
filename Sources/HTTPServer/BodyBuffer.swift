import NIOConcurrencyHelpers
import NIOCore

/// Where a request's body waits between the event loop, which fills it, and the task that reads it. Guarded by a lock.
final class BodyBuffer: Sendable {
    /// What the reader asks of the loop. Called from any thread.
    enum Demand {
        /// Begin reading the body.
        case start
        /// Go on after a pause.
        case resume
    }

    fileprivate struct State {
        var pieces: [ByteBuffer] = []
        /// The first piece that has not been taken; the array is emptied when all have been.
        var first = 0
        var bytes = 0
        var started = false
        var paused = false
        var ended = false
        var failure: (any Error)?
        var reader: CheckedContinuation<ByteBuffer?, any Error>?
    }

    private let state = NIOLockedValueBox(State())
    private let demand: @Sendable (Demand) -> Void

    init(demand: @escaping @Sendable (Demand) -> Void) { self.demand = demand }
}

// MARK: - The reader's side

extension BodyBuffer {
    fileprivate enum Next {
        case piece(ByteBuffer, resume: Bool)
        case end
        case failure(any Error)
        case wait(start: Bool)
    }

    func next() async throws -> ByteBuffer? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let next = state.withLockedValue { $0.next(continuation) }
                switch next {
                case .piece(let piece, let resume):
                    if resume { demand(.resume) }
                    continuation.resume(returning: piece)
                case .end: continuation.resume(returning: nil)
                case .failure(let error): continuation.resume(throwing: error)
                case .wait(let start): if start { demand(.start) }
                }
            }
        } onCancel: {
            fail(CancellationError())
        }
    }
}

extension BodyBuffer.State {
    fileprivate mutating func next(_ reader: CheckedContinuation<ByteBuffer?, any Error>) -> BodyBuffer.Next {
        if first < pieces.count {
            let piece = pieces[first]
            first += 1
            if first == pieces.count {
                pieces.removeAll(keepingCapacity: true)
                first = 0
            }
            bytes -= piece.readableBytes
            guard paused, bytes <= Tuning.asyncBodyLow else { return .piece(piece, resume: false) }
            paused = false
            return .piece(piece, resume: true)
        }
        if let failure { return .failure(failure) }
        if ended { return .end }
        guard self.reader == nil else { return .failure(ExchangeError.bodyUnavailable) }
        self.reader = reader
        defer { started = true }
        return .wait(start: !started)
    }
}

// MARK: - The loop's side

extension BodyBuffer {
    /// True: enough waits, stop reading from the client.
    func append(_ piece: ByteBuffer) -> Bool {
        let (reader, pause) = state.withLockedValue { state -> (CheckedContinuation<ByteBuffer?, any Error>?, Bool) in
            if let reader = state.reader {
                state.reader = nil
                return (reader, false)
            }
            guard state.failure == nil else { return (nil, false) }
            state.pieces.append(piece)
            state.bytes += piece.readableBytes
            guard state.bytes >= Tuning.asyncBodyHigh, !state.paused else { return (nil, false) }
            state.paused = true
            return (nil, true)
        }
        reader?.resume(returning: piece)
        return pause
    }

    func end() {
        let reader = state.withLockedValue { state in
            state.ended = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }

    /// What has come is still read, then the error. Without effect on a body that is complete.
    func fail(_ error: any Error) {
        setFailure(error)?.resume(throwing: error)
    }

    /// The same without waking the reader: that is the caller's to do.
    func setFailure(_ error: any Error) -> CheckedContinuation<ByteBuffer?, any Error>? {
        state.withLockedValue { state in
            if !state.ended, state.failure == nil { state.failure = error }
            defer { state.reader = nil }
            return state.reader
        }
    }
}
