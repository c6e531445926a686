public import NIOCore

/// A file that a program puts into a bucket by itself. *Value*.
public struct SeedFile: Sendable {
    /// The object's key.
    public let key: String
    /// Its bytes.
    public let bytes: ByteBuffer
    /// Such as `text/css; charset=utf-8`.
    public let contentType: String
    /// Such as `max-age=60`; nil for none.
    public let cacheControl: String?

    /// A file to put.
    public init(key: String, bytes: ByteBuffer, contentType: String, cacheControl: String? = nil) {
        self.key = key
        self.bytes = bytes
        self.contentType = contentType
        self.cacheControl = cacheControl
    }
}

extension ObjectStorage {
    /// Makes the bucket if it does not exist and stores the files in it, replacing what has their keys. Each file is
    /// durable by itself; on an error those before it are stored.
    public func seed(bucket: String, files: [SeedFile]) async throws(S3Error) {
        try await createBucket(bucket)
        for file in files {
            guard let key = ObjectKey(file.key) else {
                throw S3Error.invalidArgument("key", file.key, "A key has 1 to \(ObjectStoreLimits.keyBytes) bytes.")
            }
            let blob = try await stage(file.bytes)
            _ = try await put(
                bucket: bucket,
                key,
                blob,
                attributes: ObjectAttributes(contentType: file.contentType, cacheControl: file.cacheControl)
            )
        }
    }

    /// Whether there is such a bucket: what tells a first start from a later one.
    public func hasBucket(_ name: String) async throws(S3Error) -> Bool {
        do {
            _ = try await bucket(name)
            return true
        } catch  where error.code == .noSuchBucket {
            return false
        }
    }
}
