import Foundation
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import CacheStore

private let childFolder = ProcessInfo.processInfo.environment["APUS_KILLED_CHILD"]

@Suite("Disk tier under load")
struct DiskStressTests {
    /// A body that says which key and which version it is.
    private static func body(_ path: Int, _ version: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendNumber(UInt64(path))
        bytes.appendNumber(version)
        return bytes + testBytes(200 + path * 1777, seed: UInt64(path) << 32 | version)
    }

    /// The version in a body that is whole and this path's; nil otherwise.
    private static func version(_ bytes: [UInt8], _ path: Int) -> UInt64? {
        var reader = ByteReader(bytes)
        guard reader.number(UInt64.self) == UInt64(path), let version = reader.number(UInt64.self),
            bytes == body(path, version)
        else { return nil }
        return version
    }

    @Test("loads, inserts, purges and invalidations at once: only whole bodies, and never one from before a purge")
    func concurrency() async throws {
        let fixture = try DiskFixture(memoryBytes: 2 << 20, diskBytes: 16 << 20)
        let clock = NIOLockedValueBox<UInt64>(0)
        let purges = NIOLockedValueBox<UInt64>(0)
        // The lowest version of a path that may be served to a request that begins now.
        let floors = NIOLockedValueBox([UInt64](repeating: 0, count: 64))
        try await fixture.run { store in
            let problems = await withTaskGroup(of: [String].self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        var random = SplitMix(state: UInt64(worker))
                        var problems: [String] = []
                        for _ in 0..<1200 {
                            let path = Int(random.next() % 64)
                            let key = store.key("/\(path)")
                            switch random.next() % 16 {
                            case 0:
                                let floor = clock.withLockedValue { $0 + 1 }
                                let scope = PurgeEpochs.Scope.url(
                                    site: "site",
                                    path: Array("/\(path)".utf8),
                                    query: nil
                                )
                                purges.withLockedValue { number in
                                    number += 1
                                    store.epochs.apply([scope], number: number)
                                }
                                floors.withLockedValue { $0[path] = max($0[path], floor) }
                            case 1:
                                let floor = clock.withLockedValue { $0 + 1 }
                                store.invalidate(key)
                                floors.withLockedValue { $0[path] = max($0[path], floor) }
                            case 2...7:
                                let mark = store.epochs.mark
                                let version = clock.withLockedValue { clock in
                                    clock += 1
                                    return clock
                                }
                                store.put("/\(path)", Self.body(path, version), mark: mark)
                            default:
                                let floor = floors.withLockedValue { $0[path] }
                                let found =
                                    store.lookup(key) ?? store.disk(key.hash).flatMap { store.load(key, from: $0) }
                                guard let found else { continue }
                                guard let version = Self.version(found.identity.bytes, path) else {
                                    problems.append("/\(path) is not whole")
                                    continue
                                }
                                if version < floor { problems.append("/\(path): \(version) is from before \(floor)") }
                            }
                        }
                        return problems
                    }
                }
                return await group.reduce(into: []) { $0 += $1 }
            }
            #expect(problems.isEmpty, "\(problems.prefix(5))")
            #expect(store.budget.used <= store.budget.limit)
            #expect(store.statistics().diskReads > 50)
            #expect(store.statistics().diskBadRecords == 0)
        }
        try await fixture.run { store in
            for path in 0..<64 {
                guard let found = store.load("/\(path)") else { continue }
                let version = try #require(Self.version(found.identity.bytes, path))
                #expect(version >= floors.withLockedValue { $0[path] })
            }
        }
    }

    @Test("kill -9 at any moment: the next start serves whole bodies, and what was reported as flushed")
    func killed() async throws {
        let folder = try TemporaryFolder()
        for round in 0..<6 {
            let process = try RunningProcess(
                "/proc/self/exe",
                ["--filter", "DiskStressTests/child", "--testing-library", "swift-testing"],
                environment: ["APUS_KILLED_CHILD": folder.file("cache")]
            )
            let line = try await process.waitForLine(containing: "flushed ")
            try await Task.sleep(for: .milliseconds(round * 23))
            process.kill()
            _ = try await process.wait()
            let flushed = try #require(line.split(separator: " ").last.flatMap { UInt64($0) })
            let store = try CacheStore(
                CacheStoreConfiguration(
                    memoryBytes: 4 << 20,
                    disk: DiskConfiguration(path: folder.file("cache"), bytes: 64 << 20)
                ),
                logger: .quiet
            )
            // Those that the child goes on replacing may be missing: an old record is gone as soon as something newer is in
            // memory (a whole segment of such at the first of their kills), and the newer one is not yet on the disk.
            var found = 0
            for path in 0..<40 {
                guard let resource = store.load("/\(path)") else { continue }
                if path >= 20 { found += 1 }
                let version = try #require(Self.version(resource.identity.bytes, path), "/\(path) is not whole")
                #expect(version >= flushed, "/\(path)")
            }
            #expect(found == 20, "round \(round)")
            await store.close()
        }
    }

    @Test("the process that is killed", .enabled(if: childFolder != nil, "run by the test above"))
    func child() async throws {
        let store = try CacheStore(
            CacheStoreConfiguration(
                // So much that the queue holds a round: what is dropped at it would be missing.
                memoryBytes: 32 << 20,
                disk: DiskConfiguration(path: try #require(childFolder), bytes: 64 << 20, admitAtOnceBelow: .max)
            ),
            logger: .quiet
        )
        // Later than anything of an earlier round.
        let first = UInt64(Date().timeIntervalSince1970 * 1000)
        for version in first... {
            for path in 0..<(version == first ? 40 : 20) { store.put("/\(path)", Self.body(path, version)) }
            await store.flush()
            if version == first {
                print("flushed \(version)")
                fflush(nil)
            }
        }
    }
}
