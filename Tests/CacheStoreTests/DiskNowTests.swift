import CachingRules
import Foundation
import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import CacheStore

@Suite("Disk tier, read without waiting")
struct DiskNowTests {
    private static let body = testBytes(16_384, seed: 1)

    /// A store that has `/a` on disk alone.
    private func withObject(
        _ bytes: [UInt8] = body,
        in fixture: DiskFixture,
        _ body: (CacheStore) async throws -> Void
    ) async throws {
        try await fixture.run { store in
            store.put("/a", bytes)
            await store.flush()
            store.forgetMemory(["/a"])
            try await body(store)
        }
    }

    @Test("what is in the page cache is found at once, byte for byte", arguments: [0, 1, 500, 5000, 16_384, 200_000])
    func found(count: Int) async throws {
        let fixture = try DiskFixture()
        let bytes = testBytes(count, seed: 3)
        try await withObject(bytes, in: fixture) { store in
            for _ in 0..<4 {
                let resource = try #require(store.loadNow("/a"))
                #expect(resource.identity.bytes == bytes)
                #expect(resource.identity.head.http1 == testHead(length: count).http1)
                #expect(resource.identity.head.http1NotModified == testHead(length: count).http1NotModified)
                #expect(resource.key == store.key("/a"))
                if let promoted = store.lookup("/a") {
                    let long = promoted.identity.body.pieces.filter { $0.storageCapacity > BodyPieces.pieceBytes }
                    #expect(long.isEmpty, "in units, as all bodies")
                }
                store.forgetMemory(["/a"])
            }
            #expect(store.statistics().diskReads == 4)
            #expect(store.statistics().diskBytesRead >= 4 * count)
            #expect(store.loadNow("/b") == nil)
        }
    }

    @Test("the system's own page cache has what was just read")
    func system() async throws {
        let fixture = try DiskFixture()
        fixture.io.setNow { _ in .system }
        try await withObject(in: fixture) { store in
            // It may be taken from the page cache at any time, though seldom twice.
            let deadline = ContinuousClock.now + .seconds(30)
            var found: Resource?
            while found == nil, .now < deadline {
                _ = store.load("/a")
                store.forgetMemory(["/a"])
                found = store.loadNow("/a")
            }
            #expect(found?.identity.bytes == Self.body || store.disk?.reader.mayReadNow == false)
        }
    }

    @Test("what is too much for an event loop is left to an I/O thread")
    func tooLarge() async throws {
        let fixture = try DiskFixture()
        try await withObject(testBytes(StoreLimits.readNowBytes, seed: 1), in: fixture) { store in
            #expect(store.now("/a") == .notNow)
            #expect(store.load("/a") != nil)
        }
    }

    @Test(
        "what is not in the page cache is left to an I/O thread",
        arguments: [FaultyIO.Now.result(.wouldWait), .short(5000), .short(0), .short(16_384)]
    )
    func notCached(now: FaultyIO.Now) async throws {
        let fixture = try DiskFixture()
        try await withObject(in: fixture) { store in
            fixture.io.setNow { _ in now }
            #expect(store.now("/a") == .notNow)
            #expect(store.now("/a") == .notNow, "it is asked again")
            #expect(store.statistics().diskBadRecords == 0 && store.statistics().diskReadErrors == 0)
            #expect(store.load("/a")?.identity.bytes == Self.body)
            fixture.io.setNow { _ in .cached }
            #expect(store.loadNow("/a") != nil)
        }
    }

    @Test("where the filesystem has no such reads, one is tried and no more")
    func unsupported() async throws {
        let fixture = try DiskFixture()
        try await withObject(in: fixture) { store in
            let calls = Atomic(0)
            fixture.io.setNow { _ in
                calls.wrappingAdd(1, ordering: .relaxed)
                return .result(.unsupported)
            }
            for _ in 0..<3 { #expect(store.now("/a") == .notNow) }
            #expect(calls.load(ordering: .relaxed) == 1)
            #expect(store.load("/a")?.identity.bytes == Self.body)
        }
    }

    @Test("an error is found out by the read that may wait, and is a miss")
    func error() async throws {
        let fixture = try DiskFixture()
        try await withObject(in: fixture) { store in
            fixture.io.setNow { _ in .result(.wouldWait) }
            fixture.io.set { operation, _ in operation == .read ? .refuse(EIO) : .none }
            #expect(store.now("/a") == .notNow)
            #expect(store.load("/a") == nil)
            #expect(store.statistics().diskReadErrors == 1 && store.statistics().diskBadRecords == 1)
            #expect(store.now("/a") == .miss, "it has gone")
        }
    }

    @Test("damage anywhere in the record is a miss, is counted once, and the record goes", arguments: [false, true])
    func damaged(byThread: Bool) async throws {
        for place in [0, 9, 70, 126, 140, 200, 330, 2000, 16_000] {
            let fixture = try DiskFixture()
            try await withObject(in: fixture) { store in
                try fixture.flip(SegmentHeader.bytes + place)
                if byThread {
                    #expect(store.load("/a") == nil)
                } else {
                    #expect(store.now("/a") == .miss, "flipped at \(place)")
                }
                #expect(store.statistics().diskBadRecords == 1)
                #expect(!store.isOnDisk(store.key("/a").hash))
                #expect(store.now("/a") == .miss)
            }
            try await fixture.run { store in #expect(store.load("/a") == nil) }
        }
    }

    @Test("the second block of a body is verified, too")
    func secondBlock() async throws {
        let fixture = try DiskFixture()
        try await withObject(testBytes(100_000, seed: 5), in: fixture) { store in
            try fixture.flip(SegmentHeader.bytes + 90_000)
            #expect(store.now("/a") == .miss)
            #expect(store.statistics().diskBadRecords == 1)
        }
    }

    @Test("parts of a body on disk only: few bytes at once, many by a thread; damage is found on either way")
    func parts() async throws {
        let fixture = try DiskFixture(memoryBytes: 4 << 20, diskBytes: 64 << 20)
        let bytes = testBytes(3_000_000, seed: 1)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        // Whether it came before the call returned, and what.
        func read(_ body: DiskBody, _ offset: Int, _ length: Int) async throws -> (isNow: Bool, bytes: [UInt8]?) {
            let come = NIOLockedValueBox<[[UInt8]?]>([])
            let isNow = try await loop.submit {
                body.read(offset: UInt64(offset), length: length, on: loop) { part in
                    come.withLockedValue { $0.append(part.map { [UInt8]($0.readableBytesView) }) }
                }
                return come.withLockedValue { !$0.isEmpty }
            }.get()
            let deadline = ContinuousClock.now + .seconds(30)
            while come.withLockedValue({ $0.isEmpty }), .now < deadline {
                try await Task.sleep(for: .milliseconds(1))
            }
            return (isNow, try #require(come.withLockedValue { $0.first }))
        }
        try await fixture.run { store in
            store.put("/big", bytes)
            await store.flush()
            let body = try #require(store.load("/big")?.identity.body.disk)
            let few = try await read(body, 100_000, 70_000)
            #expect(few.isNow && few.bytes == Array(bytes[100_000..<170_000]))
            let many = try await read(body, 65_536, 1 << 20)
            #expect(!many.isNow && many.bytes == Array(bytes[65_536..<(65_536 + (1 << 20))]))
            fixture.io.setNow { _ in .result(.wouldWait) }
            let cold = try await read(body, 100_000, 70_000)
            #expect(!cold.isNow && cold.bytes == Array(bytes[100_000..<170_000]))
            fixture.io.setNow { _ in .cached }
            try fixture.flip(2_000_000)
            let damaged = try await read(body, 1_990_000, 20_000)
            #expect(damaged.isNow && damaged.bytes == nil)
            #expect(store.statistics().diskBadRecords == 1 && !store.isOnDisk(store.key("/big").hash))
        }
    }

    @Test("a record that was killed behind the index's back is a miss and no damage")
    func killed() async throws {
        let fixture = try DiskFixture()
        try await withObject(in: fixture) { store in
            try fixture.flip(SegmentHeader.bytes + RecordHeader.stateOffset)
            #expect(store.now("/a") == .miss)
            #expect(store.statistics().diskBadRecords == 0)
        }
    }

    @Test("another key under the same hash is a miss (rule K3)")
    func sharedHash() async throws {
        let fixture = try DiskFixture()
        try await withObject(in: fixture) { store in
            let other = store.key("/b").bytes
            guard case .miss = store.loadNow(hash: store.key("/a").hash, key: other.span) else {
                Issue.record("found under another key")
                return
            }
            #expect(store.loadNow("/a") != nil)
        }
    }

    @Test("N5: what a purge has killed is not found, and not read again")
    func purged() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 1)
            for path in ["/a", "/b", "/c"] { store.put(path, Self.body, tags: ["t\(path)"]) }
            await store.flush()
            store.forgetMemory(["/a", "/b", "/c"])
            store.epochs.apply([.url(site: "site", path: Array("/a".utf8), query: nil)], number: 2)
            store.epochs.apply([.tag(site: "site", tag: "t/b")], number: 3)
            #expect(store.now("/a") == .miss)
            #expect(store.now("/b") == .miss)
            #expect(store.loadNow("/c")?.identity.bytes == Self.body)
            #expect(!store.isOnDisk(store.key("/a").hash) && !store.isOnDisk(store.key("/b").hash))
            store.forgetMemory(["/c"])
            store.invalidate(store.key("/c"))
            #expect(store.now("/c") == .miss)
        }
    }

    @Test("a soft purge leaves it to be found, stale")
    func softPurged() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 1)
            store.put("/a", Self.body)
            await store.flush()
            store.forgetMemory(["/a"])
            store.epochs.apply([.url(site: "site", path: Array("/a".utf8), query: nil)], number: 2, soft: true)
            let resource = try #require(store.loadNow("/a"))
            #expect(store.epochs.state(of: resource.identity, key: resource.key) == .softPurged)
        }
    }

    @Test("coded forms come with it, and the head of a 304 in place of the first")
    func formsAndHeads() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/a", Self.body)
            let parent = try #require(store.lookup("/a")).identity
            let gzip = Representation(
                derivedFrom: parent,
                coding: .gzip,
                head: testHead(length: 3000, etag: "\"e-gzip\""),
                body: StoredBody(pieces: [ByteBuffer(bytes: testBytes(3000, seed: 9))])
            )
            #expect(store.attach(gzip, key: store.key("/a")))
            await store.flush()
            let mark = store.epochs.mark
            let head = testHead(length: Self.body.count, etag: "\"new\"")
            _ = store.freshen(store.key("/a"), generation: parent.generation, head: head, mark: mark) { _ in
                testHead(length: 3000, etag: "\"new-gzip\"")
            }
            await store.flush()
            store.forgetMemory(["/a"])
            let resource = try #require(store.loadNow("/a"))
            #expect(resource.representations.count == 2)
            #expect(resource.identity.bytes == Self.body && resource.identity.head.etag?.opaque == "new")
            let coded = try #require(resource.representation(for: .gzip))
            #expect(coded.bytes == testBytes(3000, seed: 9) && coded.head.etag?.opaque == "new-gzip")
        }
    }

    @Test("reads that hang hold up neither what is in memory nor what is in the page cache")
    func hangingDisk() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            for path in ["/memory", "/cached", "/cold"] { store.put(path, Self.body) }
            await store.flush()
            store.forgetMemory(["/cached", "/cold"])
            let gate = Gate()
            fixture.io.set { operation, _ in
                if operation == .read { gate.pass() }
                return .none
            }
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let cold = store.key("/cold")
            let wanted = StoreLimits.readsUnderWay
            // All threads hang, the queue fills up, and what is beyond it is a miss at once.
            let results = NIOLockedValueBox<[Bool]>([])
            try await loop.submit {
                for _ in 0..<(wanted + 10) {
                    store.loadFromDisk(cold, on: loop) { found in results.withLockedValue { $0.append(found != nil) } }
                }
            }.get()
            #expect(store.statistics().diskReadsRefused == 10)
            try await loop.submit {}.get()
            #expect(results.withLockedValue { $0 } == [Bool](repeating: false, count: 10))
            for _ in 0..<100 {
                #expect(store.lookup("/memory") != nil)
                #expect(store.loadNow("/cached")?.identity.bytes == Self.body)
                store.forgetMemory(["/cached"])
            }
            gate.open()
            let deadline = ContinuousClock.now + .seconds(30)
            while results.withLockedValue({ $0.count }) < wanted + 10, .now < deadline {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(results.withLockedValue { $0.filter { $0 }.count } == wanted)
        }
    }
}

extension DiskFixture {
    /// Damages one byte of the first segment, in place.
    func flip(_ offset: Int) throws {
        let name = segments[0]
        let old = try read(name)[offset]
        guard let handle = FileHandle(forWritingAtPath: path + "/" + name) else { throw CocoaError(.fileNoSuchFile) }
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: [old ^ 0x10])
        try handle.close()
    }
}

extension CacheStore {
    enum Now { case found, notNow, miss }

    func now(_ path: String) -> Now {
        let key = key(path)
        return switch loadNow(hash: key.hash, key: key.bytes.span) {
        case .found: .found
        case .notNow: .notNow
        case .miss: .miss
        }
    }

    func loadNow(_ path: String) -> Resource? {
        let key = key(path)
        if case .found(let resource) = loadNow(hash: key.hash, key: key.bytes.span) { return resource }
        return nil
    }
}
