internal import Foundation
internal import GRDB
public import Logging
internal import NIOConcurrencyHelpers
internal import NIOPosix
internal import SignatureV4

/// Buckets and objects on disk: bytes in files, the rest in SQLite. Immutable; its parts have locks of their own.
///
/// Order of an upload: bytes flushed into a file, the file moved to its name, the name flushed, the row committed, only
/// then the answer, then the old file deleted. A crash at any point leaves the old object or the new one, and files
/// that nothing refers to, which the next start removes.
///
/// Whatever blocks runs on the storage's threads, never on an event loop nor on Swift's own.
public final class ObjectStorage: Sendable {
    let database: DatabasePool
    let blobs: BlobStore
    let commits: CommitQueue
    let threads: NIOThreadPool
    let logger: Logger
    private let folder: DataFolder
    private let isClosing = NIOLockedValueBox(false)

    /// Opens the folder, making it if need be. Blocks for the time of a few file operations.
    ///
    /// Fails with one sentence when the folder cannot be used or belongs to another process.
    public init(path: String, logger: Logger) throws(ObjectStoreError) {
        guard Digest.isAvailable(.md5) else {
            throw ObjectStoreError("This machine's libcrypto offers no MD5 (FIPS mode?), which S3's ETags need.")
        }
        let folder = try DataFolder(path)
        do {
            database = try Self.openDatabase(folder.database)
            let generation = try database.write { db in
                try db.execute(sql: "UPDATE store SET generation = generation + 1")
                return try Int64.fetchOne(db, sql: "SELECT generation FROM store") ?? 1
            }
            blobs = BlobStore(folder, generation: UInt32(truncatingIfNeeded: generation))
            // The write above has made the log file; its name must survive as well.
            try Files.syncFolder(path)
        } catch {
            throw ObjectStoreError("The database \(folder.database) cannot be used: \(error)")
        }
        self.folder = folder
        self.logger = logger
        commits = CommitQueue(database)
        threads = NIOThreadPool(numberOfThreads: ObjectStoreLimits.storageThreads)
        threads.start()
    }

    private static func openDatabase(_ path: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.maximumReaderCount = ObjectStoreLimits.databaseReaders
        configuration.label = "objects"
        let database = try DatabasePool(path: path, configuration: configuration)
        try database.writeWithoutTransaction { db in
            // GRDB chooses NORMAL for WAL, with which a commit may be lost in a power failure. An answered upload may not.
            try db.execute(sql: "PRAGMA synchronous = FULL")
        }
        try Schema.migrator.migrate(database)
        return database
    }

    /// Finishes what runs and closes. Nothing may be called afterwards.
    public func close() async {
        isClosing.withLockedValue { $0 = true }
        // Both can fail only by being done already.
        try? await threads.shutdownGracefully()
        await commits.close()
        do {
            try database.close()
        } catch {
            logger.warning("The database was not closed cleanly: \(error)")
        }
        folder.unlock()
    }

    /// Removes files that a crash left behind. Safe beside requests; run it once after opening.
    /// Returns how many were removed.
    @discardableResult
    public func collectOrphans() async throws(S3Error) -> Int {
        let count = try await blocking { [self] in
            let referenced = try database.read { db in
                var ids: Set<BlobID> = []
                let rows = try Data.fetchCursor(
                    db,
                    sql: """
                        SELECT blob FROM object WHERE blob IS NOT NULL
                        UNION ALL SELECT blob FROM object_part UNION ALL SELECT blob FROM upload_part
                        """
                )
                while let blob = try rows.next() {
                    if let id = BlobID(bytes: blob) { ids.insert(id) }
                }
                return ids
            }
            return try blobs.collectOrphans(referenced: referenced) { isClosing.withLockedValue { $0 } }
        }
        if count > 0 { logger.notice("Removed \(count) files that an unclean stop had left behind.") }
        return count
    }

    /// Runs what blocks on a storage thread, to its end: a client that leaves does not stop the clearing up of what
    /// was begun for it.
    func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws(S3Error) -> T {
        let result: Result<T, any Error> = await withCheckedContinuation { continuation in
            threads.submit { state in
                guard state == .active else { return continuation.resume(returning: .failure(CancellationError())) }
                continuation.resume(returning: Result { try body() })
            }
        }
        do {
            return try result.get()
        } catch {
            throw S3Error(error)
        }
    }

    /// Reads from the database on a storage thread.
    func read<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(S3Error) -> T {
        try await blocking { [database] in try database.read(body) }
    }

    /// Commits, durably. Only for operations that bring no blob along; see ``commit(_:_:)``.
    func write<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws(S3Error) -> T {
        do {
            return try await commits.perform(body)
        } catch {
            throw S3Error(error.cause)
        }
    }

    /// Commits the row that refers to a new blob. The blob goes when the operation was refused; when nobody knows
    /// whether the commit happened, it stays until the next start knows.
    func commit<T: Sendable>(
        _ blob: StagedBlob,
        _ body: @escaping @Sendable (Database) throws -> T
    ) async throws(S3Error) -> T {
        do {
            return try await commits.perform(body)
        } catch {
            switch error {
            case .refused: await delete([blob.id])
            case .unknown(let cause): logger.error("A commit failed with an unknown outcome: \(cause)")
            }
            throw S3Error(error.cause)
        }
    }

    /// Deletes blobs after the commit that took their last reference away.
    func delete(_ ids: [BlobID]) async {
        guard !ids.isEmpty else { return }
        // While the storage closes they stay, and are found at the next start.
        try? await blocking { [blobs] in blobs.delete(ids) }
    }

    /// Unix milliseconds.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
