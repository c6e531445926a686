import CachingRules
import Foundation
import HTTPWire
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import CacheStore

@Suite("Disk tier")
struct DiskTierTests {
    private static let sizes = [0, 1, 100, 4095, 65_535, 65_536, 65_537, 300_000, 1_500_000]

    @Test("a restart finds everything byte-identical, heads, tags and purge numbers included")
    func restart() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 41)
            for (number, size) in Self.sizes.enumerated() {
                store.put("/\(number)", testBytes(size, seed: UInt64(number)), tags: ["t\(number)", "é"])
                // The queue is bounded, and a slow disk would lose what comes too fast.
                await store.flush()
            }
            #expect(store.statistics().diskObjects == Self.sizes.count)
        }
        try await fixture.run { store in
            #expect(store.epochs.applied == 41)
            #expect(store.epochs.logIdentity == "log")
            for (number, size) in Self.sizes.enumerated() {
                #expect(store.isOnDisk(store.key("/\(number)").hash))
                let resource = try #require(store.load("/\(number)"))
                #expect(resource.identity.bytes == testBytes(size, seed: UInt64(number)))
                let head = resource.identity.head
                let expected = testHead(length: size, tags: ["t\(number)", "é"])
                #expect(head.fields == expected.fields)
                #expect(head.freshness == expected.freshness)
                #expect(head.tags == expected.tags)
                #expect(head.http1 == expected.http1)
                #expect(head.etag == expected.etag && head.status == 200)
                #expect(resource.identity.purgeNumber == 41)
                #expect(store.lookup("/\(number)") === resource, "promoted")
            }
            #expect(store.load("/nothing") == nil)
            #expect(store.nextGeneration() > UInt64(Self.sizes.count))
        }
    }

    @Test("loading completes on the event loop")
    func eventLoop() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/a", [1, 2, 3])
            await store.flush()
            store.forgetMemory(["/a"])
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            let key = store.key("/a")
            let found = try await loop.flatSubmit {
                let promise = loop.makePromise(of: Resource?.self)
                store.loadFromDisk(key, on: loop) { resource in
                    loop.preconditionInEventLoop()
                    promise.succeed(resource)
                }
                return promise.futureResult
            }.get()
            #expect(found?.identity.bytes == [1, 2, 3])
        }
    }

    @Test("derived forms come back with their parent's generation, and never without it")
    func derived() async throws {
        let fixture = try DiskFixture()
        func derive(_ parent: Representation, _ bytes: [UInt8]) -> Representation {
            Representation(
                derivedFrom: parent,
                coding: .br,
                head: testHead(length: bytes.count, etag: "\"b\""),
                body: StoredBody(pieces: [ByteBuffer(bytes: bytes)])
            )
        }
        try await fixture.run { store in
            let parent = try #require(store.put("/a", [1]).resource).identity
            #expect(store.attach(derive(parent, [2]), key: store.key("/a")))
            let other = try #require(store.put("/b", [3]).resource).identity
            #expect(store.attach(derive(other, [4]), key: store.key("/b")))
            await store.flush()
            store.put("/b", [5])
            await store.flush()
            #expect(store.statistics().diskObjects == 3)
        }
        try await fixture.run { store in
            let a = try #require(store.load("/a"))
            #expect(a.representation(for: .br)?.bytes == [2])
            #expect(a.representation(for: .br)?.generation == a.identity.generation)
            let b = try #require(store.load("/b"))
            #expect(b.identity.bytes == [5])
            #expect(b.representation(for: .br) == nil)
        }
    }

    @Test("N3: a 304's head and number are on disk too, and hold after a restart")
    func freshen() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 1)
            let first = try #require(store.put("/a", testBytes(5000, seed: 1)).resource).identity
            await store.flush()
            for number in 2...4 as ClosedRange<UInt64> {
                store.epochs.advance(to: number)
                let head = testHead(length: 5000, etag: "\"v\(number)\"")
                let mark = store.epochs.mark
                #expect(store.freshen(store.key("/a"), generation: first.generation, head: head, mark: mark) != nil)
            }
            await store.flush()
            #expect(store.load("/a")?.identity.head.etag == EntityTag(opaque: "v4"))
        }
        try await fixture.run { store in
            let form = try #require(store.load("/a")).identity
            #expect(form.head.etag == EntityTag(opaque: "v4"))
            #expect(form.purgeNumber == 4)
            #expect(form.bytes == testBytes(5000, seed: 1))
        }
    }

    @Test("a 304 that drops a coded form drops it on disk too, also one that is still queued")
    func freshenDrops() async throws {
        let fixture = try DiskFixture()
        func derive(_ parent: Representation, _ coding: Coding) -> Representation {
            Representation(
                derivedFrom: parent,
                coding: coding,
                head: testHead(length: 1, etag: "\"\(coding)\""),
                body: StoredBody(pieces: [ByteBuffer(bytes: [coding.rawValue])])
            )
        }
        try await fixture.run { store in
            let key = store.key("/a")
            let parent = try #require(store.put("/a", [1]).resource).identity
            #expect(store.attach(derive(parent, .gzip), key: key))
            #expect(store.attach(derive(parent, .br), key: key))
            await store.flush()
            #expect(store.attach(derive(parent, .zstd), key: key))
            let freshened = store.freshen(key, generation: parent.generation, head: parent.head, mark: parent.mark) {
                $0.coding == .br ? testHead(length: 1, etag: "\"new\"") : nil
            }
            #expect(freshened?.representations.map(\.coding) == [.identity, .br])
            await store.flush()
            #expect(store.load("/a")?.representations.map(\.coding) == [.identity, .br])
        }
        try await fixture.run { store in
            let resource = try #require(store.load("/a"))
            #expect(resource.representations.map(\.coding) == [.identity, .br])
            #expect(resource.representation(for: .br)?.head.etag == EntityTag(opaque: "new"))
            #expect(resource.representation(for: .br)?.bytes == [Coding.br.rawValue])
        }
    }

    @Test("RFC 9111, section 4.1: variants come back side by side; one without Vary takes the place of all")
    func variants() async throws {
        let fixture = try DiskFixture()
        func put(_ store: CacheStore, _ variant: String, _ bytes: [UInt8]) {
            let form = Representation(
                generation: store.nextGeneration(),
                mark: store.epochs.mark,
                variant: Array(variant.utf8),
                head: testHead(length: bytes.count),
                body: StoredBody(pieces: [ByteBuffer(bytes: bytes)])
            )
            _ = store.insert(form, key: store.key("/a"))
        }
        try await fixture.run { store in
            put(store, "de", [1])
            put(store, "en", [2])
            put(store, "de", [3])
        }
        try await fixture.run { store in
            let resource = try #require(store.load("/a"))
            #expect(resource.representation(for: .identity, variant: Array("de".utf8))?.bytes == [3])
            #expect(resource.representation(for: .identity, variant: Array("en".utf8))?.bytes == [2])
            #expect(resource.representations.count == 2)
            put(store, "", [4])
        }
        try await fixture.run { store in
            let resource = try #require(store.load("/a"))
            #expect(resource.representations.map(\.bytes) == [[4]])
        }
    }

    @Test("what was removed, invalidated or replaced does not come back")
    func tombstones() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            for path in ["/a", "/b", "/c", "/d"] { store.put(path, Array(path.utf8)) }
            await store.flush()
            store.remove(store.key("/a"))
            store.invalidate(store.key("/b"))
            #expect(store.load("/a") == nil && store.load("/b") == nil, "at once, not when the writer gets to it")
            store.put("/c", [9])
            store.put("/queued", [1])
            store.invalidate(store.key("/queued"))
            await store.flush()
        }
        try await fixture.run { store in
            #expect(store.load("/a") == nil)
            #expect(store.load("/b") == nil)
            #expect(store.load("/queued") == nil)
            #expect(store.load("/c")?.identity.bytes == [9])
            #expect(store.load("/d")?.identity.bytes == Array("/d".utf8))
        }
    }

    @Test("N7: records of before a purge are dead after a restart, also one that the persisted state has not seen")
    func purgeAcrossRestart() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.epochs.adopt(log: "log", number: 1)
            store.put("/a", [1])
            store.put("/b", [2])
            await store.flush()
            // From here on the purge state cannot be written: it lags behind.
            fixture.io.set { operation, path in
                operation == .rename && path.hasSuffix("purges.new") ? .refuse(EIO) : .none
            }
            store.epochs.apply([.url(site: "site", path: Array("/a".utf8), query: nil)], number: 2)
            store.put("/c", [3])
        }
        fixture.io.set { _, _ in .none }
        try await fixture.run { store in
            #expect(store.epochs.applied == 1, "number and epochs are of one moment")
            // The edge follows the log from there.
            store.epochs.apply([.url(site: "site", path: Array("/a".utf8), query: nil)], number: 2)
            #expect(store.load("/a") == nil)
            #expect(store.load("/b")?.identity.bytes == [2])
        }
        try await fixture.run { store in
            #expect(store.epochs.applied == 2)
            #expect(store.load("/a") == nil)
            #expect(store.load("/b")?.identity.bytes == [2])
        }
    }

    @Test("large bodies are admitted on the second request, small ones at once")
    func admission() async throws {
        let fixture = try DiskFixture(admitAtOnceBelow: 64 << 10)
        try await fixture.run { store in
            store.put("/small", testBytes(1000, seed: 1))
            store.put("/large", testBytes(100_000, seed: 2))
            store.put("/again", testBytes(100_000, seed: 3))
            await store.flush()
            #expect(store.isOnDisk(store.key("/small").hash))
            #expect(!store.isOnDisk(store.key("/large").hash))
            #expect(store.statistics().diskNotAdmitted == 2)
            #expect(store.lookup("/large") != nil)
            store.put("/again", testBytes(100_000, seed: 4))
            await store.flush()
            #expect(store.load("/large")?.identity.bytes == testBytes(100_000, seed: 2))
            #expect(store.load("/again")?.identity.bytes == testBytes(100_000, seed: 4))
        }
    }

    @Test(
        "the second request is noticed also when a coded form or a 304 came in between, and takes the coded form along"
    )
    func admissionOfForms() async throws {
        let fixture = try DiskFixture(admitAtOnceBelow: 64 << 10)
        try await fixture.run { store in
            let key = store.key("/a")
            let parent = try #require(store.put("/a", testBytes(100_000, seed: 2)).resource).identity
            let form = Representation(
                derivedFrom: parent,
                coding: .br,
                head: testHead(length: 1),
                body: StoredBody(pieces: [ByteBuffer(bytes: [9])])
            )
            #expect(store.attach(form, key: key))
            let freshened = store.freshen(key, generation: parent.generation, head: parent.head, mark: parent.mark) {
                $0.head
            }
            #expect(freshened != nil)
            await store.flush()
            #expect(!store.isOnDisk(key.hash))
            _ = store.lookup("/a")
            await store.flush()
            let loaded = try #require(store.load("/a"))
            #expect(loaded.identity.bytes == testBytes(100_000, seed: 2))
            #expect(loaded.representation(for: .br)?.bytes == [9])
        }
    }

    @Test("a body too large for memory is read from disk part by part")
    func diskBody() async throws {
        let fixture = try DiskFixture(memoryBytes: 4 << 20, diskBytes: 64 << 20)
        let bytes = testBytes(7_000_001, seed: 9)
        try await fixture.run { store in
            guard case .diskOnly = store.put("/big", bytes) else {
                Issue.record("not accepted by the disk")
                return
            }
            await store.flush()
            let resource = try #require(store.load("/big"))
            let body = try #require(resource.identity.body.disk)
            #expect(body.length == 7_000_001)
            #expect(resource.identity.body.pieces.isEmpty)
            var read: [UInt8] = []
            while read.count < bytes.count {
                let part = try #require(body.read(offset: UInt64(read.count), length: 700_001))
                #expect(part.readableBytes > 0)
                read += [UInt8](part.readableBytesView)
            }
            #expect(read == bytes)
            for (offset, length) in [(0, 1), (65_535, 2), (65_536, 65_536), (7_000_000, 100), (7_000_001, 1)] {
                let part = try #require(body.read(offset: UInt64(offset), length: length))
                #expect([UInt8](part.readableBytesView) == Array(bytes[offset...].prefix(length)))
            }
            #expect(store.lookup("/big") === resource, "its head is in memory")
            #expect(store.budget.used < 1 << 20)
        }
    }

    @Test("the folder is this user's alone")
    func modes() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            store.put("/a", [1])
            await store.flush()
            func mode(_ path: String) throws -> Int {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                return (attributes[.posixPermissions] as? Int) ?? -1
            }
            #expect(try mode(fixture.path) == 0o700)
            for name in try FileManager.default.contentsOfDirectory(atPath: fixture.path) {
                #expect(try mode(fixture.path + "/" + name) == 0o600, "\(name)")
            }
        }
    }

    @Test("a second process is refused with one clear sentence; afterwards the folder is free")
    func locked() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { _ in
            let error = #expect(throws: CacheStoreError.self) { try fixture.open() }
            #expect(error == .folderInUse(path: fixture.path))
            #expect(error?.description == "the cache folder \(fixture.path) is in use by another process")
        }
        try await fixture.run { _ in }
    }

    @Test("impossible sizes are refused with what was expected and found")
    func refused() throws {
        #expect(throws: CacheStoreError.memoryTooSmall(bytes: 1000, smallest: 1 << 20)) {
            try CacheStore(CacheStoreConfiguration(memoryBytes: 1000), logger: .quiet)
        }
        let fixture = try DiskFixture(diskBytes: 1 << 20)
        #expect(throws: CacheStoreError.diskTooSmall(path: fixture.path, bytes: 1 << 20, smallest: 16 << 20)) {
            try fixture.open()
        }
    }

    @Test("the index takes at most 64 bytes an object")
    func indexSize() {
        var index = DiskIndex()
        var random = SplitMix(state: 4)
        for number in 0..<200_000 as Range<UInt32> {
            let low = random.next()
            index.insert(
                DiskIndex.Entry(
                    low: low,
                    high: random.next(),
                    generation: 1,
                    place: .init(segment: 1, units: number),
                    headPlace: .none,
                    units: 1,
                    variantTag: 0,
                    coding: 0,
                    flags: 0
                )
            )
        }
        #expect(MemoryLayout<DiskIndex.Entry>.stride == 48)
        #expect(index.memoryBytes <= 200_000 * 64)
    }
}
