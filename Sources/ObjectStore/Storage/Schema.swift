internal import GRDB

/// The database's tables. A namespace. Times are Unix milliseconds; keys are BLOBs, so that SQLite orders them by bytes.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: buckets, objects, multipart uploads") { db in
            try db.execute(sql: first)
        }
        return migrator
    }

    private static let first = """
        -- One row. generation: the number of starts; part of every blob's name.
        CREATE TABLE store (generation INTEGER NOT NULL);
        INSERT INTO store VALUES (0);

        CREATE TABLE bucket (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            created INTEGER NOT NULL
        );

        -- An object that replaces another gets a new id: the id names a version of the bytes.
        CREATE TABLE object (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            bucket INTEGER NOT NULL REFERENCES bucket (id),
            key BLOB NOT NULL,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            etag TEXT NOT NULL,       -- without quotes
            blob BLOB,                -- NULL: the bytes are those of the object's parts, in order
            crc INTEGER,              -- CRC-32 of the blob
            checksum TEXT,            -- what the client sent: algorithm, scope, value
            attributes BLOB NOT NULL  -- fields kept for the reader: name NUL value NUL …
        );
        CREATE UNIQUE INDEX object_by_key ON object (bucket, key);

        CREATE TABLE object_part (
            object INTEGER NOT NULL REFERENCES object (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            size INTEGER NOT NULL,
            blob BLOB NOT NULL,
            crc INTEGER NOT NULL,
            checksum TEXT,
            PRIMARY KEY (object, number)
        ) WITHOUT ROWID;

        CREATE TABLE upload (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            token TEXT NOT NULL UNIQUE,
            bucket INTEGER NOT NULL REFERENCES bucket (id) ON DELETE CASCADE,
            key BLOB NOT NULL,
            created INTEGER NOT NULL,
            checksum TEXT,            -- algorithm and scope asked for at creation
            attributes BLOB NOT NULL,
            completed INTEGER,        -- NULL while it runs; kept for a while after, since completing may be repeated
            etag TEXT
        );
        CREATE INDEX upload_by_key ON upload (bucket, key, id);

        CREATE TABLE upload_part (
            upload INTEGER NOT NULL REFERENCES upload (id) ON DELETE CASCADE,
            number INTEGER NOT NULL,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            md5 BLOB NOT NULL,
            blob BLOB NOT NULL,
            crc INTEGER NOT NULL,
            checksum TEXT,
            PRIMARY KEY (upload, number)
        ) WITHOUT ROWID;
        """
}
