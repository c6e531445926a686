/// What a replay has counted. A value.
public struct ReplayFigures: Sendable, Equatable {
    /// Requests replayed, those of the cold start included.
    public internal(set) var requests = 0
    /// Their bytes.
    public internal(set) var requestedBytes = 0
    /// Requests that found their object in memory.
    public internal(set) var memoryHits = 0
    /// Their bytes.
    public internal(set) var memoryHitBytes = 0
    /// Requests that found their object on disk alone.
    public internal(set) var diskHits = 0
    /// Their bytes.
    public internal(set) var diskHitBytes = 0
    /// Objects that left memory to make room.
    public internal(set) var evictions = 0
    /// Objects that the policy did not let into memory.
    public internal(set) var notAdmitted = 0
    /// Bytes written to disk, what was carried over included.
    public internal(set) var diskBytesWritten = 0
    /// Bytes written again because their segment was given up.
    public internal(set) var diskBytesCarriedOver = 0
    /// Segments given up to make room.
    public internal(set) var diskSegmentsGivenUp = 0
    /// Objects that waited for their second request before they were written to disk.
    public internal(set) var diskNotAdmitted = 0

    /// Hits as a fraction of the requests; 0 before the first.
    public var objectHitRatio: Double { ratio(memoryHits + diskHits, requests) }
    /// Bytes of hits as a fraction of all bytes requested; 0 before the first.
    public var byteHitRatio: Double { ratio(memoryHitBytes + diskHitBytes, requestedBytes) }
    /// Hits in memory as a fraction of the requests.
    public var memoryObjectHitRatio: Double { ratio(memoryHits, requests) }
    /// Bytes of hits in memory as a fraction of all bytes requested.
    public var memoryByteHitRatio: Double { ratio(memoryHitBytes, requestedBytes) }
    /// Hits on disk as a fraction of the requests.
    public var diskObjectHitRatio: Double { ratio(diskHits, requests) }
    /// Bytes of hits on disk as a fraction of all bytes requested.
    public var diskByteHitRatio: Double { ratio(diskHitBytes, requestedBytes) }

    private func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}
