import Logging
import NIOConcurrencyHelpers
import Synchronization

extension DiskTier {
    /// Whether it is used.
    var isInUse: Bool { !isLeftOut.load(ordering: .relaxed) }

    /// Not used any more until the next start, at which it is empty: meanwhile what it has may be replaced.
    func leaveOut(_ reason: String) {
        let isNew = leftOut.withLockedValue { leftOut in
            defer { leftOut = leftOut ?? reason }
            return leftOut == nil
        }
        guard isNew else { return }
        isLeftOut.store(true, ordering: .relaxed)
        logger.error(
            "a disk of the cache is left out until the next start",
            metadata: ["path": "\(folder.path)", "reason": "\(reason)"]
        )
        noteFailure(true)
    }

    /// Something on the disk could not be taken back: if that stays so, it may not be found at the next start.
    func noteFailure(_ hasFailed: Bool) {
        guard hasFailed || isInUse else { return }
        failureListener.withLockedValue { $0 }?.changed(hasFailed)
    }

    func setFailureListener(_ changed: (@Sendable (_ hasFailed: Bool) -> Void)?) {
        failureListener.withLockedValue { $0 = changed.map(FailureListener.init) }
    }

    /// This moment's figures.
    var statistics: DiskStatistics {
        var statistics = DiskStatistics(path: folder.path, limitBytes: limit)
        state.withLockedValue { state in
            statistics.objects = state.index.count
            statistics.usedBytes = state.usedBytes
            statistics.indexBytes = state.index.memoryBytes
            statistics.writes = state.figures.writes
            statistics.bytesWritten = state.figures.bytesWritten
            statistics.reads = state.figures.reads
            statistics.bytesRead = reader.bytesSoFar
            statistics.writesDropped = state.figures.dropped
            statistics.notAdmitted = state.figures.notAdmitted
            statistics.badRecords = state.figures.badRecords
            statistics.writeErrors = state.figures.errors
            statistics.readErrors = state.figures.readErrors
            statistics.readsRefused = state.figures.readsRefused
            statistics.segmentsReclaimed = state.figures.reclaimed
            statistics.beyondDailyWrites = state.figures.beyondDailyWrites
            statistics.segmentsCompacted = state.figures.compacted
            statistics.segmentsEmptied = state.figures.emptied
            statistics.liveBytes = state.index.usage.total.bytes
            statistics.scrubbedBytes = state.figures.scrubbedBytes
            statistics.scrubPasses = state.figures.scrubPasses
            statistics.scrubBad = state.figures.scrubBad
            statistics.purgedFound = state.figures.purgedFound
            statistics.isWritable = !state.isClosed && state.pausedUntil <= Self.now && isInUse
            statistics.pauses = state.figures.pauses
            statistics.checkpoints = state.figures.checkpoints
            statistics.checkpointTime = state.figures.checkpointTime
            statistics.checkpointMilliseconds = state.figures.checkpointMilliseconds
        }
        statistics.problem =
            leftOut.withLockedValue { $0 } ?? (statistics.isWritable ? nil : "it refuses to be written")
        return statistics
    }
}
