import NIOCore
import SignatureV4
import TestSupport
import Testing

@testable import ObjectStore

/// Uploads in parts, below HTTP.
struct MultipartStorageTests {
    static let key = ObjectKey(stored: Array("big".utf8))

    struct Upload {
        let fixture: StorageFixture
        let token: String

        init(_ fixture: StorageFixture, _ plan: UploadRecord.ChecksumPlan? = nil) async throws {
            self.fixture = fixture
            try await fixture.storage.createBucket("bucket")
            token = try await fixture.storage.createUpload(
                bucket: "bucket",
                key,
                attributes: ObjectAttributes(contentType: "image/png"),
                checksum: plan
            )
        }

        @discardableResult
        func part(_ number: Int, _ bytes: [UInt8], checksum: ObjectChecksum? = nil) async throws -> CompletedPart {
            let blob = try await fixture.storage.stage(ByteBuffer(bytes: bytes))
            try await fixture.storage.putPart(
                bucket: "bucket",
                key,
                token: token,
                number: number,
                blob,
                checksum: checksum
            )
            return CompletedPart(number: number, etag: Hex.encode(Digest.md5(bytes)), checksum: checksum)
        }

        func complete(_ parts: [CompletedPart], _ condition: WriteCondition = .init()) async throws
            -> ObjectStorage.Completion
        {
            try await fixture.storage.completeUpload(
                bucket: "bucket",
                key,
                token: token,
                parts: parts,
                condition: condition
            )
        }
    }

    static let large = TestBytes.pattern(5 << 20, seed: 1)
    static let small = TestBytes.pattern(70_000, seed: 2)

    static func read(_ fixture: StorageFixture, _ range: Range<Int64>? = nil) async throws -> [UInt8] {
        let object = try await fixture.storage.open(bucket: "bucket", key)
        var reader = ObjectReader(object, range: range ?? 0..<object.record.size)
        var bytes: [UInt8] = []
        while let piece = try reader.next() { bytes += Array(buffer: piece) }
        return bytes
    }

    @Test("Parts come together in their order; the ETag is the MD5 of their MD5s")
    func complete() async throws {
        let upload = try await Upload(try StorageFixture())
        let fixture = upload.fixture
        let last = try await upload.part(7, Self.small)
        try await upload.part(2, Array("replaced".utf8))
        let first = try await upload.part(2, Self.large)
        let unused = try await upload.part(9, Array("not named".utf8))
        #expect(try fixture.blobFiles().count == 3)
        let result = try await upload.complete([first, last])
        let etag = Hex.encode(Digest.md5(Digest.md5(Self.large) + Digest.md5(Self.small))) + "-2"
        #expect(result.etag == etag)
        #expect(unused.number == 9)
        #expect(try fixture.blobFiles().count == 2)

        let whole = Self.large + Self.small
        #expect(try await Self.read(fixture) == whole)
        let border = Int64(Self.large.count)
        for range in [
            0..<1, border - 1..<border + 1, border..<border + 10, border - 300_000..<border,
            border + 5..<border + 70_000,
        ] {
            let expected = Array(whole[Int(range.lowerBound)..<Int(range.upperBound)])
            #expect(try await Self.read(fixture, range) == expected, "\(range)")
        }
        // Completing again is answered the same; the upload is otherwise gone.
        #expect(try await upload.complete([first, last]).etag == etag)
        #expect(await errorCode { try await upload.part(1, Self.small) } == .noSuchUpload)
        try await fixture.reopen()
        #expect(try await fixture.storage.collectOrphans() == 0)
        #expect(try await Self.read(fixture) == whole)
        let record = try await fixture.storage.object(bucket: "bucket", Self.key)
        #expect(record.attributes["content-type"] == "image/png")
        // The object's blobs go with it.
        try await fixture.storage.deleteObject(bucket: "bucket", Self.key)
        #expect(try fixture.blobFiles().isEmpty)
        await fixture.storage.close()
    }

    @Test("An object in parts can be read to its end while it is replaced")
    func lease() async throws {
        let upload = try await Upload(try StorageFixture())
        let fixture = upload.fixture
        let parts = [try await upload.part(1, Self.large), try await upload.part(2, Self.small)]
        _ = try await upload.complete(parts)
        do {
            let object = try await fixture.storage.open(bucket: "bucket", Self.key)
            var reader = ObjectReader(object, range: 0..<object.record.size)
            var count = try #require(try reader.next()).readableBytes
            try await fixture.storage.deleteObject(bucket: "bucket", Self.key)
            #expect(try fixture.blobFiles().count == 2)
            while let piece = try reader.next() { count += piece.readableBytes }
            #expect(count == Self.large.count + Self.small.count)
        }
        try await eventually("the blobs go with the last reader") { try fixture.blobFiles().isEmpty }
        await fixture.storage.close()
    }

    @Test("What S3 refuses when an upload is completed")
    func refusals() async throws {
        let upload = try await Upload(try StorageFixture())
        let one = try await upload.part(1, Self.small)
        let two = try await upload.part(2, Self.small)
        let wrong = CompletedPart(number: 2, etag: String(repeating: "0", count: 32), checksum: nil)
        let missing = CompletedPart(number: 3, etag: one.etag, checksum: nil)
        for (parts, code) in [
            ([], S3Error.Code.malformedXML), ([two, one], .invalidPartOrder), ([one, one], .invalidPartOrder),
            ([one, two], .entityTooSmall), ([wrong], .invalidPart), ([missing], .invalidPart),
        ] {
            #expect(await errorCode { _ = try await upload.complete(parts) } == code)
        }
        let condition = WriteCondition(ifMatch: [])
        #expect(await errorCode { _ = try await upload.complete([one], condition) } == .noSuchKey)
        #expect(try await upload.complete([one]).etag.hasSuffix("-1"))
        await upload.fixture.storage.close()
    }

    @Test("Aborting deletes the parts; deleting the bucket does too")
    func abort() async throws {
        let upload = try await Upload(try StorageFixture())
        let fixture = upload.fixture
        try await upload.part(1, Self.small)
        #expect(try await fixture.storage.uploads(bucket: "bucket", prefix: [], limit: 10).count == 1)
        try await fixture.storage.abortUpload(bucket: "bucket", Self.key, token: upload.token)
        #expect(try fixture.blobFiles().isEmpty)
        #expect(
            await errorCode {
                try await fixture.storage.abortUpload(bucket: "bucket", Self.key, token: upload.token)
            } == .noSuchUpload
        )
        let second = try await Upload(fixture)
        try await second.part(1, Self.small)
        try await fixture.storage.deleteBucket("bucket")
        #expect(try fixture.blobFiles().isEmpty)
        await fixture.storage.close()
    }

    @Test("Checksums of the whole: of the parts' checksums, or of all bytes")
    func checksums() async throws {
        let whole = Self.large + Self.small
        for algorithm in [ObjectChecksum.Algorithm.crc32, .crc32c, .crc64nvme] {
            let kind = try #require(algorithm.crc)
            func checksum(_ bytes: [UInt8]) -> ObjectChecksum {
                ObjectChecksum(algorithm, bytes: CRC.bytes(CRC.checksum(kind, bytes.span.bytes), kind))
            }
            let upload = try await Upload(try StorageFixture(), .init(algorithm, .fullObject))
            let parts = [
                try await upload.part(1, Self.large, checksum: checksum(Self.large)),
                try await upload.part(2, Self.small, checksum: checksum(Self.small)),
            ]
            #expect(try await upload.complete(parts).checksum == checksum(whole))
            await upload.fixture.storage.close()
        }
        func sha256(_ bytes: [UInt8]) -> ObjectChecksum { ObjectChecksum(.sha256, bytes: Digest.sha256(bytes)) }
        let upload = try await Upload(try StorageFixture(), .init(.sha256, .composite))
        let parts = [
            try await upload.part(1, Self.large, checksum: sha256(Self.large)),
            try await upload.part(2, Self.small, checksum: sha256(Self.small)),
        ]
        let expected = Base64.encode(Digest.sha256(Digest.sha256(Self.large) + Digest.sha256(Self.small))) + "-2"
        #expect(try await upload.complete(parts).checksum?.value == expected)
        await upload.fixture.storage.close()
    }
}
