/// What holds when a setting is left out, for all roles. A value without state; the table of settings takes its defaults
/// from here, and so do the initialisers of the settings' types.
public enum Defaults {
    /// The memory tier of an edge.
    public static let memory = ByteSize.mebibytes(512)
    /// Which objects leave the memory tier first.
    public static let policy = EvictionPolicy.lru
    /// Which of the larger bodies go to a disk.
    public static let diskAdmission = DiskAdmission.secondRequest
    /// Smaller bodies go to a disk when they first come.
    public static let admitAtOnceBelow = ByteSize.kibibytes(64)
    /// Bytes a second of a disk that are read to look for damage.
    public static let scrub = ByteSize.mebibytes(8)
    /// The region that signatures name.
    public static let region = "us-east-1"
    /// What `/` and every path that ends in `/` stand for in a bucket.
    public static let index = "index.html"
    /// How long an object of a bucket is fresh that says nothing itself.
    public static let s3TTL = TimeSpan.hours(1)
    /// How long an expired object of a bucket may be served while the bucket cannot be reached.
    public static let s3StaleIfError = TimeSpan.days(1)
    /// The same for an HTTP origin, which can say so itself (RFC 5861).
    public static let httpStaleIfError = TimeSpan.seconds(0)
    /// How long an expired object may be served while it is revalidated. None: what an object says of its lifetime is what a
    /// deployment relies on, and a revalidation costs one visitor one round trip.
    public static let staleWhileRevalidate = TimeSpan.seconds(0)
    /// How long a bucket's 404 is kept: enough to take a flood, too short to be missed after an upload.
    public static let s3NegativeTTL = TimeSpan.seconds(1)
    /// Above this an object is kept in blocks.
    public static let largeObject = ByteSize.mebibytes(8)
    /// What a fetched body is checked against.
    public static let verify = FillVerification.auto
    /// Whether the edge compresses.
    public static let compress = true
    /// Whether a bucket is named in the path rather than in the host.
    public static let pathStyle = true
    /// How much is logged.
    public static let logLevel = LogLevel.info
}
