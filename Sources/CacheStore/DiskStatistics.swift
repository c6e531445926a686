/// What one disk of a store holds and has done since the start. A value: one moment's figures.
public struct DiskStatistics: Sendable, Equatable {
    /// The folder, as it was configured.
    public var path: String
    /// The most that the segment files may take, in bytes.
    public var limitBytes: Int
    /// Forms on the disk.
    public var objects = 0
    /// Bytes that the segment files take.
    public var usedBytes = 0
    /// Bytes that the index takes in memory.
    public var indexBytes = 0
    /// Records written.
    public var writes = 0
    /// Bytes written, carry-over included.
    public var bytesWritten = 0
    /// Records read and found whole.
    public var reads = 0
    /// Bytes read for answers: fronts, heads and bodies, also of what turned out to be damaged.
    public var bytesRead = 0
    /// Records not written because the queue was full.
    public var writesDropped = 0
    /// Records not written because they were not asked for a second time.
    public var notAdmitted = 0
    /// Records that failed a checksum or could not be read.
    public var badRecords = 0
    /// Refused system calls on the way to the disk.
    public var writeErrors = 0
    /// Refused system calls on the way back.
    public var readErrors = 0
    /// Reads that were misses because too many others waited for the disk.
    public var readsRefused = 0
    /// Segments given up to make room.
    public var segmentsReclaimed = 0
    /// Records not written because the day's bytes were spent.
    public var beyondDailyWrites = 0
    /// Segments of which little was live, and that was moved, to make room.
    public var segmentsCompacted = 0
    /// Segments deleted because nothing in them was live any more.
    public var segmentsEmptied = 0
    /// Bytes of the segment files that the index points to; the rest is dead, or not written yet.
    public var liveBytes = 0
    /// Bytes that the scrubber has verified.
    public var scrubbedBytes = 0
    /// Times that the scrubber has come to the end of the disk.
    public var scrubPasses = 0
    /// Damaged records that the scrubber has found; counted among the bad records as well.
    public var scrubBad = 0
    /// Forms that a purge had killed, found by the scrubber or while room was made.
    public var purgedFound = 0
    /// Times that the disk has refused writes and was left alone for a while.
    public var pauses = 0
    /// Checkpoints of the index taken.
    public var checkpoints = 0
    /// Unix seconds at which the last one was complete; 0: none since the start.
    public var checkpointTime = 0
    /// What the last one took, in milliseconds.
    public var checkpointMilliseconds = 0
    /// Why it is not used, or not written; nil: nothing is wrong.
    public var problem: String?
    /// Whether the disk takes writes; false for a while after an error.
    public var isWritable = false

    /// A disk that has done nothing yet.
    public init(path: String, limitBytes: Int) {
        self.path = path
        self.limitBytes = limitBytes
    }
}
