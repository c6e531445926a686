/// Sizes that the disk tier and its model in a replay derive from the configuration. A value with no state.
public enum DiskRules {
    /// One record takes at most this share (1/8) of a disk.
    static let recordShare = 8
    /// Segments a disk is divided into, as far as their sizes allow.
    static let segmentsWanted = 64
    /// Smallest and largest ordinary segment file.
    static let segmentBytes = (4 << 20)...(64 << 20)

    /// Share (1/64) of the memory budget that the second-request filter may take.
    static let filterShare = 64
    /// Fewest and most keys that a generation of it remembers.
    static let filterKeys = 1024...4_000_000
    /// Objects below this are written at once where nothing else is said.
    public static let admitAtOnceBelow = 64 << 10

    /// Bytes of an ordinary segment of a disk of so many bytes.
    public static func segmentBytes(disk: Int) -> Int {
        min(max(disk / segmentsWanted, segmentBytes.lowerBound), segmentBytes.upperBound)
    }

    /// The most that one record takes of a disk of so many bytes.
    public static func recordLimit(disk: Int) -> Int { disk / recordShare }

    /// Keys a generation of the second-request filter remembers: as many as the disk holds of the objects it is asked about,
    /// for one that is asked for again before the disk has been written over once is worth a place.
    public static func filterKeys(disk: Int, memory: Int) -> Int {
        // Two generations of 11 bits a key, rounded up to a power of two.
        let affordable = memory / filterShare * 8 / 2 / 22
        return max(filterKeys.lowerBound, min(disk / admitAtOnceBelow, affordable, filterKeys.upperBound))
    }
}
