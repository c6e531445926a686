import Logging
import NIOCore

// The time limits of a connection, and its part in the server's end.

extension HTTP1Connection: ServerConnection {
    /// Chooses the limit that runs in the present state. Most calls only store a number.
    func updateDeadline() {
        if isHandshaking { return keep(.head, loop.ticks.head) }
        switch phase {
        case .head:
            if !channelWritable { return watchWriting() }
            if input.readableBytes > 0 { return keep(.head, loop.ticks.head) }
            if loop.isDraining { return keep(.idle, requestCount > 0 ? 2 : loop.ticks.freshGrace) }
            keep(.idle, loop.ticks.idle)
        case .exchange:
            if !channelWritable { return watchWriting() }
            if state.requestBody == .reading, !readingPaused { return keep(.body, loop.ticks.body) }
            deadline = .none
        case .draining: keep(.drain, loop.ticks.body)
        case .closing: watchWriting()
        case .lingering:
            if deadline != .linger { lingerEnd = loop.wheel.now + Tuning.lingerTimes * loop.ticks.linger }
            keep(.linger, loop.ticks.linger)
        case .closed: deadline = .none
        }
    }

    /// Bytes of a body have come.
    func restartBodyDeadline() { deadlineTick = loop.wheel.now + loop.ticks.body + 1 }

    /// The client is still sending while the connection lingers; for a while that is let go on.
    func restartLingerDeadline() { deadlineTick = min(loop.wheel.now + loop.ticks.linger + 1, lingerEnd) }

    /// Starts a limit unless it runs already. The wheel's entry is moved only when it has to come earlier.
    private func keep(_ kind: Deadline, _ ticks: UInt64) {
        guard deadline != kind else { return }
        deadline = kind
        run(ticks)
    }

    private func run(_ ticks: UInt64) {
        // One more: the present tick has partly passed.
        deadlineTick = loop.wheel.now + ticks + 1
        guard let entry, placedTick == 0 || placedTick > deadlineTick else { return }
        placedTick = deadlineTick
        loop.place(entry, at: deadlineTick)
    }

    private func watchWriting() {
        guard deadline != .write else { return }
        lastProgress = progress
        checksWithoutProgress = 0
        keep(.write, loop.ticks.writeCheck)
    }

    /// Bytes that have left for the kernel. Through TLS it is less exact, but grows just so while nothing is added.
    private var progress: UInt64 { bytesWritten &- UInt64(bufferedBytes) }

    /// Bytes that wait in the channel for the kernel to take them.
    var bufferedBytes: Int {
        guard let options = context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    func deadlineReached() {
        placedTick = 0
        guard deadline != .none, phase != .closed else { return }
        if loop.wheel.now < deadlineTick {
            guard let entry else { return }
            placedTick = deadlineTick
            return loop.place(entry, at: deadlineTick)
        }
        expired()
    }

    private func expired() {
        let kind = deadline
        deadline = .none
        switch kind {
        case .none: break
        case .head:
            loop.counters.headTimeouts.add()
            if isHandshaking {
                isHandshaking = false
                closeNow()
            } else {
                sendError(status: 408, message: "the request's head did not arrive in time")
            }
        case .idle:
            // The tail of an answer may still be waiting for a slow reader, below the mark of writability.
            if bufferedBytes > 0 { return watchWriting() }
            if !loop.isDraining { loop.counters.idleTimeouts.add() }
            closeAfterFlush(linger: false)
        case .body:
            loop.counters.bodyTimeouts.add()
            let answered = state.answer != .pending
            dismissDelegate()
            if answered {
                breakConnection()
            } else {
                sendError(status: 408, message: "the request's body stopped arriving")
            }
        case .write: checkProgress()
        case .drain:
            loop.counters.bodyTimeouts.add()
            closeAfterFlush(linger: true)
        case .linger: closeNow()
        }
    }

    private func checkProgress() {
        let progress = progress
        checksWithoutProgress = progress > lastProgress ? 0 : checksWithoutProgress + 1
        lastProgress = progress
        guard checksWithoutProgress >= 4 else {
            // What was below the mark of writability may have left meanwhile.
            if phase == .head, channelWritable, bufferedBytes == 0 { return updateDeadline() }
            deadline = .write
            return run(loop.ticks.writeCheck)
        }
        loop.counters.writeTimeouts.add()
        breakConnection()
    }

    func startDraining() {
        switch phase {
        case .exchange: state.stopKeepingAlive()
        case .head where !isHandshaking:
            // A request that lies in the socket already is still read and answered: closing waits for two ticks.
            if deadline == .idle { deadline = .none }
            updateDeadline()
        case .head, .draining, .closing, .lingering, .closed: break
        }
    }

    func forceClose() {
        guard phase != .closed else { return }
        if phase == .exchange { breakConnection() } else { closeNow() }
    }

    func closeIfIdle() -> Bool {
        guard phase == .head, requestCount > 0, input.readableBytes == 0, !isHandshaking, !inRead, !isPumping,
            outbound.readableBytes == 0
        else { return false }
        closeAfterFlush(linger: false)
        return true
    }

    func flushGathered() {
        flushQueued = false
        turn()
    }
}
