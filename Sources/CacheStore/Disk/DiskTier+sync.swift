import Logging
import NIOConcurrencyHelpers
import NIOCore

// What is on the disk for good. Nothing here is waited for by a request.
//
// - A flush and a checkpoint sync every segment that has changed, and the folder.
// - The tombstones of what was invalidated follow within StoreLimits.tombstoneDelayMilliseconds, and with them all others:
//   a record that was replaced must not come back when what replaced it was invalidated.
// - Before a segment is deleted, what was carried over from it is synced, and so are the names of all files: of two
//   segments that were deleted, the first never comes back alone.
// - A segment that cannot be synced is given up: what the system still has of it in memory may never reach the disk.
extension DiskTier {
    /// Syncs segments, one after the other. A refusal ends it, and that segment is given up by the writer.
    /// - Parameter isMeant: which ones.
    func syncSegments(where isMeant: (SegmentSync) -> Bool) throws(DiskError) {
        let meant = state.withLockedValue { state in
            state.segments.values.filter { isMeant($0.sync) }.map { $0.segment.sequence }
        }
        for sequence in meant.sorted() { try syncSegment(sequence) }
    }

    /// Syncs one segment, if it is there and has changed.
    func syncSegment(_ sequence: UInt32) throws(DiskError) {
        let found = state.withLockedValue { state in
            state.segments[sequence].flatMap { $0.sync.isDirty ? ($0.segment, $0.sync.writes) : nil }
        }
        guard let (segment, writes) = found else { return }
        do throws(DiskError) {
            try io.sync(segment.file.descriptor, path: segment.file.path)
        } catch {
            state.withLockedValue { if !$0.isClosed { $0.queue.append(.giveUp(segment)) } }
            wake()
            throw error
        }
        state.withLockedValue { $0.segments[sequence]?.sync.noteSync(writes) }
    }

    /// Syncs the folder, if files were made, renamed or deleted since it was done last.
    func syncFolder() throws(DiskError) {
        let (changes, synced) = state.withLockedValue { ($0.folderChanges, $0.folderSynced) }
        guard changes > synced else { return }
        try io.syncFolder(folder.path)
        state.withLockedValue { $0.folderSynced = max($0.folderSynced, changes) }
    }

    /// The maintenance's step after an invalidation.
    func syncTombstones() -> Int? {
        do throws(DiskError) {
            try syncSegments { $0.hasUnsyncedKills }
            try syncFolder()
            return nil
        } catch {
            logger.warning("cannot sync what was invalidated", metadata: ["reason": "\(error)"])
            return StoreLimits.checkpointRetryMilliseconds
        }
    }

    /// Waits until everything handed to the disk is written; synced or not.
    func drain() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isQueued = state.withLockedValue { state in
                guard !state.isClosed else { return false }
                state.queue.append(.reached { continuation.resume() })
                return true
            }
            if isQueued { wake() } else { continuation.resume() }
        }
    }
}

extension DiskTier.State {
    /// Queues the killing of records that were invalidated, before everything else. Kills that wait come along: what
    /// something newer has replaced must not outlive it.
    mutating func invalidate(_ places: [DiskIndex.Place]) {
        var all = places
        queue.removeAll { job in
            switch job {
            case .kill(let others), .invalidate(let others):
                all += others
                return true
            default: return false
            }
        }
        queue.prepend(.invalidate(all))
    }
}
