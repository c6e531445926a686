import CachePolicy
import CachingRules
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import TestSupport

@testable import CacheStore

/// The system's calls, with faults where a test wants them.
final class FaultyIO: DiskIO {
    /// What a call meets. A value.
    enum Fault {
        case none
        case refuse(Int32)
        /// Writes or reads this many bytes at most.
        case short(Int)
    }

    private let system = SystemDiskIO()
    /// In a struct: a bare closure in a generic box is wrapped one layer deeper at every access.
    private struct Plan: Sendable {
        var fault: @Sendable (DiskError.Operation, String) -> Fault
        var now: @Sendable (String) -> Now = { _ in .cached }
    }

    /// What a read that must not wait meets. A value.
    enum Now {
        /// All of it is in the page cache: so that a test does not depend on what else the machine keeps there.
        case cached
        /// What the system says.
        case system
        /// This many bytes at most are in the page cache.
        case short(Int)
        case result(ReadNow)
    }

    private let plan: NIOLockedValueBox<Plan>
    /// Bytes of files that no read past the page cache gets.
    let badSectors = NIOLockedValueBox<[String: [Range<Int>]]>([:])
    /// Folders of which the test says where they lie.
    let devices = NIOLockedValueBox<[String: UInt64]>([:])

    init(_ plan: @escaping @Sendable (DiskError.Operation, String) -> Fault = { _, _ in .none }) {
        self.plan = NIOLockedValueBox(Plan(fault: plan))
    }

    func set(_ new: @escaping @Sendable (DiskError.Operation, String) -> Fault) {
        plan.withLockedValue { $0.fault = new }
    }

    /// What reads that must not wait meet from now on.
    func setNow(_ new: @escaping @Sendable (String) -> Now) {
        plan.withLockedValue { $0.now = new }
    }

    private func check(_ operation: DiskError.Operation, _ path: String) throws(DiskError) -> Int {
        switch plan.withLockedValue({ $0 }).fault(operation, path) {
        case .none: return .max
        case .refuse(let code): throw DiskError(operation: operation, path: path, code: code)
        case .short(let count): return count
        }
    }

    func open(_ path: String, create: Bool) throws(DiskError) -> Int32 {
        _ = try check(.open, path)
        return try system.open(path, create: create)
    }

    func close(_ file: Int32) { system.close(file) }

    func size(_ file: Int32, path: String) throws(DiskError) -> Int {
        _ = try check(.size, path)
        return try system.size(file, path: path)
    }

    func read(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) -> Int {
        let count = min(target.count, try check(.read, path))
        return try system.read(file, into: .init(rebasing: target[..<count]), at: offset, path: path)
    }

    /// Faults of reads are not for it: they may be a gate, and this one must not wait.
    func readNow(_ file: Int32, into target: UnsafeMutableRawBufferPointer, at offset: Int, path: String) -> ReadNow {
        switch plan.withLockedValue({ $0 }).now(path) {
        case .cached:
            return (try? system.read(file, into: target, at: offset, path: path)).map(ReadNow.bytes) ?? .wouldWait
        case .system: return system.readNow(file, into: target, at: offset, path: path)
        case .short(let count): return .bytes(min(count, target.count))
        case .result(let result): return result
        }
    }

    func write(_ file: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, path: String) throws(DiskError) -> Int {
        let count = min(bytes.count, try check(.write, path))
        return try system.write(file, .init(rebasing: bytes[..<count]), at: offset, path: path)
    }

    func openPastCache(_ path: String) throws(DiskError) -> Int32 {
        _ = try check(.open, path)
        return try system.openPastCache(path)
    }

    func readPastCache(
        _ file: Int32,
        into target: UnsafeMutableRawBufferPointer,
        at offset: Int,
        path: String
    ) throws(DiskError) -> Int {
        _ = try check(.read, path)
        let stretch = offset..<(offset + target.count)
        if badSectors.withLockedValue({ $0[path]?.contains { $0.overlaps(stretch) } ?? false }) {
            throw DiskError(operation: .read, path: path, code: EIO)
        }
        return try system.readPastCache(file, into: target, at: offset, path: path)
    }

    func truncate(_ file: Int32, to length: Int, path: String) throws(DiskError) {
        _ = try check(.truncate, path)
        try system.truncate(file, to: length, path: path)
    }

    func sync(_ file: Int32, path: String) throws(DiskError) {
        // A test's disk need not survive a power loss, and many tests share one: PowerLossTests has a disk of its own.
        _ = try check(.sync, path)
    }

    func lock(_ path: String) throws(DiskError) -> Int32? {
        _ = try check(.lock, path)
        return try system.lock(path)
    }

    func unlock(_ file: Int32) { system.unlock(file) }

    func rename(_ from: String, to: String) throws(DiskError) {
        _ = try check(.rename, from)
        try system.rename(from, to: to)
    }

    func remove(_ path: String) throws(DiskError) {
        _ = try check(.remove, path)
        try system.remove(path)
    }

    func makeFolder(_ path: String) throws(DiskError) {
        _ = try check(.makeFolder, path)
        try system.makeFolder(path)
    }

    func volume(of folder: String) throws(DiskError) -> DiskVolume {
        _ = try check(.volume, folder)
        if let device = devices.withLockedValue({ $0[folder] }) { return DiskVolume(device: device, bytes: 1 << 40) }
        return try system.volume(of: folder)
    }

    func names(in folder: String) throws(DiskError) -> [String] {
        _ = try check(.list, folder)
        return try system.names(in: folder)
    }

    func syncFolder(_ path: String) throws(DiskError) {
        _ = try check(.sync, path)
    }
}

/// Holds threads until it is opened. Lock inside.
final class Gate: Sendable {
    private let lock = ConditionLock(value: false)

    func pass() {
        lock.lock(whenValue: true)
        lock.unlock(withValue: true)
    }

    func open() {
        lock.lock()
        lock.unlock(withValue: true)
    }
}

/// A store with a disk in a folder of the test's own, which can be closed and opened again.
final class DiskFixture {
    let folder: TemporaryFolder
    let io = FaultyIO()
    let memoryBytes: Int
    let diskBytes: Int
    let admitAtOnceBelow: Int
    let writesPerDay: Int?
    let policy: EvictionPolicy

    init(
        memoryBytes: Int = 16 << 20,
        policy: EvictionPolicy = .lru,
        diskBytes: Int = 32 << 20,
        admitAtOnceBelow: Int = .max,
        writesPerDay: Int? = nil
    ) throws {
        self.writesPerDay = writesPerDay
        self.policy = policy
        folder = try TemporaryFolder()
        self.memoryBytes = memoryBytes
        self.diskBytes = diskBytes
        self.admitAtOnceBelow = admitAtOnceBelow
    }

    var path: String { folder.file("cache") }

    func open(at path: String? = nil) throws -> CacheStore {
        // The scrubber runs where a test calls it.
        let disk = DiskConfiguration(
            path: path ?? self.path,
            bytes: diskBytes,
            admitAtOnceBelow: admitAtOnceBelow,
            writesPerDay: writesPerDay,
            scrubBytesPerSecond: 0
        )
        return try CacheStore(
            CacheStoreConfiguration(memoryBytes: memoryBytes, policy: policy, disk: disk),
            logger: .quiet,
            io: io
        )
    }

    /// Runs `body` with the store open, and closes it whatever happens.
    @discardableResult
    func run<Value>(_ body: (CacheStore) async throws -> Value) async throws -> Value {
        let store = try open()
        do {
            let value = try await body(store)
            await store.close()
            return value
        } catch {
            await store.close()
            throw error
        }
    }

    /// The segment files, in the order in which they were made.
    var segments: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { $0.hasPrefix("segment-") }.sorted()
    }

    func read(_ name: String) throws -> [UInt8] { try folder.read("cache/" + name) }

    func write(_ bytes: [UInt8], to name: String) throws { try folder.write(bytes, to: "cache/" + name) }
}

extension CacheStore {
    /// The only disk, or the first.
    var disk: DiskTier? { disks.tiers.first }

    /// What the disk alone has of a path.
    func load(_ path: String) -> Resource? {
        guard let disk = disk(key(path).hash) else { return nil }
        memory.remove(key(path))
        return load(key(path), from: disk)
    }

    /// Everything in memory forgotten; the disk is all there is.
    func forgetMemory(_ paths: [String]) {
        for path in paths { memory.remove(key(path)) }
    }
}
