/// What a store holds and has done since its start. A value: one moment's figures.
public struct CacheStatistics: Sendable, Equatable {
    /// Resources in memory.
    public var memoryObjects = 0
    /// Bytes spent of the memory budget, everything counted.
    public var memoryUsedBytes = 0
    /// The memory budget, in bytes.
    public var memoryLimitBytes = 0
    /// Bytes of bodies that are in memory no more, but held by connections.
    public var memoryPinnedBytes = 0
    /// Resources thrown out of memory to make room.
    public var memoryEvictions = 0
    /// Each disk's own figures, in the order of the configuration.
    public var disks: [DiskStatistics] = []
}

/// The disks' figures together.
extension CacheStatistics {
    /// Forms on disk.
    public var diskObjects: Int { sum(\.objects) }
    /// Bytes that the segment files take.
    public var diskUsedBytes: Int { sum(\.usedBytes) }
    /// The most that they may take.
    public var diskLimitBytes: Int { sum(\.limitBytes) }
    /// Bytes that the indices take in memory.
    public var diskIndexBytes: Int { sum(\.indexBytes) }
    /// Records written.
    public var diskWrites: Int { sum(\.writes) }
    /// Bytes written, carry-over included.
    public var diskBytesWritten: Int { sum(\.bytesWritten) }
    /// Records read and found whole.
    public var diskReads: Int { sum(\.reads) }
    /// Bytes read for answers, also of what turned out to be damaged.
    public var diskBytesRead: Int { sum(\.bytesRead) }
    /// Records not written because the queue was full.
    public var diskWritesDropped: Int { sum(\.writesDropped) }
    /// Records not written because they were not asked for a second time.
    public var diskNotAdmitted: Int { sum(\.notAdmitted) }
    /// Records that failed a checksum or could not be read.
    public var diskBadRecords: Int { sum(\.badRecords) }
    /// Refused system calls on the way to the disks.
    public var diskWriteErrors: Int { sum(\.writeErrors) }
    /// Refused system calls on the way back.
    public var diskReadErrors: Int { sum(\.readErrors) }
    /// Reads that were misses because too many others waited for the disk.
    public var diskReadsRefused: Int { sum(\.readsRefused) }
    /// Segments given up to make room.
    public var diskSegmentsReclaimed: Int { sum(\.segmentsReclaimed) }
    /// Records not written because the day's bytes were spent.
    public var diskBeyondDailyWrites: Int { sum(\.beyondDailyWrites) }
    /// Segments of which little was live, and that was moved, to make room.
    public var diskSegmentsCompacted: Int { sum(\.segmentsCompacted) }
    /// Segments deleted because nothing in them was live any more.
    public var diskSegmentsEmptied: Int { sum(\.segmentsEmptied) }
    /// Bytes of the segment files that the index points to; the rest is dead, or not written yet.
    public var diskLiveBytes: Int { sum(\.liveBytes) }
    /// Bytes that the scrubber has verified.
    public var diskScrubbedBytes: Int { sum(\.scrubbedBytes) }
    /// Times that the scrubber has come to the end of the disk.
    public var diskScrubPasses: Int { sum(\.scrubPasses) }
    /// Damaged records that the scrubber has found; counted among the bad records as well.
    public var diskScrubBad: Int { sum(\.scrubBad) }
    /// Forms that a purge had killed, found by the scrubber or while room was made.
    public var diskPurgedFound: Int { sum(\.purgedFound) }
    /// Whether every disk takes writes; false without one, and for a while after an error of one.
    public var diskIsWritable: Bool { !disks.isEmpty && disks.allSatisfy(\.isWritable) }

    /// What is wrong with a disk, one sentence part each; empty: nothing.
    public var diskProblems: [String] { disks.compactMap { disk in disk.problem.map { "\(disk.path): \($0)" } } }

    private func sum(_ figure: (DiskStatistics) -> Int) -> Int {
        disks.reduce(0) { $0 + figure($1) }
    }
}
