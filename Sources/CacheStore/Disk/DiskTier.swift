import CachePolicy
import CachingRules
import Glibc
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Synchronization

/// Forms on disk: a log of segment files, an index of it in memory, one thread that writes and a few that read.
///
/// Lock inside (`state`): held for look-ups in the index and the queue, never across a system call. What only the
/// writer's thread touches lies in ``DiskWriter``.
///
/// A record is dead when its state word says so. That word is the tombstone: it is cleared in place when something newer
/// takes the record's place, when an unsafe method invalidates it, and when it turns out damaged. So "at most one live
/// record for a form" holds on the disk itself, and neither giving up a segment nor the order in which that happens can
/// bring an old record back. A state word that cannot be cleared takes its whole segment with it.
final class DiskTier: Sendable {
    /// A segment in use.
    struct SegmentInfo {
        let segment: Segment
        /// What it takes on the disk: its capacity while it is written to, its length afterwards.
        var bytes: Int
        /// Where its last settled record ends; see ``DiskWriter/settle()``.
        var end: Int
        /// The tick of the last read from it.
        var lastUse: UInt64
        /// Nothing is written to it any more, but for state words.
        var isSealed = true
        var sync = SegmentSync()
    }

    /// Work for the writer, in order.
    enum Job {
        case form(CacheKey, Representation, cost: Int)
        case head(CacheKey, Representation)
        case kill([DiskIndex.Place])
        /// The same for what was invalidated: soon on the disk for good.
        case invalidate([DiskIndex.Place])
        /// A segment that cannot be synced: nobody knows what of it is on the disk.
        case giveUp(Segment)
        /// A record whose body follows in pieces, and its end.
        case begin(UInt64, CacheKey, Representation, bodyLength: Int)
        case piece(UInt64, ByteBuffer)
        case end(UInt64)
        case flush(@Sendable () -> Void)
        /// Everything before it is written.
        case reached(@Sendable () -> Void)
    }

    /// The form that is being written now.
    struct Current {
        var hash: UInt128
        var generation: UInt64
        var variantTag: UInt16
        var coding: Coding
        var isCancelled = false
        /// Of a record whose body comes in pieces: bytes that are not queued yet.
        var bytesToCome = 0
        /// The bytes of that body.
        var bodyLength = 0
    }

    struct State {
        var index = DiskIndex()
        var segments: [UInt32: SegmentInfo] = [:]
        var usedBytes = 0
        /// The next segment's number. Numbers are not used again, for places of records that went may still be queued.
        var nextSequence: UInt32 = 1
        /// No record has a higher generation.
        var highestGeneration: UInt64 = 0
        /// Records settled and killed, and segments given up, so far.
        var changes: UInt64 = 0
        /// Files made, renamed and deleted so far, and how many of those are on the disk for good.
        var folderChanges: UInt64 = 0
        var folderSynced: UInt64 = 0
        var recovery = Recovery()
        var tombstoneTask: DiskMaintenance.TaskID?
        var checkpointer: DiskCheckpointer?
        var tick: UInt64 = 1
        var filter = SecondRequestFilter(keysPerGeneration: 1)
        /// The day's bytes.
        var allowance = WriteAllowance(bytesPerDay: nil, now: 0)
        var recentReads = RecentReads(memoryBytes: 0)
        var queue = CircularBuffer<Job>()
        var queueBytes = 0
        /// How many forms are queued, by hash: most hashes have none, and the queue need not be searched.
        var queuedForms: [UInt128: Int] = [:]
        var current: Current?
        /// Records whose bodies come in pieces.
        var streams: [UInt64: Current] = [:]
        var lastStream: UInt64 = 0
        var readsUnderWay = 0
        /// Monotonic seconds until which nothing is written, after a refusal.
        var pausedUntil: Int64 = 0
        var isClosed = false
        /// Monotonic seconds of the last failed reads.
        var readFailures: [Int64] = []
        /// What the index was last counted with in the budget.
        var countedBytes = 0
        var figures = Figures()
    }

    /// How the start found out what is on the disk. A value.
    struct Recovery {
        var isByCheckpoint = false
        /// Bytes of segments that were walked.
        var walkedBytes = 0
    }

    /// Counters. A value.
    struct Figures {
        var writes = 0
        var bytesWritten = 0
        var reads = 0
        var readErrors = 0
        var readsRefused = 0
        var dropped = 0
        var notAdmitted = 0
        var badRecords = 0
        var errors = 0
        var reclaimed = 0
        var beyondDailyWrites = 0
        var compacted = 0
        var emptied = 0
        var scrubbedBytes = 0
        var scrubPasses = 0
        var scrubBad = 0
        var purgedFound = 0
        var pauses = 0
        var checkpoints = 0
        var checkpointTime = 0
        var checkpointMilliseconds = 0
    }

    let folder: DiskFolder
    let io: any DiskIO
    let logger: Logger
    /// The most that the segment files take together, in bytes.
    let limit: Int
    /// An ordinary segment's size.
    let segmentBytes: Int
    /// The most that a record takes.
    let recordLimit: Int
    let admitAtOnceBelow: Int
    let queueLimit: Int
    let epochs: PurgeEpochs
    let memory: MemoryTier
    let state: NIOLockedValueBox<State>
    /// 1: there is work for the writer.
    let signal = ConditionLock(value: 0)
    let writerThread = NIOThreadPool(numberOfThreads: 1)
    let readers = NIOThreadPool(numberOfThreads: StoreLimits.readThreads)
    /// Slow work beside the writer's; a task is added once the tier is made.
    let maintenance = DiskMaintenance()
    let reader: RecordReader
    /// The highest generation found on the disk at start.
    let highestGeneration: UInt64

    /// Its name among the store's disks.
    let identity: UInt64
    /// The number of the store's session.
    let session: UInt64
    /// Whether the folder's purge state is another one than the store's, and is to be written.
    let hasStalePurges: Bool
    /// Why it is not used any more until the next start; nil: it is.
    let leftOut = NIOLockedValueBox<String?>(nil)
    /// One load, for look-ups.
    let isLeftOut = Atomic(false)
    /// Who is told when it may have missed something, and when that is over.
    let failureListener = NIOLockedValueBox<FailureListener?>(nil)
    private let scrubBytesPerSecond: Int

    /// A value. In a struct: a bare closure in a generic box is wrapped one layer deeper at every access.
    struct FailureListener: Sendable {
        var changed: @Sendable (_ hasFailed: Bool) -> Void
    }

    /// Finds out what is in the folder. Nothing runs before ``start()``.
    ///
    /// - Parameters:
    ///   - place: what the set has found out about the folder.
    ///   - share: the number of disks among which the queue's memory is shared.
    init(
        _ configuration: DiskConfiguration,
        memory: MemoryTier,
        epochs: PurgeEpochs,
        folder: DiskFolder,
        place: Place,
        share: Int
    ) throws(DiskError) {
        identity = place.identity
        session = place.session
        hasStalePurges = place.hasStalePurges
        scrubBytesPerSecond = configuration.scrubBytesPerSecond
        self.folder = folder
        io = folder.io
        logger = folder.logger
        reader = RecordReader(io: folder.io)
        limit = configuration.bytes
        segmentBytes = DiskRules.segmentBytes(disk: configuration.bytes)
        recordLimit = DiskRules.recordLimit(disk: configuration.bytes)
        admitAtOnceBelow = configuration.admitAtOnceBelow
        queueLimit = max(1 << 20, min(64 << 20, memory.budget.limit / 16 / max(1, share)))
        self.epochs = epochs
        self.memory = memory
        let recovered = try DiskRecovery(folder: folder, isAtHome: place.isAtHome).run()
        state = NIOLockedValueBox(recovered)
        highestGeneration = recovered.highestGeneration
        state.withLockedValue { $0.recentReads = RecentReads(memoryBytes: memory.budget.limit / max(1, share)) }
        setUpAdmission(configuration)
    }

    /// Starts the threads. ``close(abruptly:)`` must be called before this is let go.
    func start() {
        countIndex()
        readers.start()
        writerThread.start()
        let writer = DiskWriter(tier: self)
        writerThread.submit { state in
            if case .active = state { writer.run() }
        }
        maintenance.start()
        startScrubbing(bytesPerSecond: scrubBytesPerSecond)
        // The closures hold this until the maintenance is stopped.
        let tombstones = maintenance.add(after: 0) { self.syncTombstones() }
        let checkpointer = DiskCheckpointer(tier: self)
        maintenance.add(after: StoreLimits.checkpointPollMilliseconds) { checkpointer.step() }
        state.withLockedValue { state in
            state.tombstoneTask = tombstones
            state.checkpointer = checkpointer
        }
        // The limit may be lower than last time.
        wake()
    }

    /// What the set knows about a folder before it is looked into. A value.
    struct Place {
        var identity: UInt64
        var session: UInt64
        var hasStalePurges: Bool
        /// Whether a key belongs to this disk; nil: all do.
        var isAtHome: ((UInt128) -> Bool)?
    }

    /// Monotonic seconds.
    static var now: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec)
    }

    /// Lets the writer look for work.
    func wake() {
        signal.lock()
        signal.unlock(withValue: 1)
    }

    /// Counts the index's growth, and the filter, in the one budget.
    func countIndex() {
        let delta = state.withLockedValue { state in
            let bytes = state.index.memoryBytes + state.filter.memoryBytes + state.recentReads.memoryBytes
            defer { state.countedBytes = bytes }
            return bytes - state.countedBytes
        }
        memory.budget.adjust(by: delta)
        if delta > 0 { memory.makeRoom() }
    }

    /// Whether any form is on disk under the hash.
    func contains(_ hash: UInt128) -> Bool {
        state.withLockedValue { $0.index.contains(hash) }
    }

    /// Writes what is queued, syncs it and the purge state. Returns when that is done, or the tier closed.
    func flush() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isQueued = state.withLockedValue { state in
                guard !state.isClosed else { return false }
                state.queue.append(.flush { continuation.resume() })
                return true
            }
            if isQueued { wake() } else { continuation.resume() }
        }
    }

    /// Flushes, unless `abruptly`, stops the threads and gives the folder free.
    func close(abruptly: Bool = false) async {
        await stop(abruptly: abruptly)
        folder.unlock()
    }

    /// Flushes, unless `abruptly`, and stops the threads. The folder stays locked.
    func stop(abruptly: Bool = false) async {
        if !abruptly { await flush() }
        let flushes = state.withLockedValue { state -> [@Sendable () -> Void] in
            state.isClosed = true
            state.queuedForms = [:]
            var flushes: [@Sendable () -> Void] = []
            while let job = state.queue.popFirst() {
                switch job {
                case .flush(let done), .reached(let done): flushes.append(done)
                default: break
                }
            }
            return flushes
        }
        for done in flushes { done() }
        wake()
        try? await writerThread.shutdownGracefully()
        let checkpointer = state.withLockedValue { state in
            defer { state.checkpointer = nil }
            return abruptly ? nil : state.checkpointer
        }
        await maintenance.stop { checkpointer?.finish() }
        try? await readers.shutdownGracefully()
    }
}
