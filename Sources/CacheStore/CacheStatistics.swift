/// What a store holds and has done since its start. A value: one moment's figures.
public struct CacheStatistics: Sendable, Equatable {
    /// Resources in memory.
    public var memoryObjects = 0
    /// Bytes spent of the memory budget, everything counted.
    public var memoryUsedBytes = 0
    /// The memory budget, in bytes.
    public var memoryLimitBytes = 0
    /// Resources thrown out of memory to make room.
    public var memoryEvictions = 0

    /// Forms on disk.
    public var diskObjects = 0
    /// Bytes that the segment files take.
    public var diskUsedBytes = 0
    /// The most that they may take.
    public var diskLimitBytes = 0
    /// Bytes that the index of the disk takes in memory.
    public var diskIndexBytes = 0
    /// Records written.
    public var diskWrites = 0
    /// Bytes written, carry-over included.
    public var diskBytesWritten = 0
    /// Records read and found whole.
    public var diskReads = 0
    /// Bytes read for answers: fronts, heads and bodies, also of what turned out to be damaged.
    public var diskBytesRead = 0
    /// Records not written because the queue was full.
    public var diskWritesDropped = 0
    /// Records not written because they were not asked for a second time.
    public var diskNotAdmitted = 0
    /// Records that failed a checksum or could not be read.
    public var diskBadRecords = 0
    /// Refused system calls on the way to the disk.
    public var diskWriteErrors = 0
    /// Refused system calls on the way back.
    public var diskReadErrors = 0
    /// Records not written because the day's bytes were spent.
    public var diskBeyondDailyWrites = 0
    /// Segments given up to make room.
    public var diskSegmentsReclaimed = 0
    /// Segments of which little was live, and that was moved, to make room.
    public var diskSegmentsCompacted = 0
    /// Segments deleted because nothing in them was live any more.
    public var diskSegmentsEmptied = 0
    /// Bytes of the segment files that the index points to; the rest is dead, or not written yet.
    public var diskLiveBytes = 0
    /// Bytes that the scrubber has verified.
    public var diskScrubbedBytes = 0
    /// Times that the scrubber has come to the end of the disk.
    public var diskScrubPasses = 0
    /// Damaged records that the scrubber has found; counted in ``diskBadRecords`` as well.
    public var diskScrubBad = 0
    /// Forms that a purge had killed, found by the scrubber or while room was made.
    public var diskPurgedFound = 0
    /// Whether the disk takes writes; false without one, and for a while after an error.
    public var diskIsWritable = false
}
