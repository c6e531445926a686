/// Every bound of the policies, in one place. A value with no state.
enum PolicyLimits {
    /// Places in the table of an empty index; a power of two.
    static let smallestTable = 16
    /// Steps that one eviction takes at most before it throws out what it has come to. Each step is paid for by an earlier
    /// hit; the bound is for a shard that was hit everywhere before anything had to leave.
    static let stepsPerEviction = 1000

    // S3-FIFO.

    /// The largest value of the counter of uses: two bits.
    static let s3Uses: UInt16 = 3
    /// Uses that a newcomer needs to stay when it has come to the end of the small queue.
    static let s3UsesToStay: UInt16 = 2
    /// The small queue's share of the cost: one tenth.
    static let s3SmallShare = 10

    // Size.

    /// Entries that a newcomer is compared with at most.
    static let victimsPerAdmission = 64

    // Ghosts.

    /// Ghosts that are kept besides one for each entry.
    static let ghostsAtLeast = 64
    /// Ghosts that one change takes away at most when there are too many.
    static let ghostsPerTrim = 8
}
