/// The store's bounds, in one place. A namespace. Most are S3's own.
public enum ObjectStoreLimits {
    /// Bytes of one PUT or one part: 5 GiB.
    public static let uploadBytes: Int64 = 5 << 30
    /// Bytes of one object, put together from parts: 5 TiB.
    public static let objectBytes: Int64 = 5 << 40
    /// Bytes of a part, unless it is the last: 5 MiB.
    public static let minimumPartBytes: Int64 = 5 << 20
    /// Parts of one upload, numbered from 1.
    public static let parts = 10_000
    /// UTF-8 bytes of a key.
    public static let keyBytes = 1_024
    /// Bytes of names and values of a user's metadata, prefix not counted.
    public static let metadataBytes = 2_048
    /// Entries of one page of a listing.
    public static let listKeys = 1_000
    /// Keys of one DeleteObjects.
    public static let deleteKeys = 1_000
    /// Bytes of a request's XML body: room for 1,000 keys or 10,000 parts.
    public static let xmlBytes = 2 << 20
    /// Elements of a request's XML body.
    public static let xmlElements = 60_000
    /// Depth of a request's XML body.
    public static let xmlDepth = 8
    /// Bytes of the line before a chunk of an `aws-chunked` body.
    public static let chunkLineBytes = 512
    /// Bytes of the trailer of an `aws-chunked` body.
    public static let chunkTrailerBytes = 4_096
    /// Bytes of a body that are kept before they are written: one hop to a storage thread for each.
    public static let writePieceBytes = 512 << 10
    /// Bytes of one read from a blob: what a slow download holds in memory. A piece stays below 1 MiB.
    public static let readPieceBytes = 256 << 10
    /// Free bytes that uploads leave on the disk for the database.
    public static let reservedDiskBytes: Int64 = 4 << 20
    /// Bytes of an upload between two calls that flush it, so that the last one is short and dirty memory bounded.
    public static let flushBytes: Int64 = 64 << 20
    /// Operations of one database commit.
    public static let commitBatch = 256
    /// Threads that block on files and on the database.
    public static let storageThreads = 16
    /// Readers of the database at one time.
    public static let databaseReaders = 8
    /// Time after which the record of a completed multipart upload is forgotten, in milliseconds.
    public static let completedUploadMilliseconds: Int64 = 24 * 3_600 * 1_000
}
