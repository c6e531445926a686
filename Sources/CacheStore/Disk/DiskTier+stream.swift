import NIOConcurrencyHelpers
import NIOCore

extension DiskTier {
    /// Starts a record whose body of `length` bytes comes piece by piece; nil when the disk does not take it.
    func beginStream(_ form: Representation, key: CacheKey, length: UInt64) -> DiskFill? {
        guard let bodyLength = Int(exactly: length), bodyLength > 0, bodyLength <= recordLimit - RecordHeader.bytes
        else { return nil }
        let id = state.withLockedValue { state -> UInt64? in
            guard !state.isClosed, state.pausedUntil <= Self.now, state.streams.count < StoreLimits.diskFills,
                state.queue.count < StoreLimits.queueJobs
            else {
                state.figures.dropped += 1
                return nil
            }
            // Their segments cannot be given up meanwhile.
            let reserved = state.streams.values.reduce(bodyLength) { $0 + $1.bodyLength }
            guard reserved <= limit / StoreLimits.diskFillsShare else {
                state.figures.dropped += 1
                return nil
            }
            guard state.mayWriteToday(now: Self.milliseconds) else { return nil }
            state.lastStream += 1
            state.streams[state.lastStream] = Current(
                hash: key.hash.value,
                generation: form.generation,
                variantTag: form.variantTag,
                coding: form.coding,
                bytesToCome: bodyLength,
                bodyLength: bodyLength
            )
            state.queue.append(.begin(state.lastStream, key, form, bodyLength: bodyLength))
            return state.lastStream
        }
        guard let id else { return nil }
        wake()
        return DiskFill(tier: self, id: id, length: length)
    }

    func append(_ buffer: ByteBuffer, toStream id: UInt64) -> Bool {
        let cost = buffer.readableBytes
        let isQueued = state.withLockedValue { state in
            guard !state.isClosed, state.streams[id]?.isCancelled == false,
                state.queueBytes == 0 || state.queueBytes + cost <= queueLimit,
                state.queue.count < StoreLimits.queueJobs
            else {
                state.figures.dropped += 1
                return false
            }
            state.queue.append(.piece(id, buffer))
            state.queueBytes += cost
            state.streams[id]?.bytesToCome -= cost
            return true
        }
        guard isQueued else { return false }
        memory.budget.adjust(by: cost)
        memory.makeRoom()
        wake()
        return true
    }

    func endStream(_ id: UInt64, isWhole: Bool) {
        state.withLockedValue { state in
            if !isWhole { state.streams[id]?.isCancelled = true }
            if !state.isClosed { state.queue.append(.end(id)) }
        }
        wake()
    }
}

extension DiskWriter {
    /// A record whose body is being written. A value.
    struct Stream {
        var space: Space
        var key: CacheKey
        var form: Representation
        var bodyLength: Int
        var frontLength: Int
        var sums = BlockSums()
        var written = 0
    }

    func begin(_ id: UInt64, _ key: CacheKey, _ form: Representation, _ bodyLength: Int) {
        // The checksums come last; their number says how long the front is going to be.
        let blocks = (bodyLength + StoreLimits.blockBytes - 1) / StoreLimits.blockBytes
        let placeholder = (length: bodyLength, sums: [UInt32](repeating: 0, count: blocks))
        guard !isCancelled(id),
            let record = EncodedRecord(kind: .form, key: key, form: form, time: 0, streamed: placeholder)
        else { return cancel(id) }
        do throws(DiskError) {
            let stream = Stream(
                space: try ownSpace(for: record.header.length),
                key: key,
                form: form,
                bodyLength: bodyLength,
                frontLength: record.header.frontLength
            )
            streams[id] = stream
        } catch {
            tier.pause(error)
            cancel(id)
        }
    }

    func write(_ buffer: ByteBuffer, toStream id: UInt64) {
        guard let stream = streams[id], !isCancelled(id) else { return }
        let file = stream.space.segment.file
        let offset = stream.space.offset + stream.frontLength + stream.written
        do throws(DiskError) {
            try io.writeBuffer(file.descriptor, buffer, at: offset, path: file.path)
            streams[id]?.sums.add(buffer)
            streams[id]?.written += buffer.readableBytes
            tier.state.withLockedValue { $0.allowance.spend(buffer.readableBytes) }
        } catch {
            tier.pause(error)
            cancel(id)
        }
    }

    func end(_ id: UInt64) {
        defer { tier.state.withLockedValue { $0.streams[id] = nil } }
        guard var stream = streams.removeValue(forKey: id) else { return }
        let sums = stream.sums.finished()
        guard !isCancelled(id), stream.written == stream.bodyLength,
            isWanted(stream.form, stream.key),
            let record = EncodedRecord(
                kind: .form,
                key: stream.key,
                form: stream.form,
                time: Self.unixSeconds,
                streamed: (stream.bodyLength, sums)
            )
        else { return giveUp(stream.space.segment) }
        let file = stream.space.segment.file
        let end = stream.space.offset + stream.frontLength + stream.bodyLength
        do throws(DiskError) {
            let padding = [UInt8](repeating: 0, count: stream.space.offset + record.header.length - end)
            if !padding.isEmpty { try io.writeBytes(file.descriptor, padding, at: end, path: file.path) }
            // The front last: before it, nothing there looks like a record.
            try io.writeBytes(file.descriptor, record.front, at: stream.space.offset, path: file.path)
        } catch {
            tier.pause(error)
            return giveUp(stream.space.segment)
        }
        let place = commit(stream.space, record.header.length, isSpent: true)
        tier.resume()
        // It may have been invalidated until this very moment.
        let dead = tier.state.withLockedValue { state -> [DiskIndex.Place]? in
            guard state.streams.removeValue(forKey: id)?.isCancelled == false else { return nil }
            return state.publish(record.header, place)
        }
        guard let dead else { return giveUp(stream.space.segment) }
        for place in dead { kill(place) }
        tier.countIndex()
        tier.memory.remove(stream.key) { $0.identity.generation < stream.form.generation }
    }

    private func isCancelled(_ id: UInt64) -> Bool {
        tier.state.withLockedValue { $0.streams[id]?.isCancelled ?? true }
    }

    func cancel(_ id: UInt64) {
        tier.state.withLockedValue { $0.streams[id]?.isCancelled = true }
    }
}
