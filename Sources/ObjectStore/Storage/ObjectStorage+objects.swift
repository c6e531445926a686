internal import GRDB
internal import NIOCore
internal import SignatureV4

/// What must be true of the object that is there for a write to happen (RFC 9110, section 13.1). *Value*.
struct WriteCondition: Sendable {
    /// `If-Match`: tags without quotes, nil when the field was absent; empty stands for `*`.
    var ifMatch: [String]?
    /// `If-None-Match: *`.
    var ifNoneMatchAny = false

    func check(_ existing: String?, _ key: ObjectKey) throws(S3Error) {
        if let tags = ifMatch {
            guard let existing else { throw .noSuchKey(key) }
            guard tags.isEmpty || tags.contains(existing) else { throw .preconditionFailed("If-Match") }
        }
        if ifNoneMatchAny, existing != nil { throw .preconditionFailed("If-None-Match") }
    }
}

/// An object whose bytes can be read, whatever happens to its key. Immutable.
struct OpenObject: Sendable {
    let record: ObjectRecord
    let content: ObjectContent
}

extension ObjectStorage {
    /// Refuses early what could not be stored: no such bucket, or no room for that many bytes. Blocks no loop.
    func prepareUpload(bucket name: String, bytes: Int64) async throws(S3Error) -> BucketRecord {
        try await blocking { [self] in
            let bucket = try database.read { db in try BucketRecord.find(db, name) }
            let free = try Files.freeBytes(blobs.folder.path)
            guard free >= bytes + ObjectStoreLimits.reservedDiskBytes else {
                throw S3Error.diskFull(cause: "\(free) bytes are free, \(bytes) were announced")
            }
            return bucket
        }
    }

    /// Makes a staged blob the object of that key. Durable on return; what was there before is deleted.
    func put(
        bucket name: String,
        _ key: ObjectKey,
        _ blob: StagedBlob,
        attributes: ObjectAttributes,
        checksum: ObjectChecksum? = nil,
        condition: WriteCondition = WriteCondition()
    ) async throws(S3Error) -> ObjectRecord {
        let modified = Self.now()
        let (record, replaced) = try await commit(blob) { db in
            let bucket = try BucketRecord.find(db, name)
            let existing = try ObjectRecord.find(db, bucket: bucket.id, key)
            try condition.check(existing?.etag, key)
            let replaced = try existing.map { try Self.remove(db, $0) } ?? []
            let etag = Hex.encode(blob.digests.md5)
            try db.cachedStatement(
                sql: """
                    INSERT INTO object (bucket, key, size, modified, etag, blob, crc, checksum, attributes)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                bucket.id, key.databaseValue, blob.size, modified, etag, blob.id.bytes.databaseBlob,
                Int64(blob.digests.crc32), checksum?.stored, attributes.stored.databaseBlob,
            ])
            let record = ObjectRecord(
                id: db.lastInsertedRowID,
                key: key,
                modified: modified,
                etag: etag,
                blob: blob,
                checksum: checksum,
                attributes: attributes
            )
            return (record, replaced)
        }
        await delete(replaced)
        return record
    }

    /// Deletes an object's rows and returns its blobs, which may be deleted once that is committed.
    static func remove(_ db: Database, _ object: ObjectRecord) throws -> [BlobID] {
        var blobs = object.blob.map { [$0] } ?? []
        if object.blob == nil { blobs += try ObjectPart.all(db, object: object.id).map(\.blob) }
        try db.cachedStatement(sql: "DELETE FROM object WHERE id = ?").execute(arguments: [object.id])
        return blobs
    }

    /// Deletes an object. A key without one is no error. Durable on return.
    public func deleteObject(bucket name: String, _ key: ObjectKey) async throws(S3Error) {
        try await deleteObject(bucket: name, key, condition: WriteCondition())
    }

    /// Deletes an object if the condition holds.
    func deleteObject(bucket name: String, _ key: ObjectKey, condition: WriteCondition) async throws(S3Error) {
        let blobs = try await write { db in
            let bucket = try BucketRecord.find(db, name)
            let existing = try ObjectRecord.find(db, bucket: bucket.id, key)
            try condition.check(existing?.etag, key)
            return try existing.map { try Self.remove(db, $0) } ?? []
        }
        await delete(blobs)
    }

    /// Deletes objects in one commit. Keys without one are no error. Durable on return.
    func deleteObjects(bucket name: String, _ keys: [ObjectKey]) async throws(S3Error) {
        let blobs = try await write { db in
            let bucket = try BucketRecord.find(db, name)
            var blobs: [BlobID] = []
            for key in keys {
                guard let object = try ObjectRecord.find(db, bucket: bucket.id, key) else { continue }
                blobs += try Self.remove(db, object)
            }
            return blobs
        }
        await delete(blobs)
    }

    /// What is known of an object; `NoSuchBucket` or `NoSuchKey`.
    public func object(bucket name: String, _ key: ObjectKey) async throws(S3Error) -> ObjectRecord {
        try await read { db in
            let bucket = try BucketRecord.find(db, name)
            guard let record = try ObjectRecord.find(db, bucket: bucket.id, key) else { throw S3Error.noSuchKey(key) }
            return record
        }
    }

    /// Opens an object for reading.
    func open(bucket name: String, _ key: ObjectKey) async throws(S3Error) -> OpenObject {
        try await blocking { [self] in
            // Between the look-up and the opening, the object may be replaced and its file deleted. Then there is a
            // newer one; a file that is missing again and again is damage.
            for _ in 0..<4 {
                let record = try database.read { db in
                    let bucket = try BucketRecord.find(db, name)
                    guard let record = try ObjectRecord.find(db, bucket: bucket.id, key) else {
                        throw S3Error.noSuchKey(key)
                    }
                    return record
                }
                if let object = try open(record) { return object }
            }
            throw S3Error(
                .internalError,
                "We encountered an internal error. Please try again.",
                cause: "The file of \(name)/\(key.text) is missing."
            )
        }
    }

    /// nil when the object was replaced meanwhile.
    private func open(_ record: ObjectRecord) throws -> OpenObject? {
        if let blob = record.blob {
            return try blobs.openIfPresent(blob).map { OpenObject(record: record, content: .blob($0)) }
        }
        let parts = try database.read { db in try ObjectPart.all(db, object: record.id) }
        let lease = BlobLease(blobs, parts.map(\.blob))
        // Blobs are deleted after the commit. If the object is still there now, a later deletion sees the lease.
        let isCurrent = try database.read { db in
            try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM object WHERE id = ?)", arguments: [record.id])
        }
        return isCurrent == true ? OpenObject(record: record, content: .parts(parts, lease)) : nil
    }

    /// Writes bytes that are in memory.
    func stage(_ bytes: ByteBuffer) async throws(S3Error) -> StagedBlob {
        try await blocking { [blobs] in
            var writer = try BlobWriter(blobs, digests: BodyDigests(sha256: false, checksum: nil))
            try writer.write(bytes.readableBytesSpan)
            return try writer.finish()
        }
    }
}
