internal import GRDB

extension ObjectStorage {
    /// Makes a bucket. Returns false when `owner` has it already.
    @discardableResult
    public func createBucket(_ name: String, owner: String = ObjectStorage.defaultOwner) async throws(S3Error) -> Bool {
        try BucketName.check(name)
        let now = Self.now()
        return try await write { db in
            let existing = try String.fetchOne(db, sql: "SELECT owner FROM bucket WHERE name = ?", arguments: [name])
            guard existing == nil else { return false }
            try db.execute(
                sql: "INSERT INTO bucket (name, owner, created) VALUES (?, ?, ?)",
                arguments: [name, owner, now]
            )
            return true
        }
    }

    /// The user all key pairs stand for.
    public static let defaultOwner = "apus"

    /// The bucket, or `NoSuchBucket`.
    public func bucket(_ name: String) async throws(S3Error) -> BucketRecord {
        try await read { db in try BucketRecord.find(db, name) }
    }

    /// All buckets, by name.
    public func buckets() async throws(S3Error) -> [BucketRecord] {
        try await read { db in
            try Row.fetchAll(db, sql: "SELECT id, name, owner, created FROM bucket ORDER BY name").map {
                BucketRecord($0)
            }
        }
    }

    /// Deletes an empty bucket, and uploads in it that were not completed.
    public func deleteBucket(_ name: String) async throws(S3Error) {
        let orphans = try await write { db in
            let bucket = try BucketRecord.find(db, name)
            let isUsed = try Bool.fetchOne(
                db,
                sql: "SELECT EXISTS (SELECT 1 FROM object WHERE bucket = ?)",
                arguments: [bucket.id]
            )
            guard isUsed != true else {
                throw S3Error(
                    .bucketNotEmpty,
                    "The bucket you tried to delete is not empty",
                    details: [.init(name: "BucketName", value: name)]
                )
            }
            let parts = try Row.fetchAll(
                db,
                sql: "SELECT blob FROM upload_part WHERE upload IN (SELECT id FROM upload WHERE bucket = ?)",
                arguments: [bucket.id]
            )
            try db.execute(sql: "DELETE FROM bucket WHERE id = ?", arguments: [bucket.id])
            return parts.compactMap { BlobID(bytes: $0.bytes(0)) }
        }
        await delete(orphans)
    }
}

/// S3's rules for bucket names. A namespace.
enum BucketName {
    /// 3 to 63 of `a-z 0-9 . -`, letters or digits at both ends and around dots, not like an IPv4 address.
    static func check(_ name: String) throws(S3Error) {
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let isValid =
            (3...63).contains(name.utf8.count)
            && labels.allSatisfy { label in
                guard let first = label.first, let last = label.last else { return false }
                return label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
                    && isAlphanumeric(first) && isAlphanumeric(last)
            }
            && !(labels.count == 4 && labels.allSatisfy { $0.allSatisfy { $0 >= 48 && $0 <= 57 } })
        guard isValid else {
            throw S3Error(
                .invalidBucketName,
                "The specified bucket is not valid: expected 3 to 63 of a-z, 0-9, '.' and '-'.",
                details: [.init(name: "BucketName", value: String(name.prefix(100)))]
            )
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
