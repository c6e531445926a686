import Logging
import NIOCore
import SignatureV4
import TestSupport

@testable import ObjectStore

/// A storage in a folder of its own, which can be closed and opened again.
final class StorageFixture {
    let folder: TemporaryFolder
    var storage: ObjectStorage

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        folder = try TemporaryFolder()
        storage = try ObjectStorage(path: folder.path + "/data", logger: Self.logger)
    }

    deinit {
        Task { [storage, folder] in
            await storage.close()
            withExtendedLifetime(folder) {}
        }
    }

    func reopen() async throws {
        await storage.close()
        storage = try ObjectStorage(path: folder.path + "/data", logger: Self.logger)
    }

    /// Names of all blob files.
    func blobFiles() throws -> Set<String> {
        var files: Set<String> = []
        for number in 0..<256 {
            files.formUnion(try Files.names(in: "\(folder.path)/data/blobs/\(BlobID.folderName(UInt8(number)))"))
        }
        return files
    }

    func temporaryFiles() throws -> [String] { try Files.names(in: folder.path + "/data/tmp") }

    @discardableResult
    func put(_ key: String, _ text: String, bucket: String = "bucket") async throws -> ObjectRecord {
        let blob = try await storage.stage(ByteBuffer(string: text))
        return try await storage.put(
            bucket: bucket,
            try key.asKey(),
            blob,
            attributes: ObjectAttributes(contentType: "text/plain")
        )
    }

    func read(_ key: String, bucket: String = "bucket") async throws -> String {
        let object = try await storage.open(bucket: bucket, try key.asKey())
        var reader = ObjectReader(object, range: 0..<object.record.size)
        var bytes = ByteBuffer()
        while var piece = try reader.next() { bytes.writeBuffer(&piece) }
        return String(buffer: bytes)
    }

    func list(_ query: ListQuery = ListQuery(), bucket: String = "bucket") async throws -> [String] {
        try await storage.list(bucket: bucket, query).entries.map(\.text)
    }
}

extension String {
    struct NoKey: Error {}

    func asKey() throws -> ObjectKey {
        guard let key = ObjectKey(self) else { throw NoKey() }
        return key
    }
}

extension ListEntry {
    /// The key, or the group with a `*` behind it.
    var text: String {
        switch self {
        case .object(let object): String(decoding: object.key, as: UTF8.self)
        case .group(let prefix): String(decoding: prefix, as: UTF8.self) + "*"
        }
    }
}

/// The code of the S3 error that `body` throws.
func errorCode(_ body: () async throws -> Void) async -> S3Error.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? S3Error)?.code
    }
}
