import GRDB
import Glibc
import Logging
import NIOCore
import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// Nothing that was stored is lost, nothing that was not is left.
struct ObjectStorageTests {
    @Test("An object comes back as it was stored, also after a restart")
    func roundTrip() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        let record = try await fixture.put("a/b.txt", "hello")
        #expect(record.etag == "5d41402abc4b2a76b9719d911017c592")
        try await fixture.put("empty", "")
        try await fixture.reopen()
        #expect(try await fixture.read("a/b.txt") == "hello")
        #expect(try await fixture.read("empty") == "")
        let again = try await fixture.storage.object(bucket: "bucket", "a/b.txt".asKey())
        #expect(again.size == 5)
        #expect(again.attributes["content-type"] == "text/plain")
        await fixture.storage.close()
    }

    @Test("The database syncs every commit, in files that only their owner can read")
    func durability() async throws {
        let fixture = try StorageFixture()
        let synchronous = try await fixture.storage.database.writeWithoutTransaction { db in
            try Int.fetchOne(db, sql: "PRAGMA synchronous")
        }
        #expect(synchronous == 2)
        try await fixture.storage.createBucket("bucket")
        try await fixture.put("a", "a")
        for name in ["/data", "/data/blobs", "/data/tmp", "/data/blobs/7f"] {
            #expect(try mode(fixture.folder.path + name) == 0o700, "\(name)")
        }
        for name in ["/data/objects.sqlite", "/data/objects.sqlite-wal", "/data/lock"] {
            #expect(try mode(fixture.folder.path + name) == 0o600, "\(name)")
        }
        let blob = try #require(try await fixture.storage.object(bucket: "bucket", "a".asKey()).blob)
        #expect(try mode(fixture.storage.blobs.path(blob)) == 0o600)
        await fixture.storage.close()
    }

    private func mode(_ path: String) throws -> mode_t {
        var info = stat()
        guard stat(path, &info) == 0 else { throw SystemError("stat", path) }
        return info.st_mode & 0o777
    }

    @Test("Replacing and deleting an object deletes its file, and only that")
    func replacedFiles() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        try await fixture.put("a", "one")
        try await fixture.put("b", "other")
        try await fixture.put("a", "two")
        #expect(try fixture.blobFiles().count == 2)
        #expect(try await fixture.read("a") == "two")
        try await fixture.storage.deleteObject(bucket: "bucket", "a".asKey())
        try await fixture.storage.deleteObject(bucket: "bucket", "a".asKey())
        #expect(try fixture.blobFiles().count == 1)
        #expect(await errorCode { _ = try await fixture.read("a") } == .noSuchKey)
        #expect(try await fixture.read("b") == "other")
        await fixture.storage.close()
    }

    @Test("A reader finishes with the bytes it began with while the object is replaced and deleted")
    func readerKeepsItsBytes() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        try await fixture.put("a", "old")
        let object = try await fixture.storage.open(bucket: "bucket", "a".asKey())
        try await fixture.put("a", "new")
        try await fixture.storage.deleteObject(bucket: "bucket", "a".asKey())
        var reader = ObjectReader(object, range: 0..<3)
        let bytes = try #require(try reader.next())
        #expect(String(buffer: bytes) == "old")
        await fixture.storage.close()
    }

    @Test("A crash between file and commit, and within an upload, leaves nothing behind the next start")
    func crash() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        try await fixture.put("kept", "kept")
        // Adopted and never committed.
        _ = try await fixture.storage.stage(ByteBuffer(string: "lost"))
        // Still being written.
        let data = fixture.folder.path + "/data"
        try await fixture.storage.blocking {
            try OpenFile(data + "/tmp/abc", flags: O_RDWR | O_CREAT).write(Array("half".utf8).span.bytes, at: 0)
        }
        #expect(try fixture.blobFiles().count == 2)
        try await fixture.reopen()
        #expect(try fixture.temporaryFiles().isEmpty)
        // A new upload is not mistaken for what a crash left, however it looks.
        _ = try await fixture.storage.stage(ByteBuffer(string: "on its way"))
        #expect(try await fixture.storage.collectOrphans() == 1)
        #expect(try fixture.blobFiles().count == 2)
        #expect(try await fixture.read("kept") == "kept")
        await fixture.storage.close()
    }

    @Test("A dropped upload leaves no file")
    func droppedUpload() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.blocking { [blobs = fixture.storage.blobs] in
            var writer = try BlobWriter(blobs, digests: BodyDigests(sha256: true, checksum: .sha1))
            try writer.write(Array("partial".utf8).span.bytes)
        }
        #expect(try fixture.temporaryFiles().isEmpty)
        #expect(try fixture.blobFiles().isEmpty)
        await fixture.storage.close()
    }

    @Test("A refused commit leaves the old object and no file")
    func refusedCommit() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        try await fixture.put("a", "one")
        let blob = try await fixture.storage.stage(ByteBuffer(string: "two"))
        let code = await errorCode {
            _ = try await fixture.storage.put(
                bucket: "bucket",
                "a".asKey(),
                blob,
                attributes: ObjectAttributes(),
                condition: WriteCondition(ifNoneMatchAny: true)
            )
        }
        #expect(code == .preconditionFailed)
        #expect(try fixture.blobFiles().count == 1)
        #expect(try await fixture.read("a") == "one")
        #expect(await errorCode { try await fixture.put("a", "x", bucket: "missing") } == .noSuchBucket)
        #expect(try fixture.blobFiles().count == 1)
        await fixture.storage.close()
    }

    @Test("One process for a data folder, said in one sentence")
    func lock() async throws {
        let fixture = try StorageFixture()
        let error = #expect(throws: ObjectStoreError.self) {
            try ObjectStorage(path: fixture.folder.path + "/data", logger: StorageFixture.logger)
        }
        #expect(try #require(error).message.contains("is in use by another origin (process \(getpid()))"))
        await fixture.storage.close()
    }

    @Test("A folder that cannot be used is named with the reason")
    func unusableFolder() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "file")
        let error = #expect(throws: ObjectStoreError.self) {
            try ObjectStorage(path: folder.path + "/file/data", logger: StorageFixture.logger)
        }
        #expect(try #require(error).message.contains("Not a directory"))
        try folder.write("this is no database, whatever its name says; it is only text", to: "data/objects.sqlite")
        #expect(throws: ObjectStoreError.self) {
            try ObjectStorage(path: folder.path + "/data", logger: StorageFixture.logger)
        }
    }

    @Test("Damaged bytes are noticed before the last of them is given out")
    func damage() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        let record = try await fixture.put("a", String(repeating: "x", count: 600_000))
        let path = fixture.storage.blobs.path(try #require(record.blob))
        try OpenFile(path, flags: O_RDWR).write(Array("y".utf8).span.bytes, at: 1_000)
        let object = try await fixture.storage.open(bucket: "bucket", "a".asKey())
        var reader = ObjectReader(object, range: 0..<object.record.size)
        var received = 0
        #expect(throws: DamagedBlob.self) {
            while let piece = try reader.next() { received += piece.readableBytes }
        }
        #expect(received < 600_000)

        truncate(path, 10)
        reader = ObjectReader(object, range: 5..<20)
        #expect(throws: DamagedBlob.self) { try reader.next() }
        await fixture.storage.close()
    }

    @Test("Writes that come at once share commits, and each is there")
    func groupCommit() async throws {
        let fixture = try StorageFixture()
        try await fixture.storage.createBucket("bucket")
        let storage = fixture.storage
        await withThrowingTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let blob = try await storage.stage(ByteBuffer(string: "\(number)"))
                    // Some share a key, so that they replace one another.
                    _ = try await storage.put(
                        bucket: number % 50 == 7 ? "missing" : "bucket",
                        "key-\(number % 100)".asKey(),
                        blob,
                        attributes: ObjectAttributes()
                    )
                }
            }
            var refused = 0
            while let result = await group.nextResult() {
                if case .failure(let error) = result {
                    refused += 1
                    #expect((error as? S3Error)?.code == .noSuchBucket)
                }
            }
            #expect(refused == 4)
        }
        let keys = try await fixture.list()
        #expect(keys.count == 98)
        #expect(try fixture.blobFiles().count == 98)
        await fixture.storage.close()
    }

    @Test("Buckets: made once, listed by name, deleted when empty")
    func buckets() async throws {
        let fixture = try StorageFixture()
        #expect(try await fixture.storage.createBucket("bbb"))
        #expect(try await fixture.storage.createBucket("aaa"))
        #expect(try await !fixture.storage.createBucket("aaa"))
        #expect(try await fixture.storage.buckets().map(\.name) == ["aaa", "bbb"])
        try await fixture.put("a", "a", bucket: "aaa")
        #expect(await errorCode { try await fixture.storage.deleteBucket("aaa") } == .bucketNotEmpty)
        try await fixture.storage.deleteObject(bucket: "aaa", "a".asKey())
        try await fixture.storage.deleteBucket("aaa")
        #expect(await errorCode { try await fixture.storage.deleteBucket("aaa") } == .noSuchBucket)
        #expect(try await fixture.storage.hasBucket("bbb"))
        #expect(try await !fixture.storage.hasBucket("aaa"))
        await fixture.storage.close()
    }

    @Test(
        "Rules for bucket names",
        arguments: [
            ("abc", true), ("a-b.c-1", true), (String(repeating: "a", count: 63), true), ("1a2", true),
            ("ab", false), (String(repeating: "a", count: 64), false), ("Abc", false), ("a_b", false), ("-ab", false),
            ("ab-", false), (".ab", false), ("a..b", false), ("a.-b", false), ("a-.b", false), ("192.168.5.4", false),
            ("a/b", false), ("", false), ("ä-ö", false),
        ]
    )
    func bucketNames(name: String, isValid: Bool) async {
        #expect(await errorCode { try BucketName.check(name) } == (isValid ? nil : .invalidBucketName))
    }

    @Test("Seeding makes the bucket, and can be repeated")
    func seed() async throws {
        let fixture = try StorageFixture()
        let files = [
            SeedFile(
                key: "index.html",
                bytes: ByteBuffer(string: "<p>"),
                contentType: "text/html",
                cacheControl: "max-age=60"
            ),
            SeedFile(key: "a/b.css", bytes: ByteBuffer(string: "p{}"), contentType: "text/css"),
        ]
        try await fixture.storage.seed(bucket: "site", files: files)
        try await fixture.storage.seed(bucket: "site", files: files)
        #expect(try await fixture.list(bucket: "site") == ["a/b.css", "index.html"])
        let record = try await fixture.storage.object(bucket: "site", "index.html".asKey())
        #expect(record.attributes["cache-control"] == "max-age=60")
        #expect(try await fixture.read("index.html", bucket: "site") == "<p>")
        await fixture.storage.close()
    }

    @Test("Kept fields survive the database byte for byte")
    func attributes() {
        var attributes = ObjectAttributes(contentType: "text/plain", cacheControl: nil)
        attributes.append("x-amz-meta-Latin", [0xE9, 0x20, 0xFF])
        attributes.append("x-amz-meta-empty", [])
        let again = ObjectAttributes(stored: attributes.stored)
        #expect(again == attributes)
        #expect(again["x-amz-meta-latin"] == "\u{E9} \u{FF}")
        #expect(again["x-amz-meta-empty"] == "")
        #expect(again.metadataBytes == 5 + 3 + 5)
        #expect(ObjectAttributes(stored: []).fields.isEmpty)
    }
}
