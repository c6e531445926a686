import CachingRules
import HTTPWire
import NIOCore
import Testing

@testable import CacheStore

@Suite("Objects in blocks")
struct BlockTests {
    private static let tag = EntityTag(opaque: "v1")
    private static let mebibyte = 1 << 20

    private func object(_ store: CacheStore, length: UInt64, tags: [String] = []) -> Representation {
        Representation(
            generation: store.nextGeneration(),
            mark: store.epochs.mark,
            head: testHead(length: Int(length), etag: "\"v1\"", tags: tags),
            body: StoredBody(blocks: length)
        )
    }

    /// An object of three blocks at /large, of which the first and the last are stored.
    private func putObject(_ store: CacheStore, tags: [String] = []) throws -> [CacheKey] {
        let key = store.key("/large")
        _ = store.insert(object(store, length: UInt64(2 * Self.mebibyte + 5), tags: tags), key: key)
        var keys: [CacheKey] = []
        for (number, bytes) in [(0, testBytes(Self.mebibyte, seed: 0)), (2, testBytes(5, seed: 2))] {
            let block = try #require(store.blockKey(of: key, number: UInt32(number), etag: Self.tag))
            #expect(store.insert(store.form(bytes, tags: tags), key: block).isStored)
            keys.append(block)
        }
        return keys
    }

    @Test("a block's key has the object's site, path and query, and is no other block's")
    func keys() throws {
        let store = try CacheStore.memoryOnly()
        for query in [nil, "", "a=b"] {
            let key = store.key(site: "site", path: "/p", query: query)
            let block = try #require(store.blockKey(of: key, number: 0xFEDC_BA98, etag: EntityTag(opaque: "\u{e9}?x")))
            #expect(block.isBlock && !key.isBlock)
            #expect(block.site == key.site && block.path == key.path)
            #expect(block.query.map(Array.init) == key.query.map(Array.init))
            #expect(store.key(bytes: block.bytes) == block, "it is read from its bytes")
            #expect(store.blockKey(of: block, number: 1, etag: Self.tag) == nil)
        }
        let key = store.key("/p")
        let numbers = try [0, 1, 255, 256, .max].map {
            try #require(store.blockKey(of: key, number: $0, etag: Self.tag))
        }
        let others = ["v", "v11", "", "v2"].map { store.blockKey(of: key, number: 0, etag: EntityTag(opaque: $0)) }
        #expect(Set(numbers.map(\.bytes) + others.compactMap { $0?.bytes }).count == 9)
        let long = EntityTag(opaque: String(repeating: "x", count: StoreLimits.blockTagBytes + 1))
        #expect(store.blockKey(of: key, number: 0, etag: long) == nil)
    }

    @Test("a prefix that is cut off is no key")
    func cutPrefix() throws {
        let store = try CacheStore.memoryOnly()
        let key = store.key(site: "s", path: "/p")
        let block = try #require(store.blockKey(of: key, number: 7, etag: Self.tag))
        // Up to the end of the site the zero that ends it is missing, or lies in the prefix.
        let zero = try #require(block.bytes.lastIndex(of: 0))
        for count in 1..<zero { #expect(store.key(bytes: Array(block.bytes[..<count])) == nil, "\(count)") }
    }

    @Test("the object's entry takes no memory for its length, and says it")
    func entry() throws {
        let store = try CacheStore.memoryOnly(4 << 20)
        let length: UInt64 = 5 << 30
        #expect(store.insert(object(store, length: length), key: store.key("/huge")).isStored)
        let found = try #require(store.lookup("/huge"))
        #expect(found.identity.body.isInBlocks && found.identity.body.length == length)
        #expect(found.identity.head.bodyLength == length && found.identity.body.pieces.isEmpty)
        #expect(found.memoryBytes < 4096)
        #expect(CacheStore.blockCount(length) == 5 * 1024 && CacheStore.blockCount(0) == 0)
        #expect(CacheStore.blockCount(1) == 1 && CacheStore.blockCount(1 << 20) == 1)
        #expect(CacheStore.blockCount(1 << 20 + 1) == 2 && CacheStore.blockCount(.max) == .max)
    }

    @Test(
        "every scope of a purge that covers the object covers its blocks",
        arguments: [
            PurgeEpochs.Scope.everything, .site("site"), .prefix(site: "site", path: Array("/la".utf8)),
            .url(site: "site", path: Array("/large".utf8), query: nil), .tag(site: "site", tag: "t"),
            .tag(site: nil, tag: "t"),
        ]
    )
    func purges(scope: PurgeEpochs.Scope) async throws {
        let fixture = try DiskFixture(memoryBytes: 64 << 20)
        try await fixture.run { store in
            let keys = try putObject(store, tags: ["t"])
            await store.flush()
            for key in keys { #expect(store.holds(key) && store.lookup(key) != nil) }
            store.epochs.apply([.url(site: "site", path: Array("/other".utf8), query: nil)], number: 1)
            for key in keys { #expect(store.holds(key)) }
            store.epochs.apply([scope], number: 2)
            for key in keys { #expect(!store.holds(key) && store.lookup(key) == nil) }
        }
        // And on disk, over a restart.
        try await fixture.run { store in
            let disk = try #require(store.disk)
            let object = store.key("/large")
            #expect(store.load(object, from: disk) == nil)
            for number in [0, 2] as [UInt32] {
                let key = try #require(store.blockKey(of: object, number: number, etag: Self.tag))
                #expect(store.holds(key), "the index knows nothing of purges")
                #expect(store.load(key, from: disk) == nil)
                #expect(!store.holds(key), "what turned out to be dead is not read again")
            }
        }
    }

    @Test("on disk over a restart: the object's head, a 304's newer head, and each block")
    func restart() async throws {
        let fixture = try DiskFixture(memoryBytes: 64 << 20)
        let key = try await fixture.run { store in
            let keys = try putObject(store)
            let object = store.key("/large")
            let identity = try #require(store.lookup(object)).identity
            await store.flush()
            let head = testHead(length: Int(identity.body.length), etag: "\"v1\"", tags: ["new"])
            let freshened = store.freshen(object, generation: identity.generation, head: head, mark: store.epochs.mark)
            #expect(freshened?.identity.body.isInBlocks == true)
            return keys[0]
        }
        try await fixture.run { store in
            let disk = try #require(store.disk)
            let object = try #require(store.load(store.key("/large"), from: disk))
            #expect(object.identity.body.isInBlocks && object.identity.body.length == UInt64(2 * Self.mebibyte + 5))
            #expect(object.identity.head.tags == ["new"])
            let block = try #require(store.blockKey(of: store.key("/large"), number: 0, etag: Self.tag))
            #expect(block.bytes == key.bytes && store.holds(block))
            let isRight = store.load(block, from: disk)?.identity.bytes == testBytes(Self.mebibyte, seed: 0)
            #expect(isRight)
            let missing = try #require(store.blockKey(of: store.key("/large"), number: 1, etag: Self.tag))
            #expect(!store.holds(missing))
        }
    }

    @Test("a block goes from memory alone, or with all others from memory and disk")
    func removal() async throws {
        try await DiskFixture(memoryBytes: 64 << 20).run { store in
            let keys = try putObject(store)
            await store.flush()
            let generation = try #require(store.lookup(keys[0])).identity.generation
            store.forgetInMemory(keys[0], generation: generation + 1)
            #expect(store.lookup(keys[0]) != nil)
            store.forgetInMemory(keys[0], generation: generation)
            #expect(store.lookup(keys[0]) == nil && store.holds(keys[0]))
            store.removeBlocks(of: store.key("/large"), etag: Self.tag, length: UInt64(2 * Self.mebibyte + 5))
            for key in keys { #expect(!store.holds(key) && store.lookup(key) == nil) }
            #expect(store.lookup("/large") != nil)
        }
    }

    @Test("segments of the format before are read, those of one to come set aside")
    func versions() async throws {
        for (version, isRead) in [(1, true), (2, true), (3, false)] as [(UInt8, Bool)] {
            let fixture = try DiskFixture(memoryBytes: 64 << 20)
            try await fixture.run { store in
                store.put("/a", testBytes(100, seed: 1))
                await store.flush()
            }
            for name in fixture.segments {
                var bytes = try fixture.read(name)
                bytes[8] = version
                let sum = CRC32C.of(bytes.span.extracting(0..<60))
                for index in 0..<4 { bytes[60 + index] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * index)) }
                try fixture.write(bytes, to: name)
            }
            try await fixture.run { store in #expect((store.load("/a") != nil) == isRead, "version \(version)") }
        }
    }
}
