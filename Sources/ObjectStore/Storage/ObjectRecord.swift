internal import Foundation
internal import GRDB

/// What the database knows of a bucket. *Value*.
public struct BucketRecord: Sendable, Equatable {
    let id: Int64
    /// The bucket's name.
    public let name: String
    /// The user who made it.
    public let owner: String
    /// Unix milliseconds.
    public let created: Int64

    static func find(_ db: Database, _ name: String) throws -> BucketRecord {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT id, name, owner, created FROM bucket WHERE name = ?"),
            arguments: [name]
        )
        guard let row else { throw S3Error.noSuchBucket(name) }
        return BucketRecord(row)
    }

    init(_ row: Row) {
        id = row[0]
        name = row[1]
        owner = row[2]
        created = row[3]
    }
}

/// What the database knows of an object. *Value*.
public struct ObjectRecord: Sendable {
    /// Names this version of the bytes: another PUT to the key gets another one.
    let id: Int64
    /// The object's key.
    public let key: ObjectKey
    /// Bytes.
    public let size: Int64
    /// Unix milliseconds.
    public let modified: Int64
    /// Without quotes.
    public let etag: String
    /// nil: the bytes are those of the parts.
    let blob: BlobID?
    let crc32: UInt32?
    let checksum: ObjectChecksum?
    /// The fields kept with it.
    public let attributes: ObjectAttributes

    static let columns = "id, key, size, modified, etag, blob, crc, checksum, attributes"

    static func find(_ db: Database, bucket: Int64, _ key: ObjectKey) throws -> ObjectRecord? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT \(columns) FROM object WHERE bucket = ? AND key = ?"),
            arguments: [bucket, key.databaseValue]
        ).map { ObjectRecord($0) }
    }

    init(_ row: Row) {
        id = row[0]
        key = ObjectKey(stored: row.bytes(1))
        size = row[2]
        modified = row[3]
        etag = row[4]
        blob = BlobID(bytes: row.bytes(5))
        crc32 = (row[6] as Int64?).map { UInt32(truncatingIfNeeded: $0) }
        checksum = (row[7] as String?).flatMap { ObjectChecksum(stored: $0) }
        attributes = ObjectAttributes(stored: row.bytes(8))
    }

    init(
        id: Int64,
        key: ObjectKey,
        modified: Int64,
        etag: String,
        blob: StagedBlob,
        checksum: ObjectChecksum?,
        attributes: ObjectAttributes
    ) {
        self.id = id
        self.key = key
        self.size = blob.size
        self.modified = modified
        self.etag = etag
        self.blob = blob.id
        self.crc32 = blob.digests.crc32
        self.checksum = checksum
        self.attributes = attributes
    }
}

/// A part of an object that was uploaded in parts. *Value*.
struct ObjectPart: Sendable {
    let number: Int
    let size: Int64
    let blob: BlobID
    let crc32: UInt32
    let checksum: ObjectChecksum?

    static func all(_ db: Database, object: Int64) throws -> [ObjectPart] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT number, size, blob, crc, checksum FROM object_part WHERE object = ? ORDER BY number"
            ),
            arguments: [object]
        )
        return rows.compactMap { row in
            BlobID(bytes: row.bytes(2)).map { blob in
                ObjectPart(
                    number: row[0],
                    size: row[1],
                    blob: blob,
                    crc32: UInt32(truncatingIfNeeded: row[3] as Int64),
                    checksum: (row[4] as String?).flatMap { ObjectChecksum(stored: $0) }
                )
            }
        }
    }
}

extension ObjectKey {
    var databaseValue: DatabaseValue { bytes.databaseBlob }
}

extension [UInt8] {
    /// The bytes as a BLOB, whichever way GRDB spells it.
    var databaseBlob: DatabaseValue { Data(self).databaseValue }
}

extension Row {
    /// The BLOB of a column; empty for NULL.
    func bytes(_ index: Int) -> [UInt8] {
        (self[index] as Data?).map { Array($0) } ?? []
    }
}
