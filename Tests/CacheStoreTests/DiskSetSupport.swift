import Foundation
import NIOConcurrencyHelpers
import TestSupport

@testable import CacheStore

/// A store with several disks in folders of the test's own, which can be closed and opened again with others.
final class DisksFixture {
    let folder: TemporaryFolder
    let io = FaultyIO()

    init() throws {
        folder = try TemporaryFolder()
    }

    func path(_ name: String) -> String { folder.file(name) }

    func open(_ names: [String], bytes: [String: Int] = [:]) throws -> CacheStore {
        let disks = names.map { name in
            DiskConfiguration(
                path: path(name),
                bytes: bytes[name] ?? 32 << 20,
                admitAtOnceBelow: .max,
                scrubBytesPerSecond: 0
            )
        }
        return try CacheStore(CacheStoreConfiguration(memoryBytes: 16 << 20, disks: disks), logger: .quiet, io: io)
    }

    /// Runs `body` with the store open on these disks, and closes it whatever happens.
    @discardableResult
    func run<Value>(
        _ names: [String],
        bytes: [String: Int] = [:],
        _ body: (CacheStore) async throws -> Value
    ) async throws -> Value {
        let store = try open(names, bytes: bytes)
        do {
            let value = try await body(store)
            await store.close()
            return value
        } catch {
            await store.close()
            throw error
        }
    }

    func copy(_ name: String, to other: String) throws {
        try FileManager.default.copyItem(atPath: path(name), toPath: path(other))
    }

    func move(_ name: String, to other: String) throws {
        try FileManager.default.moveItem(atPath: path(name), toPath: path(other))
    }

    func delete(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path(name))
    }

    func files(_ name: String, prefix: String = "segment-") -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []
        return names.filter { $0.hasPrefix(prefix) }.sorted()
    }
}

extension CacheStore {
    static let paths = (0..<64).map { "/object-\($0)" }

    /// Stores every path, each with bytes that name the version.
    func fill(_ version: Int, _ paths: [String] = CacheStore.paths) async {
        for path in paths { put(path, Self.body(version, path)) }
        await flush()
    }

    static func body(_ version: Int, _ path: String) -> [UInt8] { Array("\(version) \(path) ".utf8) }

    /// How many of the paths the disks have; every one of them must be of that version.
    func count(_ version: Int, _ paths: [String] = CacheStore.paths) -> (found: Int, wrong: Int) {
        var (found, wrong) = (0, 0)
        for path in paths {
            guard let resource = load(path) else { continue }
            if resource.identity.bytes == Self.body(version, path) { found += 1 } else { wrong += 1 }
        }
        return (found, wrong)
    }
}
