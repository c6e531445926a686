import GRDB
import Glibc

/// The log, the registry and the receipts in one SQLite file, for one control process.
///
/// Shared between tasks: GRDB's pool has one writer and several readers. Each write is one transaction in a write-ahead log
/// with `synchronous=FULL`, so what has returned survives a loss of power (GRDB's default, NORMAL, may lose the last ones).
public final class SQLiteControlStore: ControlStore {
    private let pool: DatabasePool
    private let lock: FileLock

    /// Opens the file, makes it when there is none, and keeps other control processes from it.
    ///
    /// - Parameter path: the database's path; the folder is made when it is missing.
    public init(path: String) throws(ControlStoreError) {
        lock = try FileLock(databasePath: path)
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(5)
        configuration.label = "control"
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            try Self.prepare(pool)
        } catch {
            throw ControlStoreError(.unusable, "Control cannot use its database \(path): \(error).")
        }
        chmod(path, 0o600)
    }

    /// The identity and the last number.
    public func logState() async throws(ControlStoreError) -> LogState {
        try await reading("the log's identity") { database in
            guard let row = try Row.fetchOne(database, sql: "SELECT * FROM log") else {
                throw DatabaseError(message: "the log has no identity")
            }
            return LogState(identity: row["identity"], last: row["last"], isWatched: row["watched"])
        }
    }

    /// Notes that the log has been watched.
    public func markWatched() async throws(ControlStoreError) {
        try await writing("the log's state") { database in
            try database.execute(sql: "UPDATE log SET watched = 1")
        }
    }

    /// Appends in one transaction: a number is never given twice, nor left out.
    public func append(_ purge: NewPurge) async throws(ControlStoreError) -> PurgeEntry {
        let scopes: String
        do {
            scopes = String(decoding: try ControlJSON.encode(purge.scopes), as: UTF8.self)
        } catch {
            throw ControlStoreError(.failed, "A purge's scopes cannot be written: \(error).")
        }
        return try await writing("a purge") { database in
            if let key = purge.idempotencyKey,
                let row = try Row.fetchOne(
                    database,
                    sql: "SELECT * FROM purges WHERE idempotency_key = ?",
                    arguments: [key]
                )
            {
                guard row["scopes"] == scopes, row["soft"] == purge.soft else {
                    throw ControlStoreError(
                        .keyReused,
                        "The idempotency key \"\(key)\" was used for another purge (number \(row["number"] as UInt64))."
                    )
                }
                return try Self.entry(row)
            }
            try database.execute(sql: "UPDATE log SET last = last + 1")
            guard let number = try UInt64.fetchOne(database, sql: "SELECT last FROM log") else {
                throw DatabaseError(message: "the log has no identity")
            }
            try database.execute(
                sql: """
                    INSERT INTO purges (number, mark, accepted_at, soft, scopes, idempotency_key, actor)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    number, purge.mark, purge.acceptedAt, purge.soft, scopes, purge.idempotencyKey, purge.actor,
                ]
            )
            return PurgeEntry(
                number: number,
                mark: purge.mark,
                acceptedAt: purge.acceptedAt,
                scopes: purge.scopes,
                soft: purge.soft
            )
        }
    }

    /// One page of the log.
    public func entries(after number: UInt64, limit: Int) async throws(ControlStoreError) -> [PurgeEntry] {
        try await reading("the log") { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM purges WHERE number > ? ORDER BY number LIMIT ?",
                arguments: [Int64(clamping: number), limit]
            ).map(Self.entry)
        }
    }

    /// The last entries, newest first.
    public func newestEntries(limit: Int) async throws(ControlStoreError) -> [PurgeEntry] {
        try await reading("the log") { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM purges ORDER BY number DESC LIMIT ?",
                arguments: [limit]
            ).map(Self.entry)
        }
    }

    /// Closes the file and lets another process have it.
    public func close() async {
        // Fails only when a read is under way; SQLite then closes with the last connection.
        try? pool.close()
        lock.release()
    }

    func reading<Value: Sendable>(
        _ what: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(ControlStoreError) -> Value {
        do {
            return try await pool.read(body)
        } catch {
            throw Self.storeError(error, "Control's database cannot read \(what)")
        }
    }

    func writing<Value: Sendable>(
        _ what: String,
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws(ControlStoreError) -> Value {
        do {
            return try await pool.write(body)
        } catch {
            throw Self.storeError(error, "Control's database cannot write \(what)")
        }
    }

    private static func storeError(_ error: any Error, _ what: String) -> ControlStoreError {
        (error as? ControlStoreError) ?? ControlStoreError(.failed, "\(what): \(error).")
    }

    private static func entry(_ row: Row) throws -> PurgeEntry {
        let scopes: String = row["scopes"]
        return PurgeEntry(
            number: row["number"],
            mark: row["mark"],
            acceptedAt: row["accepted_at"],
            scopes: try ControlJSON.decode([PurgeScope].self, from: scopes.utf8),
            soft: row["soft"]
        )
    }
}
