import CachingRules
import Foundation
import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import CacheStore

/// A switch between a test and its double. Lock inside.
private final class Flag: Sendable {
    private let value = NIOLockedValueBox(false)

    var isSet: Bool { value.withLockedValue { $0 } }

    func set(_ new: Bool) { value.withLockedValue { $0 = new } }
}

@Suite("Disk tier, making room", .serialized)
struct DiskRoomTests {
    /// Memory too small to hold what is written, so that nothing moves because memory has it.
    private static let memory = 1 << 20
    private static let size = 100_000

    private func fixture() throws -> DiskFixture { try DiskFixture(memoryBytes: Self.memory, diskBytes: 20 << 20) }

    private func bytes(_ number: Int) -> [UInt8] { testBytes(Self.size, seed: UInt64(number)) }

    /// Writes objects one by one, so that none is dropped at the queue.
    private func fill(_ store: CacheStore, _ numbers: Range<Int>) async {
        for number in numbers {
            store.put("/\(number)", bytes(number))
            if number % 4 == 3 { await store.flush() }
        }
        await store.flush()
    }

    private func info(_ store: CacheStore, _ path: String) throws -> DiskTier.SegmentInfo {
        try #require(
            store.disk?.state.withLockedValue { state -> DiskTier.SegmentInfo? in
                state.index.slot(store.key(path).hash.value, coding: 0, variantTag: 0)
                    .flatMap { state.segments[state.index[$0].place.segment] }
            }
        )
    }

    /// What the index says of each segment is what its usage says, for every segment.
    private func checkUsage(_ store: CacheStore) {
        store.disk?.state.withLockedValue { state in
            var expected: [UInt32: SegmentUsage.Live] = [:]
            func add(_ place: DiskIndex.Place, _ bytes: Int) {
                guard place != .none else { return }
                expected[place.segment, default: .init()].records += 1
                expected[place.segment, default: .init()].bytes += bytes
            }
            for slot in state.index.all(where: { _ in true }) {
                add(state.index[slot].place, state.index[slot].length)
                add(state.index[slot].headPlace, StoreLimits.headRecordEstimate)
            }
            for sequence in Set(expected.keys).union(state.segments.keys) {
                #expect(state.index.usage[sequence] == expected[sequence] ?? .init())
            }
            #expect(state.index.usage.total.records == expected.values.reduce(0) { $0 + $1.records })
            #expect(state.index.usage.total.bytes == expected.values.reduce(0) { $0 + $1.bytes })
        }
    }

    @Test("what is live in each segment is known after every write, removal, head, move and after a restart")
    func usage() async throws {
        let fixture = try fixture()
        try await fixture.run { store in
            await fill(store, 0..<100)
            checkUsage(store)
            for number in stride(from: 0, to: 100, by: 3) { store.remove(store.key("/\(number)")) }
            for number in stride(from: 1, to: 100, by: 3) { store.put("/\(number)", bytes(number + 1000)) }
            for number in 96..<100 {
                guard let form = store.lookup("/\(number)")?.identity else { continue }
                _ = store.freshen(
                    store.key("/\(number)"),
                    generation: form.generation,
                    head: testHead(length: Self.size),
                    mark: store.epochs.mark
                )
            }
            await store.flush()
            checkUsage(store)
            await fill(store, 200..<700)
            checkUsage(store)
            #expect(store.statistics().diskSegmentsReclaimed + store.statistics().diskSegmentsCompacted > 0)
        }
        try await fixture.run { store in
            checkUsage(store)
            #expect(store.statistics().diskLiveBytes > 0)
        }
    }

    @Test("a sealed segment is deleted when its last record goes; the one that is written to is not")
    func emptied() async throws {
        let fixture = try fixture()
        try await fixture.run { store in
            await fill(store, 0..<60)
            let before = fixture.segments
            #expect(before.count == 2)
            for number in 0..<59 { store.remove(store.key("/\(number)")) }
            await store.flush()
            #expect(fixture.segments == Array(before.suffix(1)))
            #expect(store.statistics().diskSegmentsEmptied == 1)
            store.remove(store.key("/59"))
            await store.flush()
            #expect(fixture.segments == Array(before.suffix(1)), "it is written to")
            store.put("/again", bytes(7))
            await store.flush()
            #expect(store.load("/again")?.identity.bytes == bytes(7))
        }
    }

    @Test("a segment of which nothing is live is deleted at start")
    func emptiedAtStart() async throws {
        let fixture = try fixture()
        let isRefused = Flag()
        fixture.io.set { operation, _ in
            let isMeant = operation == .remove || operation == .truncate
            return isMeant && isRefused.isSet ? .refuse(EIO) : .none
        }
        try await fixture.run { store in
            await fill(store, 0..<60)
            isRefused.set(true)
            for number in 0..<60 { store.remove(store.key("/\(number)")) }
            await store.flush()
        }
        isRefused.set(false)
        #expect(fixture.segments.count == 2, "it could not be deleted then")
        try await fixture.run { _ in #expect(fixture.segments.isEmpty) }
    }

    /// The disk nearly full, and of its second segment only every tenth object left.
    private func sparse(_ store: CacheStore) async throws -> (victim: UInt32, kept: [Int], next: Int) {
        await fill(store, 0..<110)
        let victim = try info(store, "/60").segment.sequence
        let inside = try (0..<110).filter { try info(store, "/\($0)").segment.sequence == victim }
        #expect(inside.count > 30)
        let kept = inside.enumerated().filter { $0.offset % 10 == 0 }.map(\.element)
        for number in inside where !kept.contains(number) { store.remove(store.key("/\(number)")) }
        await store.flush()
        return (victim, kept, 110)
    }

    @Test("a segment with little in it is compacted before one with much is given up: nothing live is lost")
    func compaction() async throws {
        let fixture = try fixture()
        try await fixture.run { store in
            var (victim, kept, next) = try await sparse(store)
            let generation = try #require(store.load("/\(kept[0])")).identity.generation
            while store.statistics().diskSegmentsCompacted == 0, next < 400 {
                await fill(store, next..<(next + 4))
                next += 4
            }
            #expect(store.statistics().diskSegmentsCompacted == 1)
            #expect(store.statistics().diskSegmentsReclaimed == 0)
            #expect(!fixture.segments.contains(SegmentHeader.name(victim)))
            for number in kept { #expect(store.load("/\(number)")?.identity.bytes == bytes(number)) }
            #expect(store.load("/\(kept[0])")?.identity.generation == generation)
            for number in 0..<30 { #expect(store.load("/\(number)")?.identity.bytes == bytes(number)) }
            checkUsage(store)
        }
        // Never two copies live: a restart finds each once, and kills nothing.
        try await fixture.run { store in
            for number in 0..<30 { #expect(store.load("/\(number)")?.identity.bytes == bytes(number)) }
        }
    }

    @Test("what a purge has killed does not move, and counts")
    func purgedIsNotMoved() async throws {
        let fixture = try fixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 1)
            var (_, kept, next) = try await sparse(store)
            store.epochs.apply([.url(site: "site", path: Array("/\(kept[1])".utf8), query: nil)], number: 2)
            while store.statistics().diskSegmentsCompacted == 0, next < 400 {
                await fill(store, next..<(next + 4))
                next += 4
            }
            #expect(store.statistics().diskPurgedFound == 1)
            #expect(!store.isOnDisk(store.key("/\(kept[1])").hash))
            #expect(store.load("/\(kept[0])")?.identity.bytes == bytes(kept[0]))
        }
    }

    @Test("every system call of a compaction refused in turn: what is served is right, live and after a restart")
    func faults() async throws {
        // From the compaction's first call on, one call is refused: the first, the second, …
        for refused in 0..<16 {
            let fixture = try fixture()
            let state = NIOLockedValueBox((isArmed: false, calls: 0))
            fixture.io.set { operation, path in
                guard path.contains("segment"), operation == .write || operation == .read || operation == .remove else {
                    return .none
                }
                let isMeant = state.withLockedValue { state in
                    guard state.isArmed else { return false }
                    defer { state.calls += 1 }
                    return state.calls == refused
                }
                return isMeant ? .refuse(EIO) : .none
            }
            try await fixture.run { store in
                var (_, kept, next) = try await sparse(store)
                while store.statistics().diskSegmentsCompacted + store.statistics().diskSegmentsReclaimed == 0,
                    next < 400
                {
                    // Whatever comes next may make room.
                    state.withLockedValue { $0.isArmed = true }
                    await fill(store, next..<(next + 1))
                    next += 1
                    store.disk?.state.withLockedValue { if $0.pausedUntil > 0 { $0.pausedUntil = 1 } }
                }
                state.withLockedValue { $0.isArmed = false }
                check(store, below: next)
                checkUsage(store)
                for number in kept { store.remove(store.key("/\(number)")) }
            }
            try await fixture.run { store in
                check(store, below: 400)
                checkUsage(store)
            }
        }
    }

    private func check(_ store: CacheStore, below: Int) {
        for number in 0..<below {
            guard let form = store.load("/\(number)")?.identity else { continue }
            #expect(form.bytes == bytes(number))
        }
    }

    @Test("a crash after any write of a compaction: after the restart everything that was live is there, once")
    func crashes() async throws {
        for last in stride(from: 0, to: 20, by: 3) {
            let fixture = try fixture()
            let state = NIOLockedValueBox((isArmed: false, writes: 0))
            fixture.io.set { operation, path in
                guard path.contains("segment"), operation == .write || operation == .remove || operation == .truncate
                else {
                    return .none
                }
                // After the crash nothing reaches the disk any more.
                return state.withLockedValue { state in
                    guard state.isArmed else { return false }
                    defer { state.writes += 1 }
                    return state.writes >= last
                } ? .refuse(EIO) : .none
            }
            var kept: [Int] = []
            try await fixture.run { store in
                var next = 0
                (_, kept, next) = try await sparse(store)
                // Up to just before the write that makes room.
                while try activeSpace(store) > 4 * (Self.size + 1000) {
                    await fill(store, next..<(next + 1))
                    next += 1
                }
                state.withLockedValue { $0.isArmed = true }
                for number in next..<(next + 12) { store.put("/\(number)", bytes(number)) }
                await store.flush()
                await store.disk?.close(abruptly: true)
            }
            state.withLockedValue { $0.isArmed = false }
            try await fixture.run { store in
                for number in kept { #expect(store.load("/\(number)")?.identity.bytes == bytes(number)) }
                checkUsage(store)
            }
        }
    }

    /// Bytes left in the segment that is written to.
    private func activeSpace(_ store: CacheStore) throws -> Int {
        let disk = try #require(store.disk)
        return disk.state.withLockedValue { state in
            guard let open = state.segments.values.first(where: { !$0.isSealed }) else { return 0 }
            let end =
                state.index.all { $0.place.segment == open.segment.sequence }
                .map { state.index[$0].place.offset + state.index[$0].length }.max() ?? 0
            return disk.segmentBytes - end
        }
    }
}
