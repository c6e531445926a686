import FoundationEssentials
import GRDB

extension SQLiteControlStore {
    /// The registry, by id.
    public func edges() async throws(ControlStoreError) -> [EdgeRecord] {
        try await reading("the registry") { database in
            try Row.fetchAll(database, sql: "SELECT * FROM edges ORDER BY id, joined_at").map { row in
                let addresses: String = row["addresses"]
                return EdgeRecord(
                    id: row["id"],
                    instance: row["instance"],
                    addresses: try ControlJSON.decode([String].self, from: addresses.utf8),
                    version: row["version"],
                    // A word of a later version: the careful reading, which still counts the edge.
                    standing: EdgeStanding(rawValue: row["standing"]) ?? .member,
                    onLostControl: LostControlRule(rawValue: row["on_lost_control"]) ?? .serve,
                    joinedAt: row["joined_at"],
                    applied: row["applied"],
                    lastSeen: row["last_seen"]
                )
            }
        }
    }

    /// Deletes, then saves, in one transaction.
    public func updateEdges(save: [EdgeRecord], delete: [String]) async throws(ControlStoreError) {
        try await writing("the registry") { database in
            for instance in delete {
                try database.execute(sql: "DELETE FROM edges WHERE instance = ?", arguments: [instance])
            }
            for edge in save {
                let addresses = String(decoding: try ControlJSON.encode(edge.addresses), as: UTF8.self)
                try database.execute(
                    sql: """
                        INSERT OR REPLACE INTO edges
                        (instance, id, addresses, version, standing, on_lost_control, joined_at, applied, last_seen)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        edge.instance, edge.id, addresses, edge.version, edge.standing.rawValue,
                        edge.onLostControl.rawValue, edge.joinedAt, edge.applied, edge.lastSeen,
                    ]
                )
            }
        }
    }

    /// Receipts and confirmed numbers, in one transaction.
    public func record(_ receipts: [PurgeReceipt], applied: [AppliedNumber]) async throws(ControlStoreError) {
        try await writing("receipts") { database in
            let insert = try database.makeStatement(
                sql: """
                    INSERT OR IGNORE INTO receipts (number, instance, edge, state, milliseconds) VALUES (?, ?, ?, ?, ?)
                    """
            )
            for receipt in receipts {
                try insert.execute(arguments: [
                    receipt.number, receipt.instance, receipt.edge, receipt.state.rawValue, receipt.milliseconds,
                ])
            }
            let update = try database.makeStatement(
                sql: "UPDATE edges SET applied = ?, last_seen = ? WHERE instance = ?"
            )
            for number in applied {
                try update.execute(arguments: [number.number, number.seenAt, number.instance])
            }
        }
    }

    /// The receipts of a purge, by edge.
    public func receipts(of number: UInt64) async throws(ControlStoreError) -> [PurgeReceipt] {
        try await reading("receipts") { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM receipts WHERE number = ? ORDER BY edge, instance",
                arguments: [Int64(clamping: number)]
            ).compactMap { row in
                ConfirmationState(rawValue: row["state"]).map { state in
                    PurgeReceipt(
                        number: number,
                        edge: row["edge"],
                        instance: row["instance"],
                        state: state,
                        milliseconds: row["milliseconds"]
                    )
                }
            }
        }
    }
}

extension SQLiteControlStore {
    /// Brings the tables to this version's form, and makes the log's identity when there is none.
    static func prepare(_ pool: DatabasePool) throws {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(
                sql: """
                    CREATE TABLE log (
                        id INTEGER PRIMARY KEY CHECK (id = 1), identity TEXT NOT NULL, last INTEGER NOT NULL,
                        watched INTEGER NOT NULL
                    );
                    CREATE TABLE purges (
                        number INTEGER PRIMARY KEY, mark TEXT NOT NULL, accepted_at INTEGER NOT NULL,
                        soft INTEGER NOT NULL, scopes TEXT NOT NULL, idempotency_key TEXT UNIQUE, actor TEXT NOT NULL
                    );
                    CREATE TABLE edges (
                        instance TEXT PRIMARY KEY, id TEXT NOT NULL, addresses TEXT NOT NULL, version TEXT NOT NULL,
                        standing TEXT NOT NULL, on_lost_control TEXT NOT NULL, joined_at INTEGER NOT NULL,
                        applied INTEGER NOT NULL, last_seen INTEGER NOT NULL
                    );
                    CREATE TABLE receipts (
                        number INTEGER NOT NULL, instance TEXT NOT NULL, edge TEXT NOT NULL, state TEXT NOT NULL,
                        milliseconds REAL, PRIMARY KEY (number, instance)
                    ) WITHOUT ROWID;
                    """
            )
        }
        try migrator.migrate(pool)
        try pool.write { database in
            try database.execute(
                sql: "INSERT OR IGNORE INTO log (id, identity, last, watched) VALUES (1, ?, 0, 0)",
                arguments: [UUID().uuidString.lowercased()]
            )
        }
    }
}
