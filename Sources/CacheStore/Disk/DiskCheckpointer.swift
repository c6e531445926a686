import Glibc
import Logging
import NIOConcurrencyHelpers

/// Takes checkpoints of a tier's index while everything else goes on. Confined to the maintenance thread.
///
/// Unchecked: used by the maintenance's steps and by its last work item, which run on one thread.
///
/// A checkpoint is fuzzy: its parts are copied one after the other, with the tier's lock held for one part only. What it says
/// is right at the next start because of this:
///
/// 1. *Nothing is lost.* The covered ends are read first. A segment's end moves only in ``DiskWriter/settle()``, after the
///    job that has written there is done: its entries are in the index and what they outdate is dead on the disk. So of every
///    record before a covered end, the index already says what it is when the first part is copied; every other record
///    lies in the tail, or in a segment that the checkpoint does not know, and is found by walking.
/// 2. *Nothing of the tail counts twice.* Entries whose record lies in the tail are not used, whichever moment they are from:
///    records that were carried over meanwhile are found by walking, and where they were before is a segment that is gone.
/// 3. *What went is dead.* An entry that was removed after it was copied points to a record whose state word is cleared, or
///    to a segment that is gone; each read looks at that word. Segment numbers are not used again: the head names the next one.
/// 4. *No older head.* A form whose newer head was on its way when it was copied, or lies in the tail, is used only if the
///    walk brings a head; otherwise it is dropped, for the head in its record may promise too much.
/// 5. *One moment for a key.* All forms of a key are in one part. A part that is split meanwhile moves keys to the last
///    part, never to one that was copied; such a key may come twice, and then the later copy counts.
/// 6. *It survives.* All segments with unsynced writes are synced after the copy and before the rename, so that no record it
///    relies on, and no state word that was cleared before it began, is lost with the power.
final class DiskCheckpointer: @unchecked Sendable {
    /// A checkpoint that is being written. A value.
    private struct Work {
        var file: OpenFile
        var offset = 0
        var part = 0
        var total = 0
        /// Segments still to be synced; nil: parts are still being copied.
        var unsynced: [UInt32]?
        /// What the state counted when it began.
        var changes: UInt64
        var bytesWritten: Int
        let began = DiskMaintenance.now
    }

    /// Parts copied in one step.
    private static let partsPerStep = 8

    private let tier: DiskTier
    private var work: Work?
    private var takenChanges: UInt64
    private var takenBytes = 0
    private var takenAt: Int64
    private(set) var completed = 0

    init(tier: DiskTier) {
        self.tier = tier
        let (recovery, changes) = tier.state.withLockedValue { ($0.recovery, $0.changes) }
        // A log that had to be walked, or much of it, gets its checkpoint at once.
        takenChanges = recovery.isByCheckpoint ? changes &- 1 : .max
        takenAt = recovery.isByCheckpoint ? DiskMaintenance.now : DiskMaintenance.now - (1 << 40)
        takenBytes = -recovery.walkedBytes
    }

    /// The maintenance's step.
    func step() -> Int? {
        do throws(DiskError) {
            if work == nil {
                guard isDue else { return StoreLimits.checkpointPollMilliseconds }
                try begin()
            }
            return try advance() ? StoreLimits.checkpointPollMilliseconds : 0
        } catch {
            fail(error)
            return StoreLimits.checkpointRetryMilliseconds
        }
    }

    /// Takes one from beginning to end, if anything has changed since the last: when the tier is closed.
    func finish() {
        abandon()
        guard tier.state.withLockedValue({ $0.changes }) != takenChanges else { return }
        do throws(DiskError) {
            try begin()
            while try !advance() {}
        } catch {
            fail(error)
        }
    }

    /// After a share of change, and after a time when anything has changed; rarer when the index is large, so that checkpoints
    /// are a small part of what is written.
    private var isDue: Bool {
        let (changes, written, bytes) = tier.state.withLockedValue { state in
            (state.changes, state.figures.bytesWritten, state.index.count * Checkpoint.entryBytes)
        }
        guard changes != takenChanges else { return false }
        let tail = max(
            min(StoreLimits.checkpointTailBytes, tier.limit / StoreLimits.checkpointTailShare),
            bytes * StoreLimits.checkpointTailFactor
        )
        if written - takenBytes >= tail { return true }
        let factor = max(1, Int64(bytes / StoreLimits.checkpointTailBytes))
        return DiskMaintenance.now - takenAt >= factor * Int64(StoreLimits.checkpointSeconds) * 1000
    }

    /// Notes the covered ends, and writes the head.
    func begin() throws(DiskError) {
        let (head, changes, written) = tier.state.withLockedValue { state in
            let segments = state.segments.values.map { info in
                Checkpoint.Covered(sequence: info.segment.sequence, end: info.end, lastUse: info.lastUse)
            }
            let head = Checkpoint.Head(
                store: tier.folder.storeTag,
                highestGeneration: state.highestGeneration,
                nextSequence: state.nextSequence,
                timeTaken: DiskWriter.unixSeconds,
                segments: segments.sorted { $0.sequence < $1.sequence }
            )
            return (head, state.changes, state.figures.bytesWritten)
        }
        let path = tier.folder.file(Checkpoint.name) + ".new"
        let file = OpenFile(descriptor: try tier.io.open(path, create: true), path: path, io: tier.io)
        work = Work(file: file, changes: changes, bytesWritten: written)
        try write(head.encode())
    }

    /// Goes on with it; true when it is complete.
    func advance() throws(DiskError) -> Bool {
        guard let work else { return true }
        if var unsynced = work.unsynced {
            guard let next = unsynced.popLast() else {
                try complete(work)
                return true
            }
            try tier.syncSegment(next)
            self.work?.unsynced = unsynced
            return false
        }
        for _ in 0..<Self.partsPerStep {
            if try !copyPart() { break }
        }
        return false
    }

    /// Copies one part; false when there are no more.
    private func copyPart() throws(DiskError) -> Bool {
        guard let part = work?.part else { return false }
        let (entries, unsynced) = tier.state.withLockedValue { state in
            if part < state.index.parts {
                return (state.index.entries(ofPart: part), [UInt32]?.none)
            }
            return ([], state.segments.values.filter(\.sync.isDirty).map(\.segment.sequence))
        }
        if let unsynced {
            try write(Checkpoint.end(work?.total ?? 0))
            work?.unsynced = unsynced
            return false
        }
        if !entries.isEmpty { try write(Checkpoint.chunk(entries)) }
        work?.part += 1
        work?.total += entries.count
        return true
    }

    private func write(_ bytes: [UInt8]) throws(DiskError) {
        guard let work else { return }
        try tier.io.writeBytes(work.file.descriptor, bytes, at: work.offset, path: work.file.path)
        self.work?.offset += bytes.count
    }

    private func complete(_ work: Work) throws(DiskError) {
        let path = tier.folder.file(Checkpoint.name)
        try tier.io.sync(work.file.descriptor, path: work.file.path)
        try tier.io.rename(work.file.path, to: path)
        tier.state.withLockedValue { $0.folderChanges += 1 }
        try tier.syncFolder()
        self.work = nil
        takenChanges = work.changes
        takenBytes = work.bytesWritten
        takenAt = DiskMaintenance.now
        completed += 1
        tier.state.withLockedValue { [takenAt] state in
            state.figures.checkpoints += 1
            state.figures.checkpointTime = Int(DiskWriter.unixSeconds)
            state.figures.checkpointMilliseconds = Int(takenAt - work.began)
        }
        tier.logger.debug("took a checkpoint", metadata: ["entries": "\(work.total)", "bytes": "\(work.offset)"])
    }

    /// Gives up the one under way. The older checkpoint is still whole.
    func abandon() {
        if let work { try? tier.io.remove(work.file.path) }
        work = nil
    }

    private func fail(_ error: DiskError) {
        abandon()
        tier.state.withLockedValue { $0.figures.errors += 1 }
        tier.logger.warning("cannot take a checkpoint of the disk cache", metadata: ["reason": "\(error)"])
    }
}
