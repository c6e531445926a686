internal import Foundation
internal import GRDB

extension ObjectStorage {
    /// One page of a bucket's keys in the order of their bytes.
    ///
    /// A group costs one look-up in the index however many keys it has: the next one begins behind the group.
    func list(bucket name: String, _ query: ListQuery) async throws(S3Error) -> ListPage {
        try await read { db in
            let bucket = try BucketRecord.find(db, name)
            return try Self.list(db, bucket: bucket.id, query)
        }
    }

    static func list(_ db: Database, bucket: Int64, _ query: ListQuery) throws -> ListPage {
        var page = ListPage()
        guard query.limit > 0 else { return page }
        // No UTF-8 begins with the byte 255.
        let end = ListPosition.successor(of: query.prefix) ?? [.max]
        var next: [UInt8]? = query.prefix
        if let after = query.after {
            next = after.next.map { max($0, query.prefix) }
        }
        while let start = next {
            next = nil
            let rows = try Row.fetchCursor(
                db.cachedStatement(
                    sql: """
                        SELECT key, size, modified, etag, checksum FROM object
                        WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key
                        """
                ),
                arguments: [bucket, start.databaseBlob, end.databaseBlob]
            )
            while let row = try rows.next() {
                guard page.entries.count < query.limit else {
                    page.isTruncated = true
                    return page
                }
                let key = row.bytes(0)
                if let group = group(of: key, query) {
                    page.entries.append(.group(group))
                    next = ListPosition.group(group).next
                    break
                }
                page.entries.append(
                    .object(
                        ListedObject(
                            key: key,
                            size: row[1],
                            modified: row[2],
                            etag: row[3],
                            checksum: (row[4] as String?).flatMap { ObjectChecksum(stored: $0) }
                        )
                    )
                )
            }
        }
        return page
    }

    /// The key up to and with the first delimiter after the prefix; nil when it is listed by itself.
    private static func group(of key: [UInt8], _ query: ListQuery) -> [UInt8]? {
        group(of: key, prefix: query.prefix, delimiter: query.delimiter)
    }

    static func group(of key: [UInt8], prefix: [UInt8], delimiter: [UInt8]) -> [UInt8]? {
        guard !delimiter.isEmpty, key.count >= prefix.count else { return nil }
        return key[prefix.count...].firstRange(of: delimiter).map { Array(key[..<$0.upperBound]) }
    }

    private static func max(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        a.lexicographicallyPrecedes(b) ? b : a
    }
}
