internal import GRDB
internal import SignatureV4

/// A part as the client names it when it completes an upload. *Value*.
struct CompletedPart: Sendable {
    let number: Int
    /// Without quotes.
    let etag: String
    let checksum: ObjectChecksum?
}

extension ObjectStorage {
    /// Begins an upload and returns its token.
    func createUpload(
        bucket name: String,
        _ key: ObjectKey,
        attributes: ObjectAttributes,
        checksum: UploadRecord.ChecksumPlan?
    ) async throws(S3Error) -> String {
        let token = Hex.encode(Digest.random(count: 24))
        let now = Self.now()
        try await write { db in
            let bucket = try BucketRecord.find(db, name)
            try db.execute(
                sql: "INSERT INTO upload (token, bucket, key, created, checksum, attributes) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    token, bucket.id, key.databaseValue, now, checksum?.stored, attributes.stored.databaseBlob,
                ]
            )
            try db.execute(
                sql: "DELETE FROM upload WHERE completed < ?",
                arguments: [now - ObjectStoreLimits.completedUploadMilliseconds]
            )
        }
        return token
    }

    /// A running upload, or `NoSuchUpload`.
    func upload(bucket name: String, _ key: ObjectKey, token: String) async throws(S3Error) -> UploadRecord {
        try await read { db in try UploadRecord.findRunning(db, bucket: name, key, token: token) }
    }

    /// Makes a staged blob that part of the upload, in place of an earlier one with its number. Durable on return.
    func putPart(
        bucket name: String,
        _ key: ObjectKey,
        token: String,
        number: Int,
        _ blob: StagedBlob,
        checksum: ObjectChecksum?
    ) async throws(S3Error) {
        let modified = Self.now()
        let replaced = try await commit(blob) { db in
            let upload = try UploadRecord.findRunning(db, bucket: name, key, token: token)
            let replaced = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT blob FROM upload_part WHERE upload = ? AND number = ?"),
                arguments: [upload.id, number]
            ).flatMap { BlobID(bytes: $0.bytes(0)) }
            try db.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO upload_part (upload, number, size, modified, md5, blob, crc, checksum)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                upload.id, number, blob.size, modified, blob.digests.md5.databaseBlob, blob.id.bytes.databaseBlob,
                Int64(blob.digests.crc32), checksum?.stored,
            ])
            return replaced.map { [$0] } ?? []
        }
        await delete(replaced)
    }

    /// Parts of a running upload above `marker`, and the upload.
    func parts(
        bucket name: String,
        _ key: ObjectKey,
        token: String,
        after marker: Int,
        limit: Int
    ) async throws(S3Error) -> (UploadRecord, [UploadPart]) {
        try await read { db in
            let upload = try UploadRecord.findRunning(db, bucket: name, key, token: token)
            return (upload, try UploadPart.all(db, upload: upload.id, after: marker, limit: limit))
        }
    }

    /// Running uploads of a bucket, in the order of their keys and then of their beginning. `after`: a key, and the token
    /// of an upload with that key, or an empty one to pass over the whole key.
    func uploads(
        bucket name: String,
        prefix: [UInt8],
        after marker: (key: [UInt8], token: String)? = nil,
        limit: Int
    ) async throws(S3Error) -> [UploadRecord] {
        try await read { db in
            let bucket = try BucketRecord.find(db, name)
            return try Row.fetchAll(
                db,
                sql: """
                    SELECT \(UploadRecord.columns) FROM upload
                    WHERE bucket = ? AND key >= ? AND key < ? AND completed IS NULL
                        AND (key > ? OR (key = ? AND id > (SELECT id FROM upload WHERE token = ?)))
                    ORDER BY key, id LIMIT ?
                    """,
                arguments: [
                    bucket.id, prefix.databaseBlob, (ListPosition.successor(of: prefix) ?? [.max]).databaseBlob,
                    (marker?.key ?? []).databaseBlob, (marker?.key ?? []).databaseBlob, marker?.token, limit,
                ]
            ).map { UploadRecord($0) }
        }
    }

    /// Ends an upload and deletes its parts.
    func abortUpload(bucket name: String, _ key: ObjectKey, token: String) async throws(S3Error) {
        let blobs = try await write { db in
            let upload = try UploadRecord.findRunning(db, bucket: name, key, token: token)
            let blobs = try UploadPart.all(db, upload: upload.id).map(\.blob)
            try db.execute(sql: "DELETE FROM upload WHERE id = ?", arguments: [upload.id])
            return blobs
        }
        await delete(blobs)
    }

    /// What a completed upload is answered with. *Value*.
    struct Completion: Sendable {
        /// Without quotes.
        let etag: String
        let checksum: ObjectChecksum?
    }

    /// Makes the named parts, in order, the object of that key. May be repeated with the same result. Durable on return.
    func completeUpload(
        bucket name: String,
        _ key: ObjectKey,
        token: String,
        parts listed: [CompletedPart],
        condition: WriteCondition
    ) async throws(S3Error) -> Completion {
        let modified = Self.now()
        let (completion, deleted) = try await write { db in
            let upload = try UploadRecord.find(db, bucket: name, key, token: token)
            let existing = try ObjectRecord.find(db, bucket: upload.bucket, key)
            if let etag = upload.completedETag {
                return (Completion(etag: etag, checksum: existing?.etag == etag ? existing?.checksum : nil), [BlobID]())
            }
            let uploaded = try UploadPart.all(db, upload: upload.id)
            let plan = try CompletionPlan(listed: listed, uploaded: uploaded, checksum: upload.checksum)
            try condition.check(existing?.etag, key)
            var deleted = try existing.map { try Self.remove(db, $0) } ?? []
            deleted += plan.unused
            try Self.insert(db, plan, upload, modified: modified)
            try db.execute(sql: "DELETE FROM upload_part WHERE upload = ?", arguments: [upload.id])
            try db.execute(
                sql: "UPDATE upload SET completed = ?, etag = ? WHERE id = ?",
                arguments: [modified, plan.etag, upload.id]
            )
            return (Completion(etag: plan.etag, checksum: plan.checksum), deleted)
        }
        await delete(deleted)
        return completion
    }

    private static func insert(_ db: Database, _ plan: CompletionPlan, _ upload: UploadRecord, modified: Int64) throws {
        try db.execute(
            sql: """
                INSERT INTO object (bucket, key, size, modified, etag, blob, crc, checksum, attributes)
                VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?)
                """,
            arguments: [
                upload.bucket, upload.key.databaseValue, plan.size, modified, plan.etag, plan.checksum?.stored,
                upload.attributes.stored.databaseBlob,
            ]
        )
        let object = db.lastInsertedRowID
        let statement = try db.cachedStatement(
            sql: "INSERT INTO object_part (object, number, size, blob, crc, checksum) VALUES (?, ?, ?, ?, ?, ?)"
        )
        for part in plan.parts {
            try statement.execute(arguments: [
                object, part.number, part.size, part.blob.bytes.databaseBlob, Int64(part.crc32), part.checksum?.stored,
            ])
        }
    }
}
