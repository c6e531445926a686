import CachingRules
import Foundation
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import CacheStore

@Suite("Disk tier, damaged")
struct DiskDamageTests {
    private static let bodies: [String: [UInt8]] = [
        "/one": testBytes(700, seed: 1),
        "/two": testBytes(200_000, seed: 2),
        "/three": testBytes(65_536, seed: 3),
        "/last": testBytes(120, seed: 4),
    ]

    /// A closed store with four objects, `/last` at the very end of its only segment.
    private func filled() async throws -> (fixture: DiskFixture, segment: [UInt8]) {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            for path in ["/one", "/two", "/three", "/last"] { store.put(path, Self.bodies[path] ?? []) }
            await store.flush()
        }
        #expect(fixture.segments.count == 1)
        return (fixture, try fixture.read(try #require(fixture.segments.first)))
    }

    /// Puts a segment in place of what is there.
    private func replace(_ fixture: DiskFixture, _ bytes: [UInt8]) throws {
        for name in fixture.segments { try FileManager.default.removeItem(atPath: fixture.path + "/" + name) }
        try fixture.write(bytes, to: "segment-00000001")
    }

    @Test("a tail torn at any byte of the last record: that record is gone, every other one whole")
    func tornTail() async throws {
        let (fixture, segment) = try await filled()
        var walk: [Int] = [SegmentHeader.bytes]
        while let header = RecordHeader(segment, at: walk[walk.count - 1]) {
            walk.append(walk[walk.count - 1] + header.length)
        }
        #expect(walk.count == 5 && walk[4] == segment.count)
        for cut in walk[3]..<segment.count {
            try replace(fixture, Array(segment[..<cut]))
            try await fixture.run { store in
                #expect(store.load("/last") == nil, "cut at \(cut)")
                #expect(store.load("/one")?.identity.bytes == Self.bodies["/one"])
                if cut % 16 == 0 {
                    #expect(store.load("/two")?.identity.bytes == Self.bodies["/two"])
                    store.put("/new", [1, 2, 3])
                    await store.flush()
                }
            }
            if cut % 16 == 0 {
                try await fixture.run { store in
                    #expect(store.load("/new")?.identity.bytes == [1, 2, 3], "the log went on elsewhere")
                    #expect(store.load("/three")?.identity.bytes == Self.bodies["/three"])
                    #expect(store.load("/last") == nil)
                }
            }
        }
    }

    @Test("a flipped bit anywhere is never served", arguments: 1...4)
    func flips(seed: UInt64) async throws {
        let (fixture, segment) = try await filled()
        var random = SplitMix(state: seed)
        var misses = 0
        for round in 0..<100 {
            var damaged = segment
            // Every other flip in the small records, where headers and heads are.
            let range = round % 2 == 0 ? segment.count : 1500
            let place =
                round % 4 == 3 ? segment.count - 1 - Int(random.next() % 400) : Int(random.next() % UInt64(range))
            damaged[place] ^= 1 << UInt8(random.next() % 8)
            try replace(fixture, damaged)
            try await fixture.run { store in
                for (path, bytes) in Self.bodies {
                    guard let resource = store.load(path) else {
                        misses += 1
                        continue
                    }
                    #expect(resource.identity.bytes == bytes, "\(path), flipped at \(place)")
                    #expect(resource.identity.head.http1 == testHead(length: bytes.count).http1)
                    #expect(resource.key.path.elementsEqual(path.utf8))
                }
            }
        }
        #expect(misses > 30, "the flips did hit something")
    }

    @Test("damage found while running: a miss, a counter, and not found again")
    func damageWhileRunning() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/a", testBytes(300_000, seed: 1))
            store.put("/b", testBytes(300, seed: 2))
            await store.flush()
            var segment = try fixture.read(fixture.segments[0])
            segment[200_000] ^= 0x10
            let handle = try #require(FileHandle(forWritingAtPath: fixture.path + "/" + fixture.segments[0]))
            try handle.seek(toOffset: 200_000)
            try handle.write(contentsOf: [segment[200_000]])
            try handle.close()
            #expect(store.load("/a") == nil)
            #expect(store.statistics().diskBadRecords == 1)
            #expect(!store.isOnDisk(store.key("/a").hash))
            #expect(store.load("/b")?.identity.bytes == testBytes(300, seed: 2))
            #expect(store.budget.used < 3 << 20, "the bodies' reservations are given back")
        }
        try await fixture.run { store in
            #expect(store.load("/a") == nil)
            #expect(store.statistics().diskObjects == 1)
        }
    }

    @Test("a bad block of a body on disk only: no byte of it, and the resource goes")
    func damagedDiskBody() async throws {
        let fixture = try DiskFixture(memoryBytes: 4 << 20, diskBytes: 64 << 20)
        try await fixture.run { store in
            store.put("/big", testBytes(3_000_000, seed: 1))
            await store.flush()
            let resource = try #require(store.load("/big"))
            let handle = try #require(FileHandle(forWritingAtPath: fixture.path + "/" + fixture.segments[0]))
            try handle.seek(toOffset: 2_000_000)
            try handle.write(contentsOf: [UInt8](repeating: 0, count: 16))
            try handle.close()
            let body = try #require(resource.identity.body.disk)
            #expect(body.read(offset: 0, length: 1000) != nil)
            #expect(body.read(offset: 1_950_000, length: 100_000) == nil)
            #expect(store.lookup("/big") == nil)
            #expect(store.load("/big") == nil)
            #expect(store.statistics().diskBadRecords == 1)
        }
    }

    @Test("files of an unknown version are set aside, not deleted, and the store starts without them")
    func unknownVersion() async throws {
        let (fixture, segment) = try await filled()
        var other = segment
        other[8] = 7
        try replace(fixture, other)
        var purges = PurgeStateFile.magic
        purges.appendNumber(UInt32(9))
        purges += [1, 2, 3]
        try fixture.write(purges, to: "purges")
        try await fixture.run { store in
            #expect(store.statistics().diskObjects == 0)
            #expect(store.epochs.applied == 0)
            store.put("/new", [1])
            await store.flush()
        }
        #expect(try fixture.read("set-aside-segment-00000001") == other)
        #expect(try fixture.read("set-aside-purges") == purges)

        var meta = try fixture.read("store")
        meta[8] = 2
        try fixture.write(meta, to: "store")
        try await fixture.run { store in
            #expect(store.load("/new") == nil, "its hash key is not known")
        }
        #expect(try fixture.read("set-aside-store") == meta)
        #expect(fixture.segments.isEmpty)
    }

    @Test("a damaged purge state is set aside; what was stored under it is not served, since its purges are unknown")
    func damagedPurgeState() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 5)
            store.put("/a", [1])
        }
        var purges = try fixture.read("purges")
        purges[purges.count / 2] ^= 1
        try fixture.write(purges, to: "purges")
        try await fixture.run { store in
            #expect(store.epochs.applied == 0)
            #expect(store.load("/a") == nil)
            // Purge 6 may have been of /a.
            store.epochs.adopt(log: "log", number: 6)
            #expect(store.load("/a") == nil)
            store.put("/b", [2])
            #expect(store.lookup("/b")?.identity.bytes == [2])
        }
    }

    @Test("N7: killed before the purge state was first written: what is on disk is not trusted after a purge meanwhile")
    func purgeStateNeverWritten() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 5)
            store.put("/a", [1])
        }
        try FileManager.default.removeItem(atPath: fixture.path + "/purges")
        try await fixture.run { store in
            #expect(store.epochs.position == nil)
            // The edge registers anew; purge 6 has killed /a while it was down.
            store.epochs.adopt(log: "log", number: 6)
            #expect(store.load("/a") == nil)
        }
    }

    @Test("the purge state survives as it was, table and all")
    func purgeStateRoundTrip() throws {
        let epochs = PurgeEpochs()
        epochs.adopt(log: "one", number: 3, snapshot: [.init(scope: .site("x"), number: 2, soft: true)])
        epochs.apply([.prefix(site: "a", path: Array("/p".utf8)), .tag(site: nil, tag: "t"), .everything], number: 4)
        epochs.adopt(log: "two", number: 9)
        let query = Array("q".utf8)
        epochs.apply([.url(site: "a", path: Array("/u".utf8), query: query)], number: 10, entryMark: "m10")
        let state = epochs.state.withLockedValue { $0 }
        let stamp = PurgeStateFile.Stamp(session: 5, change: 6)
        guard case .state(let read, stamp) = PurgeStateFile.decode(PurgeStateFile.encode(state, stamp: stamp)) else {
            Issue.record("unreadable")
            return
        }
        #expect(read.current == state.current && read.previous == state.previous)
        #expect(read.mark == state.mark && read.previousLog == state.previousLog && read.hasPrevious)
        #expect(read.entryMark == "m10")
        #expect(read.logIdentity == "two" && read.hashes.hasher == state.hashes.hasher)
        let bytes = PurgeStateFile.encode(state)
        for cut in 0..<bytes.count {
            if case .state = PurgeStateFile.decode(Array(bytes[..<cut])) { Issue.record("cut at \(cut)") }
        }
    }
}
