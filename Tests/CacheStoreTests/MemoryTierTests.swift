import CachingRules
import NIOCore
import Testing

@testable import CacheStore

@Suite("Memory tier")
struct MemoryTierTests {
    @Test("what is stored is found, byte-identical, with its key")
    func storeAndFind() throws {
        let store = try CacheStore.memoryOnly()
        let bytes = testBytes(300_000, seed: 1)
        store.put("/a", bytes)
        let resource = try #require(store.lookup("/a"))
        #expect(resource.identity.bytes == bytes)
        #expect(resource.key.path.elementsEqual("/a".utf8))
        #expect(store.lookup("/b") == nil)
        store.remove(store.key("/a"))
        #expect(store.lookup("/a") == nil)
    }

    @Test("the budget is kept under churn of mixed sizes, and everything given back at the end", arguments: [1, 2])
    func budget(seed: UInt64) throws {
        let store = try CacheStore.memoryOnly(4 << 20)
        let empty = store.budget.used
        var random = SplitMix(state: seed)
        var used: [String] = []
        for number in 0..<3000 {
            let path = "/\(random.next() % 500)"
            used.append(path)
            let size = 1 << (random.next() % 17)
            store.put(path, testBytes(size + Int(random.next() % 100), seed: UInt64(number)))
            #expect(store.budget.used <= store.budget.limit)
            if number % 7 == 0 { store.remove(store.key(path)) }
        }
        #expect(store.statistics().memoryEvictions > 0)
        #expect(store.memory.totals.bytes <= store.budget.limit)
        for path in used { store.remove(store.key(path)) }
        #expect(store.memory.totals.count == 0)
        #expect(store.memory.totals.bytes == 0)
        // Tables stay as large as they have grown.
        #expect(store.budget.used - empty < 256 << 10)
    }

    @Test("concurrent insertion, look-up and removal keep the budget and never mix bodies")
    func concurrency() async throws {
        let store = try CacheStore.memoryOnly(4 << 20)
        await withTaskGroup(of: Int.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var random = SplitMix(state: UInt64(worker))
                    var wrong = 0
                    for _ in 0..<1500 {
                        let number = random.next() % 200
                        let path = "/\(number)"
                        switch random.next() % 4 {
                        case 0: store.remove(store.key(path))
                        case 1: store.put(path, testBytes(20_000, seed: number))
                        default:
                            if let found = store.lookup(path), found.identity.bytes != testBytes(20_000, seed: number) {
                                wrong += 1
                            }
                        }
                    }
                    return wrong
                }
            }
            for await wrong in group { #expect(wrong == 0) }
        }
        #expect(store.budget.used <= store.budget.limit)
        #expect(store.memory.totals.bytes <= store.budget.used)
    }

    @Test("room is made from the least recently used end of a shard")
    func order() throws {
        let budget = MemoryBudget(limit: 1 << 20)
        let tier = MemoryTier(budget: budget, shards: 1)
        let hasher = SipHash(k0: 1, k1: 2)
        func key(_ number: Int) -> CacheKey {
            let bytes = CacheKey.bytes(site: "s", path: "/\(number)".utf8, query: [UInt8]?.none)
            return CacheKey(wellFormed: bytes, hash: KeyHash(value: hasher.hash(bytes.span)))
        }
        func put(_ number: Int) {
            let form = Representation(
                generation: 1,
                mark: PurgeMark(),
                head: testHead(length: 100_000),
                body: StoredBody(pieces: [BodyPieces.copy(of: ByteBuffer(repeating: 7, count: 100_000))])
            )
            _ = tier.update(key(number)) { _ in Resource(key: key(number), representations: [form]) }
        }
        for number in 0..<9 { put(number) }
        #expect(tier.evicted == 0)
        let first = key(0)
        #expect(tier.shard(first.hash.value).find(first.hash.value, first.bytes.span) != nil)
        put(9)
        put(10)
        let gone = (0...10).filter { !tier.contains(key($0).hash.value) }
        #expect(gone.contains(1) && !gone.contains(0))
        #expect(gone == Array(1...gone.count))
    }

    @Test("a key with the hash of another one is a miss, and neither is ever served for the other")
    func collision() throws {
        let tier = MemoryTier(budget: MemoryBudget(limit: 1 << 20), shards: 4)
        func key(_ path: String) -> CacheKey {
            let bytes = CacheKey.bytes(site: "s", path: path.utf8, query: [UInt8]?.none)
            return CacheKey(wellFormed: bytes, hash: KeyHash(value: 42))
        }
        func put(_ path: String) {
            let form = Representation(
                generation: 1,
                mark: PurgeMark(),
                head: testHead(length: 1),
                body: StoredBody(pieces: [ByteBuffer(string: path)])
            )
            _ = tier.update(key(path)) { _ in Resource(key: key(path), representations: [form]) }
        }
        func body(_ path: String) -> [UInt8]? {
            tier.shard(42).find(42, key(path).bytes.span)?.resource.identity.bytes
        }
        put("/a")
        #expect(body("/b") == nil)
        put("/b")
        #expect(body("/b") == Array("/b".utf8))
        #expect(body("/a") == nil)
        tier.remove(key("/a"))
        #expect(body("/b") == Array("/b".utf8))
        let used = tier.budget.used
        put("/a")
        #expect(tier.budget.used == used)
        #expect(tier.totals.count == 1)
    }

    @Test("one object takes at most an eighth of the tier; what it was to replace goes")
    func objectLimit() throws {
        let store = try CacheStore.memoryOnly(4 << 20)
        store.put("/a", testBytes(1000, seed: 1))
        guard case .refused(.tooLarge) = store.put("/a", testBytes(600_000, seed: 2)) else {
            Issue.record("an object above the limit was stored")
            return
        }
        #expect(store.lookup("/a") == nil)
    }

    @Test("a reservation makes room, and fails only when fills hold everything")
    func reservation() throws {
        let store = try CacheStore.memoryOnly(4 << 20)
        for number in 0..<100 { store.put("/\(number)", testBytes(100_000, seed: 1)) }
        let before = store.memory.totals.count
        let reserved = try #require(store.reserve(2 << 20))
        #expect(store.memory.totals.count < before)
        #expect(store.budget.used <= store.budget.limit)
        #expect(store.reserve(3 << 20) == nil)
        #expect(store.memory.totals.count > 0, "throwing out everything would not have been enough")
        guard case .refused = store.put("/x", testBytes(500_000, seed: 1)) else {
            // 2 MiB are free: this must go in.
            #expect(store.lookup("/x") != nil)
            reserved.end()
            return
        }
        Issue.record("there was room")
    }

    @Test("a fill's reservation is taken over by its pieces, and counts once")
    func takeOver() throws {
        let store = try CacheStore.memoryOnly(4 << 20)
        let before = store.budget.used
        let reserved = try #require(store.reserve(400_000))
        #expect(store.budget.used - before == 400_000)
        let pieces = reserved.append(ByteBuffer(bytes: testBytes(400_000, seed: 3)))
        let made = store.budget.used - before
        #expect(made >= 400_000 && made < 410_000)
        let form = Representation(
            generation: store.nextGeneration(),
            mark: store.epochs.mark,
            head: testHead(length: 400_000),
            body: reserved.body()
        )
        #expect(pieces.map(\.readableBytes) == Array(repeating: 64 << 10, count: 6) + [400_000 - 6 * (64 << 10)])
        #expect(store.budget.used - before == made, "they are exactly sized and few: nothing is copied")
        _ = store.insert(form, key: store.key("/a"), reserved: reserved)
        let resource = try #require(store.lookup("/a"))
        let tables = store.memory.tableBytes
        #expect(store.budget.used == tables + resource.memoryBytes)
        store.remove(store.key("/a"))
        #expect(store.budget.used == tables + resource.countedBytes, "the body counts for as long as it is held")
        #expect(store.budget.pinned == resource.countedBytes)
    }

    @Test("a later origin request wins over an earlier one that ends after it")
    func supersede() throws {
        let store = try CacheStore.memoryOnly()
        let early = store.form([1])
        let late = store.form([2])
        _ = store.insert(late, key: store.key("/a"))
        guard case .refused(.superseded) = store.insert(early, key: store.key("/a")) else {
            Issue.record("the earlier one was stored")
            return
        }
        #expect(store.lookup("/a")?.identity.bytes == [2])
    }

    @Test("pieces that share a large buffer are copied to their size")
    func trimmed() {
        var large = ByteBuffer(repeating: 1, count: 1 << 20)
        let slice = large.readSlice(length: 1000) ?? ByteBuffer()
        let body = StoredBody(pieces: [slice])
        #expect(body.allocatedBytes < 1300)
        #expect(body.pieces.first?.storageCapacity == 1000)
        let small = testBytes(2_500_001, seed: 4)
        var rest = ByteBuffer(bytes: small)
        var chunks: [ByteBuffer] = []
        while let chunk = rest.readSlice(length: min(rest.readableBytes, 7001)), chunk.readableBytes > 0 {
            chunks.append(BodyPieces.copy(of: chunk))
        }
        let joined = StoredBody(pieces: chunks)
        let unit = BodyPieces.pieceBytes
        #expect(joined.pieces.map(\.readableBytes) == Array(repeating: unit, count: 38) + [2_500_001 - 38 * unit])
        #expect(joined.pieces.flatMap { [UInt8]($0.readableBytesView) } == small)
        let exact = BodyPieces.copy(of: ByteBuffer(repeating: 2, count: 100_001))
        #expect(exact.storageCapacity == 100_001)
        let pieces = BodyPieces.pieces(of: ByteBuffer(repeating: 3, count: 2_500_000))
        #expect(pieces.map(\.readableBytes) == Array(repeating: unit, count: 38) + [2_500_000 - 38 * unit])
    }
}
