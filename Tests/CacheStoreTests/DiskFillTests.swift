import NIOConcurrencyHelpers
import NIOCore
import TestSupport
import Testing

@testable import CacheStore

@Suite("Bodies too large for memory")
struct DiskFillTests {
    private func fixture() throws -> DiskFixture { try DiskFixture(memoryBytes: 4 << 20, diskBytes: 64 << 20) }

    private func begin(_ store: CacheStore, _ path: String, _ length: Int) -> DiskFill? {
        store.beginDiskFill(
            store.key(path),
            head: testHead(length: length, tags: ["t"]),
            generation: store.nextGeneration(),
            mark: store.epochs.mark
        )
    }

    /// Appends in network-sized pieces; waits for the disk where a client would not.
    private func append(_ bytes: ArraySlice<UInt8>, to fill: DiskFill, _ store: CacheStore) async -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let part = rest.prefix(60_001)
            rest = rest.dropFirst(part.count)
            guard fill.append(ByteBuffer(bytes: part)) else { return false }
            if store.disk?.state.withLockedValue({ $0.queueBytes > 500_000 }) == true { await store.flush() }
        }
        return true
    }

    private func read(_ body: DiskBody) -> [UInt8]? {
        var bytes: [UInt8] = []
        while bytes.count < Int(body.length) {
            guard let part = body.read(offset: UInt64(bytes.count), length: 1 << 20) else { return nil }
            bytes += [UInt8](part.readableBytesView)
        }
        return bytes
    }

    @Test("streamed to disk, two at a time, found after a restart, byte-identical, with flat memory")
    func stream() async throws {
        let fixture = try fixture()
        let one = testBytes(5_000_003, seed: 1)
        let two = testBytes(3_500_000, seed: 2)
        try await fixture.run { store in
            let first = try #require(begin(store, "/one", one.count))
            let second = try #require(begin(store, "/two", two.count))
            for turn in 0..<4 {
                let ones = one[(turn * 1_250_000)..<min(one.count, (turn + 1) * 1_250_000)]
                #expect(await append(ones, to: first, store))
                #expect(await append(two[(turn * 875_000)..<((turn + 1) * 875_000)], to: second, store))
                store.put("/between\(turn)", testBytes(100_000, seed: 3))
                #expect(store.budget.used <= store.budget.limit)
            }
            #expect(await append(one[5_000_000...], to: first, store))
            await store.flush()
            #expect(!store.isOnDisk(store.key("/one").hash), "not before it is whole")
            first.finish()
            second.finish()
            await store.flush()
            #expect(store.isOnDisk(store.key("/one").hash))
        }
        try await fixture.run { store in
            let first = try #require(store.load("/one"))
            #expect(first.identity.head.tags == ["t"])
            #expect(try read(#require(first.identity.body.disk)) == one)
            #expect(try read(#require(store.load("/two")?.identity.body.disk)) == two)
            #expect(store.load("/between3")?.identity.bytes == testBytes(100_000, seed: 3))
        }
    }

    @Test("a body that breaks off, is too short or too long leaves nothing, on disk neither")
    func broken() async throws {
        let fixture = try fixture()
        try await fixture.run { store in
            let short = try #require(begin(store, "/short", 2_000_000))
            #expect(await append(testBytes(1_999_999, seed: 1)[...], to: short, store))
            short.finish()
            let long = try #require(begin(store, "/long", 1_000_000))
            #expect(await append(testBytes(1_000_001, seed: 1)[...], to: long, store) == false)
            long.finish()
            let broken = try #require(begin(store, "/broken", 1_000_000))
            #expect(await append(testBytes(500_000, seed: 1)[...], to: broken, store))
            broken.abort()
            _ = begin(store, "/forgotten", 1_000_000)
            await store.flush()
            for path in ["/short", "/long", "/broken", "/forgotten"] { #expect(store.load(path) == nil) }
            #expect(store.statistics().diskUsedBytes == 0)
            #expect(fixture.segments.isEmpty)
        }
    }

    @Test("N2: a purge or an invalidation during the fill kills it; a newer one stays")
    func killed() async throws {
        let fixture = try fixture()
        try await fixture.run { store in
            for (number, path) in ["/purged", "/invalidated", "/removed", "/newer", "/kept"].enumerated() {
                let fill = try #require(begin(store, path, 1_000_000))
                #expect(await append(testBytes(1_000_000, seed: 1)[...], to: fill, store))
                switch number {
                case 0: store.epochs.apply([.tag(site: nil, tag: "t"), .site("other")], number: 1)
                case 1: store.invalidate(store.key(path))
                case 2: store.remove(store.key(path))
                case 3: store.put(path, [1])
                default: break
                }
                fill.finish()
            }
            await store.flush()
            #expect(store.load("/purged") == nil)
            #expect(store.load("/invalidated") == nil)
            #expect(store.load("/removed") == nil)
            #expect(store.load("/newer")?.identity.bytes == [1])
            #expect(store.load("/kept")?.identity.body.disk?.length == 1_000_000)
        }
    }

    @Test("an invalidation while the end of a fill is being written kills it")
    func killedAtTheEnd() async throws {
        let fixture = try fixture()
        let gate = Gate()
        let isWriting = NIOLockedValueBox(false)
        try await fixture.run { store in
            let fill = try #require(begin(store, "/a", 1_000_000))
            #expect(await append(testBytes(1_000_000, seed: 1)[...], to: fill, store))
            await store.flush()
            fixture.io.set { operation, path in
                if operation == .write, path.contains("segment") {
                    isWriting.withLockedValue { $0 = true }
                    gate.pass()
                }
                return .none
            }
            fill.finish()
            try await eventually { isWriting.withLockedValue { $0 } }
            store.invalidate(store.key("/a"))
            gate.open()
            await store.flush()
            #expect(!store.isOnDisk(store.key("/a").hash))
            #expect(fixture.segments.isEmpty)
        }
    }

    @Test("fills together take a quarter of the disk at most")
    func share() async throws {
        let fixture = try fixture()
        try await fixture.run { store in
            let first = try #require(begin(store, "/a", 7 << 20))
            let second = try #require(begin(store, "/b", 7 << 20))
            #expect(begin(store, "/c", 7 << 20) == nil)
            first.abort()
            await store.flush()
            #expect(begin(store, "/c", 7 << 20) != nil)
            second.abort()
        }
    }

    @Test("a disk that refuses ends the fill, and nothing else")
    func refused() async throws {
        let fixture = try fixture()
        try await fixture.run { store in
            let fill = try #require(begin(store, "/a", 2_000_000))
            await store.flush()
            fixture.io.set { operation, _ in operation == .write ? .refuse(28) : .none }
            _ = await append(testBytes(1_000_000, seed: 1)[...], to: fill, store)
            await store.flush()
            #expect(!fill.append(ByteBuffer(bytes: [1])))
            fill.finish()
            await store.flush()
            #expect(store.load("/a") == nil)
            #expect(begin(store, "/b", 2_000_000) == nil)
            #expect(fixture.segments.isEmpty)
        }
    }
}
