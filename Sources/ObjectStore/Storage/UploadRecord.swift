internal import GRDB

/// What the database knows of a multipart upload. *Value*.
struct UploadRecord: Sendable {
    let id: Int64
    /// The upload id that clients know.
    let token: String
    let bucket: Int64
    let key: ObjectKey
    /// Unix milliseconds.
    let created: Int64
    /// What the client wants its parts, and the whole, to be checked with.
    let checksum: ChecksumPlan?
    let attributes: ObjectAttributes
    /// The object's ETag once the upload is completed.
    let completedETag: String?

    /// The checksum that an upload announced. *Value*.
    struct ChecksumPlan: Sendable, Equatable {
        let algorithm: ObjectChecksum.Algorithm
        let scope: ObjectChecksum.Scope

        var stored: String { "\(algorithm.rawValue) \(scope.rawValue)" }

        init(_ algorithm: ObjectChecksum.Algorithm, _ scope: ObjectChecksum.Scope) {
            self.algorithm = algorithm
            self.scope = scope
        }

        init?(stored: String) {
            let parts = stored.split(separator: " ").map(String.init)
            guard parts.count == 2, let algorithm = ObjectChecksum.Algorithm(rawValue: parts[0]),
                let scope = ObjectChecksum.Scope(rawValue: parts[1])
            else { return nil }
            self.init(algorithm, scope)
        }
    }

    static let columns = "id, token, bucket, key, created, checksum, attributes, etag"

    init(_ row: Row) {
        id = row[0]
        token = row[1]
        bucket = row[2]
        key = ObjectKey(stored: row.bytes(3))
        created = row[4]
        checksum = (row[5] as String?).flatMap { ChecksumPlan(stored: $0) }
        attributes = ObjectAttributes(stored: row.bytes(6))
        completedETag = row[7]
    }

    /// The upload, completed or not; `NoSuchUpload` when token, bucket and key do not belong together.
    static func find(_ db: Database, bucket: String, _ key: ObjectKey, token: String) throws -> UploadRecord {
        let bucket = try BucketRecord.find(db, bucket)
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT \(columns) FROM upload WHERE token = ? AND bucket = ? AND key = ?"),
            arguments: [token, bucket.id, key.databaseValue]
        )
        guard let row else { throw S3Error.noSuchUpload }
        return UploadRecord(row)
    }

    /// The upload while it runs.
    static func findRunning(_ db: Database, bucket: String, _ key: ObjectKey, token: String) throws -> UploadRecord {
        let upload = try find(db, bucket: bucket, key, token: token)
        guard upload.completedETag == nil else { throw S3Error.noSuchUpload }
        return upload
    }
}

/// A part of a running upload. *Value*.
struct UploadPart: Sendable {
    let number: Int
    let size: Int64
    /// Unix milliseconds.
    let modified: Int64
    let md5: [UInt8]
    let blob: BlobID
    let crc32: UInt32
    let checksum: ObjectChecksum?

    static let columns = "number, size, modified, md5, blob, crc, checksum"

    init?(_ row: Row) {
        guard let blob = BlobID(bytes: row.bytes(4)) else { return nil }
        number = row[0]
        size = row[1]
        modified = row[2]
        md5 = row.bytes(3)
        self.blob = blob
        crc32 = UInt32(truncatingIfNeeded: row[5] as Int64)
        checksum = (row[6] as String?).flatMap { ObjectChecksum(stored: $0) }
    }

    /// Parts of an upload in order, those above `marker`.
    static func all(_ db: Database, upload: Int64, after marker: Int = 0, limit: Int = .max) throws -> [UploadPart] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT \(columns) FROM upload_part WHERE upload = ? AND number > ? ORDER BY number LIMIT ?"
            ),
            arguments: [upload, marker, limit]
        )
        return rows.compactMap { UploadPart($0) }
    }
}
