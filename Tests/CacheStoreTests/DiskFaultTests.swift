import CachingRules
import Foundation
import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import CacheStore

@Suite("Disk tier, failing and full")
struct DiskFaultTests {
    /// Ends the pause that follows a refusal, as time would.
    private func endPause(_ store: CacheStore) {
        store.disk?.state.withLockedValue { if $0.pausedUntil > 0 { $0.pausedUntil = 1 } }
    }

    @Test("short reads and writes change nothing", arguments: [1, 7, 4099])
    func short(count: Int) async throws {
        let fixture = try DiskFixture()
        fixture.io.set { operation, _ in operation == .read || operation == .write ? .short(count) : .none }
        try await fixture.run { store in
            for number in 0..<5 { store.put("/\(number)", testBytes(number * 20_000 + 3, seed: UInt64(number))) }
        }
        try await fixture.run { store in
            for number in 0..<5 {
                #expect(
                    store.load("/\(number)")?.identity.bytes == testBytes(number * 20_000 + 3, seed: UInt64(number))
                )
            }
        }
    }

    @Test("ENOSPC: the store goes on without the disk, says so, and takes it up again", arguments: [ENOSPC, EIO])
    func refusedWrites(code: Int32) async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/before", testBytes(1000, seed: 1))
            await store.flush()
            fixture.io.set { operation, path in
                operation == .write && path.contains("segment") ? .refuse(code) : .none
            }
            store.put("/during", testBytes(1000, seed: 2))
            await store.flush()
            #expect(store.lookup("/during") != nil, "memory does not care")
            #expect(!store.isOnDisk(store.key("/during").hash))
            #expect(!store.statistics().diskIsWritable)
            #expect(store.statistics().diskWriteErrors >= 1)
            for number in 0..<100 { store.put("/x\(number)", testBytes(1000, seed: 3)) }
            #expect(store.statistics().diskWritesDropped >= 100)
            #expect(store.load("/before")?.identity.bytes == testBytes(1000, seed: 1), "reads go on")
            fixture.io.set { _, _ in .none }
            endPause(store)
            store.put("/after", testBytes(1000, seed: 4))
            await store.flush()
            #expect(store.statistics().diskIsWritable)
        }
        try await fixture.run { store in
            #expect(store.load("/before")?.identity.bytes == testBytes(1000, seed: 1))
            #expect(store.load("/during") == nil)
            #expect(store.load("/after")?.identity.bytes == testBytes(1000, seed: 4))
        }
    }

    @Test("a record that cannot be marked dead takes its segment with it")
    func refusedTombstone() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/a", [1])
            await store.flush()
            fixture.io.set { operation, _ in operation == .write ? .refuse(EIO) : .none }
            store.invalidate(store.key("/a"))
            await store.flush()
            #expect(fixture.segments.isEmpty)
        }
        fixture.io.set { _, _ in .none }
        try await fixture.run { store in #expect(store.load("/a") == nil) }
    }

    @Test("EIO while reading: a miss, and not tried again; counted as what it is")
    func refusedReads() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/a", testBytes(300_000, seed: 1))
            await store.flush()
            let before = store.statistics().diskBytesRead
            #expect(store.load("/a") != nil)
            let read = store.statistics().diskBytesRead - before
            #expect((300_000..<400_000).contains(read))
            #expect(store.statistics().diskReadErrors == 0 && store.statistics().diskWriteErrors == 0)
            fixture.io.set { operation, _ in operation == .read ? .refuse(EIO) : .none }
            #expect(store.load("/a") == nil)
            #expect(store.statistics().diskBadRecords == 1)
            #expect(store.statistics().diskReadErrors == 1 && store.statistics().diskWriteErrors == 0)
            fixture.io.set { _, _ in .none }
            #expect(store.load("/a") == nil)
        }
    }

    @Test("a refusal at any one write of a run: what is served after a restart is what was stored", arguments: 0..<24)
    func refusalAtEachWrite(place: Int) async throws {
        let fixture = try DiskFixture(diskBytes: 16 << 20)
        let writes = Atomic<Int>(0)
        func version(_ number: Int) -> [UInt8] { testBytes(1 + (number * 77_777) % 400_000, seed: UInt64(number)) }
        let newest = NIOLockedValueBox<[Int: Int]>([:])
        try await fixture.run { store in
            fixture.io.set { operation, path in
                guard operation == .write, path.contains("segment") else { return .none }
                let number = writes.wrappingAdd(1, ordering: .relaxed).newValue
                return number == place * 9 + 1 ? .refuse(number % 2 == 0 ? ENOSPC : EIO) : .none
            }
            for number in 0..<120 {
                let path = number % 50
                store.put("/\(path)", version(number))
                newest.withLockedValue { $0[path] = number }
                if number % 11 == 0 {
                    store.remove(store.key("/\(number % 7)"))
                    newest.withLockedValue { $0[number % 7] = nil }
                }
                if number % 5 == 0 {
                    await store.flush()
                    endPause(store)
                }
            }
        }
        fixture.io.set { _, _ in .none }
        try await fixture.run { store in
            var found = 0
            for path in 0..<50 {
                guard let resource = store.load("/\(path)") else { continue }
                found += 1
                let number = try #require(newest.withLockedValue { $0[path] }, "/\(path) was removed")
                #expect(resource.identity.bytes == version(number), "/\(path)")
            }
            #expect(found > 5)
            #expect(store.statistics().diskUsedBytes <= 16 << 20)
        }
    }

    @Test("a start that lacks descriptors or memory leaves the files alone", arguments: [EMFILE, ENFILE, ENOMEM])
    func startWithoutMeans(code: Int32) async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/a", [1])
            await store.flush()
        }
        let before = fixture.segments
        #expect(!before.isEmpty)
        fixture.io.set { operation, path in
            operation == .open && path.contains("segment") ? .refuse(code) : .none
        }
        try await fixture.run { store in #expect(store.load("/a") == nil) }
        #expect(fixture.segments == before)
    }

    @Test("a segment that can be neither read nor deleted is emptied at the start")
    func unreadableAtStart() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/a", [1])
            await store.flush()
        }
        let name = try #require(fixture.segments.first)
        fixture.io.set { operation, path in
            path.contains("segment") && (operation == .read || operation == .remove) ? .refuse(EIO) : .none
        }
        try await fixture.run { store in #expect(store.load("/a") == nil) }
        #expect(try fixture.read(name).isEmpty)
    }

    @Test("a file with the highest number and nothing of ours in it does not use the numbers up")
    func highestNumber() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { _ in }
        try fixture.write([], to: "segment-fffffffe")
        try await fixture.run { store in
            store.put("/a", [1])
            await store.flush()
            #expect(store.load("/a")?.identity.bytes == [1])
        }
        #expect(fixture.segments.first == "segment-00000001")
    }

    @Test("a full queue drops writes and counts them; nobody waits")
    func fullQueue() async throws {
        let fixture = try DiskFixture(memoryBytes: 16 << 20)
        let gate = Gate()
        try await fixture.run { store in
            fixture.io.set { operation, path in
                if operation == .write, path.contains("segment") {
                    gate.pass()
                }
                return .none
            }
            for number in 0..<60 { store.put("/\(number)", testBytes(100_000, seed: UInt64(number))) }
            #expect(store.statistics().diskWritesDropped > 30)
            #expect(store.budget.used <= store.budget.limit)
            gate.open()
            await store.flush()
            #expect(store.load("/0")?.identity.bytes == testBytes(100_000, seed: 0))
            #expect(store.load("/59") == nil)
        }
    }

    @Test("an older generation that comes late does not get to the disk while memory has a newer one")
    func lateAndOld() async throws {
        let fixture = try DiskFixture(admitAtOnceBelow: 1)
        try await fixture.run { store in
            let key = store.key("/a")
            store.put("/a", [1])
            let old = try #require(store.lookup(key)?.identity)
            await store.flush()
            _ = store.insert(store.form([2]), key: key, memoryOnly: true)
            _ = store.disk?.write(old, key: key)
            await store.flush()
            #expect(!store.isOnDisk(key.hash))
            #expect(store.lookup(key)?.identity.bytes == [2])
        }
    }

    @Test("what is removed while it is being written does not appear")
    func removedWhileWritten() async throws {
        let fixture = try DiskFixture()
        let gate = Gate()
        let isWriting = NIOLockedValueBox(false)
        try await fixture.run { store in
            fixture.io.set { operation, path in
                if operation == .write, path.contains("segment") {
                    isWriting.withLockedValue { $0 = true }
                    gate.pass()
                }
                return .none
            }
            store.put("/a", [1])
            try await eventually { isWriting.withLockedValue { $0 } }
            store.invalidate(store.key("/a"))
            gate.open()
            await store.flush()
            #expect(!store.isOnDisk(store.key("/a").hash))
        }
        try await fixture.run { store in #expect(store.load("/a") == nil) }
    }

    @Test("space is kept, what is read survives, the rest goes in the order of use; all of it whole after a restart")
    func reclaim() async throws {
        let fixture = try DiskFixture(memoryBytes: 4 << 20, diskBytes: 16 << 20)
        func body(_ number: Int) -> [UInt8] { testBytes(50_000 + number * 7, seed: UInt64(number)) }
        let count = 900
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 3)
            let first = try #require(store.put("/0", body(0)).resource).identity
            store.put("/1", body(1))
            await store.flush()
            store.epochs.advance(to: 4)
            let head = testHead(length: first.body.pieces.reduce(0) { $0 + $1.readableBytes }, etag: "\"fresh\"")
            _ = store.freshen(store.key("/0"), generation: first.generation, head: head, mark: store.epochs.mark)
            for number in 2..<count {
                store.put("/\(number)", body(number))
                if number % 8 == 0 {
                    await store.flush()
                    #expect(store.statistics().diskUsedBytes <= 16 << 20)
                }
                // Two that are asked for now and then, once memory has forgotten them: rarely enough for their segment
                // to be given up meanwhile.
                if [10, 300, 600, 850].contains(number) {
                    await store.flush()
                    #expect(store.load("/0")?.identity.bytes == body(0), "after \(number)")
                    #expect(store.load("/1")?.identity.bytes == body(1), "after \(number)")
                    store.forgetMemory(["/0", "/1"])
                }
            }
            #expect(store.statistics().diskSegmentsReclaimed > 5)
        }
        let sizes = try fixture.segments.map { try fixture.read($0).count }
        #expect(sizes.reduce(0, +) <= 16 << 20)
        try await fixture.run { store in
            let zero = try #require(store.load("/0")).identity
            #expect(zero.bytes == body(0))
            #expect(zero.head.etag == EntityTag(opaque: "fresh"))
            #expect(zero.purgeNumber == 4, "N5: carry-over keeps the number")
            #expect(store.load("/1")?.identity.purgeNumber == 3)
            #expect(store.load("/2") == nil)
            var found = 0
            for number in 0..<count {
                guard let resource = store.load("/\(number)") else { continue }
                found += 1
                #expect(resource.identity.bytes == body(number))
            }
            #expect(found > 100)
            #expect(store.load("/\(count - 1)") != nil)
        }
    }

    @Test("large objects have segments of their own and make room for themselves")
    func largeObjects() async throws {
        let fixture = try DiskFixture(memoryBytes: 4 << 20, diskBytes: 64 << 20)
        func body(_ number: Int) -> [UInt8] { testBytes(6_000_000 + number, seed: UInt64(number)) }
        try await fixture.run { store in
            for number in 0..<14 {
                guard case .diskOnly = store.put("/\(number)", body(number)) else {
                    Issue.record("/\(number) was not accepted")
                    continue
                }
                await store.flush()
                #expect(store.statistics().diskUsedBytes <= 64 << 20)
                let disk = try #require(store.load("/\(number)")?.identity.body.disk)
                let part = try #require(disk.read(offset: 5_900_000, length: 200_000))
                #expect([UInt8](part.readableBytesView) == Array(body(number)[5_900_000...]))
            }
            #expect(store.load("/0") == nil)
            #expect(store.lookup("/0") == nil, "its head left memory with its segment")
            guard case .refused(.tooLarge) = store.put("/huge", testBytes(9_000_000, seed: 1)) else {
                Issue.record("above an eighth of the disk")
                return
            }
        }
    }
}
