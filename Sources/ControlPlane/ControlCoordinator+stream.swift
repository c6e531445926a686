import NIOCore

extension ControlCoordinator {
    /// What a follower of the log writes next. A value.
    struct Batch: Sendable {
        /// Lines of JSON, each with its line feed; empty: nothing has come.
        var lines: [ByteBuffer]
        /// The number of the last line.
        var cursor: UInt64
    }

    /// The log's last number.
    var lastNumber: UInt64 { membership.lastNumber }

    /// May a follower begin here?
    func checkStream(after number: UInt64, log wanted: String?, instance: String?) throws(ControlFailure) {
        try checkRunning()
        guard wanted == nil || wanted == log, number <= membership.lastNumber else { throw logChanged() }
        if let instance, membership.members[instance] == nil {
            throw ControlFailure(.unknownInstance, "Instance \(instance) is not registered.")
        }
        guard streams < limits.streams else {
            throw ControlFailure(.overloaded, "More than \(limits.streams) log streams are open.", retrySeconds: 1)
        }
    }

    /// A follower begins.
    func openStream(instance: String?) throws(ControlFailure) {
        try checkRunning()
        streams += 1
        if let instance { membership.countStream(instance, by: 1) }
    }

    /// A follower ends.
    func closeStream(instance: String?) {
        streams -= 1
        if let instance { membership.countStream(instance, by: -1) }
    }

    /// The entries after `cursor`; waits up to `seconds` for one.
    func nextBatch(after cursor: UInt64, seconds: Double) async throws(ControlFailure) -> Batch {
        let deadline = clock.nowNanoseconds() + SystemBootClock.nanoseconds(seconds)
        while true {
            try checkRunning()
            let rung = published.count
            if cursor < membership.lastNumber { return try await batch(after: cursor) }
            let left = deadline - clock.nowNanoseconds()
            if left <= 0 || Task.isCancelled {
                await pumpIfNeeded()
                return Batch(lines: [], cursor: cursor)
            }
            await published.wait(since: rung, nanoseconds: left)
        }
    }

    private func batch(after cursor: UInt64) async throws(ControlFailure) -> Batch {
        if let lines = tail.lines(after: cursor, limit: limits.pageEntries) {
            return Batch(lines: Array(lines), cursor: cursor + UInt64(lines.count))
        }
        do {
            let page = try await store.entries(after: cursor, limit: limits.pageEntries)
            return try await Self.encode(page, after: cursor)
        } catch {
            throw (error as? ControlStoreError).map(ControlFailure.init)
                ?? ControlFailure(.unavailable, "Control cannot write an entry of its log: \(error).")
        }
    }

    /// Off the actor: a page of old entries may be large.
    @concurrent
    private static func encode(_ page: [PurgeEntry], after cursor: UInt64) async throws -> Batch {
        Batch(lines: try page.map { try ControlJSON.line($0) }, cursor: page.last?.number ?? cursor)
    }
}
