import CachingRules
import HTTPWire
import NIOCore
import Testing

@testable import CacheStore

@Suite("One budget for everything")
struct BudgetTests {
    /// What is left when nothing is stored and nobody holds anything.
    private func expectOnlyTables(_ store: CacheStore, _ comment: Comment? = nil) {
        #expect(store.budget.used == store.memory.tableBytes, comment)
        let figures = store.budget.pieceFigures
        #expect(figures == (0, 0, 0), comment)
        #expect(store.budget.pinned == 0, comment)
    }

    @Test("a body that is thrown out while someone holds it goes on counting, and room is made elsewhere")
    func pinnedCounts() throws {
        let store = try CacheStore.memoryOnly(16 << 20)
        store.put("/held", testBytes(1 << 20, seed: 1))
        var held = store.lookup("/held")
        for number in 0..<40 { store.put("/\(number)", testBytes(1 << 20, seed: 2)) }
        #expect(store.lookup("/held") == nil)
        #expect(store.budget.pinned == held?.countedBytes)
        #expect(store.budget.used <= store.budget.limit)
        #expect(store.memory.totals.bytes < store.budget.limit - (1 << 20))
        #expect(store.statistics().memoryPinnedBytes == held?.countedBytes)
        held = nil
        #expect(store.budget.pinned == 0)
    }

    @Test("a slice of a piece is enough to pin it")
    func slicePins() throws {
        let store = try CacheStore.memoryOnly()
        store.put("/a", testBytes(100_000, seed: 1))
        var slice = store.lookup("/a")?.identity.body.pieces.first?.getSlice(at: 50, length: 10)
        store.remove(store.key("/a"))
        #expect(store.budget.pinned > 64 << 10, "its piece, not all of the body")
        #expect(slice?.readableBytes == 10)
        slice = nil
        expectOnlyTables(store)
    }

    @Test("a held piece that its holder writes into, or makes longer, is the holder's own and does not count")
    func writtenInto() throws {
        let store = try CacheStore.memoryOnly()
        store.put("/a", testBytes(1000, seed: 1))
        let stored = try #require(store.lookup("/a")?.identity.bytes)
        var shared = store.lookup("/a")?.identity.body.pieces.first
        shared?.writeBytes([1, 2, 3])
        #expect(store.lookup("/a")?.identity.bytes == stored, "the stored one is as it was")
        #expect(shared.map { [UInt8]($0.readableBytesView) } == stored + [1, 2, 3])
        var own = store.lookup("/a")?.identity.body.pieces.first
        store.remove(store.key("/a"))
        #expect(store.budget.pinned > 1000)
        own?.writeBytes(testBytes(5000, seed: 2))
        #expect(own?.readableBytes == 6000)
        shared?.clear()
        expectOnlyTables(store)
    }

    @Test("pinned bytes cost the tier a quarter of the budget at the most; then nothing large is stored until they go")
    func overPinned() throws {
        let store = try CacheStore.memoryOnly(16 << 20)
        var held: [Resource] = []
        for number in 0..<200 {
            let path = "/\(number)"
            store.put(path, testBytes(500_000, seed: UInt64(number)))
            store.lookup(path).map { held.append($0) }
        }
        #expect(store.isOverPinned)
        #expect(store.memory.totals.bytes > store.budget.limit / 2, "the tier was not thrown out")
        #expect(store.budget.used <= store.budget.limit + store.budget.limit / 8, "nor was the budget left")
        #expect(store.reserve(100_000) == nil)
        let gone = try #require(held.first { store.lookup($0.key) == nil })
        #expect(!store.holds(FormName(gone.identity, key: gone.key)))
        let present = try #require(held.first { store.lookup($0.key) === $0 })
        #expect(store.holds(FormName(present.identity, key: present.key)))
        // Small ones go on.
        for number in 0..<200 { store.put("/small/\(number)", testBytes(1000, seed: 1)) }
        #expect(store.lookup("/small/199") != nil)
        held = []
        #expect(!store.isOverPinned)
        #expect(store.reserve(100_000) != nil)
        #expect(store.budget.used <= store.budget.limit)
    }

    /// Resources that are held, most of them thrown out, until more is pinned than the tier makes room for.
    private func pinned(in store: CacheStore) -> [Resource] {
        var held: [Resource] = []
        for number in 0..<200 where !store.isOverPinned {
            store.put("/pin/\(number)", testBytes(500_000, seed: UInt64(number)))
            store.lookup("/pin/\(number)").map { held.append($0) }
        }
        return held
    }

    @Test("while too much is pinned, a longer head does not cost an entry its body")
    func longerHead() throws {
        let store = try CacheStore.memoryOnly(16 << 20)
        let held = pinned(in: store)
        let previous = try #require(held.last.flatMap { store.lookup($0.key) })
        var fields = FieldList()
        fields.append(.etag, "\"e\"")
        fields.append(name: "X-Long", String(repeating: "x", count: 70_000))
        let head = StoredHead(
            status: 200,
            fields: fields,
            freshness: previous.identity.head.freshness,
            bodyLength: previous.identity.body.length,
            tags: []
        )
        let generation = previous.identity.generation
        let mark = store.epochs.mark
        let fresh = store.freshen(previous.key, generation: generation, head: head, mark: mark) { _ in nil }
        #expect(fresh != nil)
        #expect(store.lookup(previous.key)?.identity.bytes == previous.identity.bytes)
    }

    @Test("while a few hold far more than their share, what is small is still stored, in place of other things")
    func smallWhileFarOver() throws {
        let store = try CacheStore.memoryOnly(16 << 20)
        let held = pinned(in: store)
        let foreign = store.budget.limit / 4
        // Far beyond the limit by what connections hold.
        let other = (0..<8).compactMap { _ in
            BodyPieces.make(bytes: foreign / 8, for: .connection(store.budget)) { _ in }
        }
        #expect(other.count == 8 && store.isOverPinned)
        for number in 0..<300 {
            store.put("/small/\(number)", testBytes(20_000, seed: 1))
            #expect(store.lookup("/small/\(number)") != nil)
        }
        #expect(store.budget.claimed <= store.budget.limit)
        withExtendedLifetime((held, other)) {}
    }

    @Test("what passes for connections takes a quarter of the budget from the tier, however much it is")
    func passing() throws {
        let store = try CacheStore.memoryOnly(16 << 20)
        for number in 0..<200 { store.put("/\(number)", testBytes(100_000, seed: 1)) }
        let empty = store.budget.used - store.memory.totals.bytes
        store.countPassing(32 << 20)
        let name = try #require((0..<200).compactMap { store.lookup("/\($0)") }.first)
        var copies = (0..<200).map { _ in
            store.copy(of: FormName(name.identity, key: name.key), from: 0, to: 64 << 10)
        }
        #expect(copies.allSatisfy { $0 != nil })
        #expect(store.memory.totals.bytes > store.budget.limit / 2)
        store.countPassing(-32 << 20)
        copies = []
        #expect(store.budget.passingBytes == 0)
        #expect(store.budget.used - store.memory.totals.bytes == empty)
    }

    @Test("while too much is pinned, what the disk has is answered from there, and comes to memory later")
    func diskWhilePinned() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            let bytes = testBytes(200_000, seed: 9)
            store.put("/a", bytes)
            await store.flush()
            store.forgetMemory(["/a"])
            var held = pinned(in: store)
            #expect(store.isOverPinned)
            let found = try #require(store.load("/a"))
            let body = try #require(found.identity.body.disk)
            #expect(body.read(offset: 0, length: bytes.count).map { Array($0.readableBytesView) } == bytes)
            held = []
            #expect(held.isEmpty && !store.isOverPinned)
            #expect(store.load("/a")?.identity.bytes == bytes)
            #expect(store.lookup("/a")?.identity.body.disk == nil)
        }
    }

    @Test("a body is written into its final pieces as it comes, and those who read along have slices of them")
    func assembled() throws {
        let store = try CacheStore.memoryOnly(32 << 20)
        for (length, announced) in [(2_500_001, true), (300_000, true), (1, true), (2_500_001, false), (200_000, nil)] {
            let bytes = testBytes(length, seed: UInt64(length))
            // nil: more comes than was announced, and is kept all the same.
            let reserved = try #require(
                announced == true ? store.reserve(length) : announced == nil ? store.reserve(1000) : store.reserve()
            )
            var rest = ByteBuffer(bytes: bytes)
            var along: [UInt8] = []
            while let part = rest.readSlice(length: min(rest.readableBytes, 70_001)), part.readableBytes > 0 {
                if announced == false { #expect(reserved.grow(by: part.readableBytes)) }
                for slice in reserved.append(part) { along += Array(slice.readableBytesView) }
            }
            #expect(along == bytes)
            let before = store.budget.pieceFigures.all
            let body = reserved.body()
            #expect(body.pieces.flatMap { Array($0.readableBytesView) } == bytes)
            #expect(body.length == UInt64(length))
            #expect(body.countedBytes >= length)
            if announced == true { #expect(store.budget.pieceFigures.all == before, "nothing was copied") }
        }
        expectOnlyTables(store)
    }

    @Test("fewer bytes than were announced make up a body of just these")
    func announcedTooMany() throws {
        let store = try CacheStore.memoryOnly()
        let reserved = try #require(store.reserve(100_000))
        let bytes = testBytes(40_000, seed: 1)
        _ = reserved.append(ByteBuffer(bytes: bytes))
        let body = reserved.body()
        #expect(body.length == 40_000)
        #expect(body.pieces.flatMap { Array($0.readableBytesView) } == bytes)
        #expect(body.pieces.first?.storageCapacity == 40_000)
    }

    @Test("a fill's pieces are a fill's until it ends, then whoever holds them pins them")
    func aborted() throws {
        let store = try CacheStore.memoryOnly()
        let before = store.budget.used
        var reserved = store.reserve(300_000)
        var pieces = reserved?.append(ByteBuffer(bytes: testBytes(200_000, seed: 1)))
        #expect(store.budget.pinned == 0)
        #expect(store.budget.used - before >= 300_000)
        reserved = nil
        #expect(store.budget.pinned >= 200_000)
        #expect(store.budget.used - before == store.budget.pinned)
        #expect(pieces?.count == 4)
        pieces = nil
        #expect(store.budget.used == before)
        expectOnlyTables(store)
    }

    @Test("what is read from disk, and what waits to be written, counts until it is let go of")
    func disk() async throws {
        let fixture = try DiskFixture()
        try await fixture.run { store in
            let before = store.budget.used
            for number in 0..<20 { store.put("/\(number)", testBytes(20_000, seed: UInt64(number))) }
            await store.flush()
            var loaded = (0..<20).map { store.load("/\($0)") }
            #expect(loaded.allSatisfy { $0 != nil })
            let counted = loaded.reduce(0) { $0 + ($1?.countedBytes ?? 0) }
            #expect(counted > 400_000)
            #expect(store.budget.pieceFigures == (counted, counted, 0))
            store.forgetMemory((0..<20).map { "/\($0)" })
            #expect(store.budget.pinned == counted)
            loaded = []
            #expect(store.budget.pieceFigures == (0, 0, 0))
            #expect(store.budget.used - before < 100_000, "what the tables and the index have grown by")
        }
    }

    @Test("what waits to be written is held by the queue, and counts although the tier has let go of it")
    func queued() async throws {
        let fixture = try DiskFixture()
        let gate = Gate()
        try await fixture.run { store in
            fixture.io.set { operation, _ in
                if operation == .write { gate.pass() }
                return .none
            }
            for number in 0..<8 { store.put("/\(number)", testBytes(50_000, seed: 1)) }
            store.forgetMemory((0..<8).map { "/\($0)" })
            #expect(store.budget.pinned > 8 * 50_000)
            gate.open()
            await store.flush()
            #expect(store.budget.pieceFigures == (0, 0, 0))
        }
    }

    @Test("inserts, evictions, holds, fills and aborts at random: the counters are exact, and never negative")
    func property() async throws {
        for seed in UInt64(1)...4 { try run(seed: seed) }
    }

    private func run(seed: UInt64) throws {
        let store = try CacheStore.memoryOnly(4 << 20)
        var random = SplitMix(state: seed)
        var held: [Resource] = []
        var fills: [(reservation: Reservation, pieces: [ByteBuffer])] = []
        let size = { (random: inout SplitMix) in
            Int(random.next() % 8 == 0 ? random.next() % 400_000 : random.next() % 20_000) + 1
        }
        for step in 0..<3000 {
            let path = "/\(random.next() % 300)"
            switch random.next() % 10 {
            case 0...2: store.put(path, testBytes(size(&random), seed: random.next()))
            case 3: store.lookup(path).map { held.append($0) }
            case 4: if !held.isEmpty { held.remove(at: Int(random.next() % UInt64(held.count))) }
            case 5: store.remove(store.key(path))
            case 6:
                let bytes = size(&random)
                if let reservation = store.reserve(bytes) { fills.append((reservation, [])) }
            case 7:
                guard !fills.isEmpty else { continue }
                let index = Int(random.next() % UInt64(fills.count))
                let bytes = ByteBuffer(bytes: testBytes(size(&random) / 4 + 1, seed: 1))
                fills[index].pieces += fills[index].reservation.append(bytes)
            case 8:
                guard let fill = fills.popLast() else { continue }
                let form = Representation(
                    generation: store.nextGeneration(),
                    mark: store.epochs.mark,
                    head: testHead(length: 1),
                    body: fill.reservation.body()
                )
                _ = store.insert(form, key: store.key(path), reserved: fill.reservation)
            default:
                if fills.count > 3 { fills.remove(at: 0) }
                guard let parent = store.lookup(path)?.identity else { continue }
                let bytes = [ByteBuffer(bytes: testBytes(size(&random) / 8 + 1, seed: 2))]
                _ = store.attach(testHead(length: 1), .gzip, of: parent, bytes: bytes, key: store.key(path))
            }
            let figures = store.budget.pieceFigures
            #expect(
                figures.all >= figures.stored && figures.stored >= 0 && figures.filling >= 0,
                "seed \(seed) \(step)"
            )
            #expect(store.budget.used <= store.budget.limit * 5 / 4, "seed \(seed) step \(step)")
        }
        fills = []
        // What is pinned is what nobody but these holders has.
        let bodies = Set(held.flatMap { $0.representations.map { ObjectIdentifier($0) } })
        let stored = Set(
            (0..<300).flatMap { store.lookup("/\($0)")?.representations.map { ObjectIdentifier($0) } ?? [] }
        )
        var seen = Set<ObjectIdentifier>()
        let pinned = held.flatMap(\.representations).reduce(0) { sum, form in
            let id = ObjectIdentifier(form)
            let counts = bodies.contains(id) && !stored.contains(id) && seen.insert(id).inserted
            return sum + (counts ? form.body.countedBytes : 0)
        }
        #expect(store.budget.pinned == pinned, "seed \(seed)")
        held = []
        #expect(store.budget.pinned == 0)
        for number in 0..<300 { store.remove(store.key("/\(number)")) }
        expectOnlyTables(store, "seed \(seed)")
    }

    @Test("many threads insert, hold and let go at once: at the end everything was given back")
    func threads() async throws {
        let store = try CacheStore.memoryOnly(8 << 20)
        await withTaskGroup(of: Void.self) { group in
            for task in UInt64(0)..<4 {
                group.addTask {
                    var random = SplitMix(state: task)
                    var held: [Resource?] = Array(repeating: nil, count: 16)
                    for _ in 0..<1500 {
                        let path = "/\(random.next() % 100)"
                        switch random.next() % 4 {
                        case 0: store.put(path, testBytes(Int(random.next() % 60_000), seed: task))
                        case 1: held[Int(random.next() % 16)] = store.lookup(path)
                        case 2: held[Int(random.next() % 16)] = nil
                        default: store.remove(store.key(path))
                        }
                    }
                }
            }
        }
        for number in 0..<100 { store.remove(store.key("/\(number)")) }
        expectOnlyTables(store)
    }
}
