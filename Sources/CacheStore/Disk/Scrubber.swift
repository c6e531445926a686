import CachingRules
import Logging
import NIOConcurrencyHelpers

/// Walks the sealed segments and verifies every live record before somebody asks for it. Confined to the thread that calls
/// ``step()``: the tier's maintenance thread.
///
/// What is live is what the index points to. The records are found by their headers, one after the other; where a header
/// does not hold, the rest of the segment is done by the index's own entries. A damaged record is dropped as a read
/// drops it; what a hard purge has killed is dropped too, so that its space counts as dead.
///
/// Unchecked: made before its task is added to the thread and used by that task alone.
final class Scrubber: @unchecked Sendable {
    /// A record to verify.
    private struct Target {
        var entry: DiskIndex.Entry
        /// The form's own record, or its newer head's.
        var place: DiskIndex.Place
    }

    /// A body that is being verified, block by block.
    private struct Body {
        var target: Target
        var front: RecordReader.Front
        var sums: [UInt32]
        var next = 0
    }

    /// The segment under the walk.
    private struct Cursor {
        var segment: Segment
        var file: PastCacheFile
        var end: Int
        var offset = SegmentHeader.bytes
        var body: Body?
        /// After a damaged header: what the index says is there. In order, the last one first.
        var targets: [Target]?
    }

    /// Whether a record is right.
    private enum Finding {
        case right
        case damaged(String)
    }

    private unowned let tier: DiskTier
    private var waiting: [UInt32] = []
    private var cursor: Cursor?
    private var isUnderWay = false
    /// Monotonic milliseconds of the pass' beginning.
    private var began: Int64 = 0

    init(_ tier: DiskTier) {
        self.tier = tier
    }

    /// A step, and the milliseconds until the next one: so many bytes a second, and a pass an hour at most.
    func turn(bytesPerSecond rate: Int, now: Int64) -> Int {
        if !isUnderWay { began = now }
        if let bytes = step() { return max(1, bytes * 1000 / rate) }
        return max(1, StoreLimits.scrubPassMilliseconds - Int(now - began))
    }

    /// Verifies the next stretch, about a mebibyte; returns the bytes it has read. nil: a pass has come to its end.
    func step() -> Int? {
        if !isUnderWay { begin() }
        while true {
            guard var here = cursor ?? nextSegment() else {
                isUnderWay = false
                tier.state.withLockedValue { $0.figures.scrubPasses += 1 }
                return nil
            }
            cursor = nil
            let (before, failures) = (here.file.bytesRead, here.file.failures)
            let isDone = advance(&here, until: before + PastCacheFile.windowBytes)
            let count = here.file.bytesRead - before
            let hasFailed = here.file.failures > failures
            tier.state.withLockedValue { $0.figures.scrubbedBytes += count }
            if !isDone { cursor = here }
            // A failed read has cost the disk more than a whole stretch does.
            if hasFailed { return PastCacheFile.windowBytes }
            if count > 0 { return count }
        }
    }

    private func begin() {
        isUnderWay = true
        waiting = tier.state.withLockedValue { state in
            state.segments.values.filter(\.isSealed).map(\.segment.sequence).sorted(by: >)
        }
    }

    private func nextSegment() -> Cursor? {
        while let sequence = waiting.popLast() {
            guard let info = tier.state.withLockedValue({ $0.segments[sequence] }) else { continue }
            do throws(DiskError) {
                let file = try PastCacheFile(info.segment.file.path, io: tier.io)
                return Cursor(segment: info.segment, file: file, end: info.end)
            } catch {
                // Given up at this very moment, most likely.
                if !error.isNotFound { tier.noteScrubError() }
            }
        }
        return nil
    }

    /// Works through the segment until that many bytes are read, or a read has failed. True: it is done.
    private func advance(_ here: inout Cursor, until limit: Int) -> Bool {
        let failures = here.file.failures
        while here.file.bytesRead < limit, here.file.failures == failures {
            guard tier.state.withLockedValue({ $0.segments[here.segment.sequence] != nil }) else { return true }
            if here.body != nil {
                verifyBlock(&here)
            } else if here.targets != nil {
                guard let target = here.targets?.popLast() else { return true }
                verify(target, &here)
            } else if here.offset < here.end {
                walk(&here)
            } else {
                return true
            }
        }
        return here.body == nil && here.targets?.isEmpty ?? (here.offset >= here.end)
    }

    /// The next record by its header.
    private func walk(_ here: inout Cursor) {
        let place = DiskIndex.Place(
            segment: here.segment.sequence,
            units: UInt32(here.offset / RecordHeader.alignment)
        )
        guard let header = try? header(at: here.offset, here.file), header.length <= here.end - here.offset else {
            here.targets = tier.entries(in: here.segment.sequence, from: here.offset)
                .map { Target(entry: $0.entry, place: $0.place) }
            return
        }
        here.offset += header.length
        guard let entry = tier.entry(header, where: { $0.place == place || $0.headPlace == place }) else { return }
        verify(Target(entry: entry, place: place), &here)
    }

    private func verify(_ target: Target, _ here: inout Cursor) {
        let offset = target.place.offset
        do throws(DiskError) {
            guard let header = try header(at: offset, here.file) else { return drop(target, "header") }
            // A state word that is not live is a tombstone, whatever has made it one.
            guard header.isLive else { return forget(target) }
            let isForm = target.place == target.entry.place
            guard header.hash == target.entry.hash, header.generation == target.entry.generation,
                header.kind == (isForm ? .form : .head), !isForm || header.length == target.entry.length
            else { return drop(target, "another record than the index says") }
            guard let front = try front(header, at: offset, here.file) else { return drop(target, "head") }
            if isForm, dropIfPurged(target, front) { return }
            if header.blocks > 0 { here.body = Body(target: target, front: front, sums: front.blockSums) }
        } catch {
            tier.noteScrubError()
            drop(target, error.description)
        }
    }

    private func verifyBlock(_ here: inout Cursor) {
        guard let body = here.body else { return }
        let header = body.front.header
        let done = body.next * StoreLimits.blockBytes
        let count = min(StoreLimits.blockBytes, header.bodyLength - done)
        guard count > 0, body.next < body.sums.count else { return here.body = nil }
        let offset = body.target.place.offset + header.frontLength + done
        do throws(DiskError) {
            if let bytes = try here.file.bytes(at: offset, count) {
                var sum = CRC32C()
                sum.add(bytes)
                if sum.value == body.sums[body.next] {
                    here.body?.next += 1
                    return
                }
            }
            drop(body.target, "body block", body.front)
        } catch {
            tier.noteScrubError()
            drop(body.target, error.description, body.front)
        }
        here.body = nil
    }

    // MARK: Reading

    private func header(at offset: Int, _ file: PastCacheFile) throws(DiskError) -> RecordHeader? {
        guard let bytes = try file.bytes(at: offset, RecordHeader.bytes) else { return nil }
        return RecordHeader(Array(bytes))
    }

    /// nil: damaged.
    private func front(
        _ header: RecordHeader,
        at offset: Int,
        _ file: PastCacheFile
    ) throws(DiskError) -> RecordReader.Front? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(header.frontLength)
        while bytes.count < header.frontLength {
            let count = min(256 << 10, header.frontLength - bytes.count)
            guard let part = try file.bytes(at: offset + bytes.count, count) else { return nil }
            bytes.append(contentsOf: part)
        }
        let front = bytes.span.extracting(RecordHeader.bytes..<header.frontLength)
        return CRC32C.of(front) == header.frontSum ? RecordReader.Front(header: header, bytes: bytes) : nil
    }

    // MARK: Dropping

    /// As a read does. What is not there any more, or lies elsewhere now, is nobody's business.
    private func drop(_ target: Target, _ why: String, _ front: RecordReader.Front? = nil) {
        guard tier.isCurrent(target.entry) else { return }
        tier.state.withLockedValue { $0.figures.scrubBad += 1 }
        tier.dropDamaged(target.entry, why: why + ", found by the scrubber")
        forgetInMemory(front)
    }

    private func forget(_ target: Target) {
        tier.dropForm(target.entry)
    }

    private func dropIfPurged(_ target: Target, _ front: RecordReader.Front) -> Bool {
        guard target.entry.flags & DiskIndex.Entry.headPending == 0 else { return false }
        let newest: RecordReader.Front
        if target.entry.headPlace == .none {
            newest = front
        } else if let newer = tier.headFront(target.entry) {
            newest = newer
        } else {
            return false
        }
        guard tier.isPurged(newest), tier.dropForm(target.entry) else { return false }
        tier.state.withLockedValue { $0.figures.purgedFound += 1 }
        forgetInMemory(front)
        return true
    }

    /// What memory has of a body that is too large for it lies in this very record.
    private func forgetInMemory(_ front: RecordReader.Front?) {
        guard let front, front.header.bodyLength > tier.largestInMemory,
            let key = CacheKey(
                bytes: Array(front.bytes[front.header.keyRange]),
                hash: KeyHash(value: front.header.hash)
            )
        else { return }
        let generation = front.header.generation
        tier.memory.remove(key) { $0.representations.contains { $0.generation == generation } }
    }
}
