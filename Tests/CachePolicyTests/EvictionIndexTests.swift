import Testing

@testable import CachePolicy

@Suite("Eviction index")
struct EvictionIndexTests {
    /// The hashes in the order in which they would leave if nothing else happened.
    private func order(of index: EvictionIndex) -> [UInt128] {
        var index = index
        var result: [UInt128] = []
        while let slot = index.evict() { result.append(index.hash(of: slot)) }
        return result
    }

    @Test("lru: the least recently used entry is the first to go")
    func orderOfUse() throws {
        var index = EvictionIndex(policy: .lru)
        for hash in 1...4 { _ = index.insert(UInt128(hash), cost: 10) }
        index.touch(try #require(index.find(1)))
        index.touch(try #require(index.find(3)))
        index.touch(try #require(index.find(3)))
        #expect(order(of: index) == [2, 4, 1, 3])
        #expect(index.totalCost == 40)
    }

    @Test("random use agrees with the obvious implementation, also when hashes share their home", arguments: [1, 2, 3])
    func againstModels(seed: UInt64) {
        play(.lru, LRUModel(), seed)
        play(.s3FIFO, S3FIFOModel(), seed)
        play(.size, SizeModel(), seed)
    }

    private func play(_ policy: EvictionPolicy, _ start: some EvictionModel, _ seed: UInt64) {
        var model = start
        var random = SplitMix(state: seed)
        var index = EvictionIndex(policy: policy)
        let capacity = 60_000_000_000
        var refused = 0
        var evicted = 0
        for step in 0..<12_000 {
            // Skewed, and a few low bits only: long probe runs that wrap around the table's end.
            let number = UInt128(min(random.next() % 400, random.next() % 400))
            let hash = (number << 64) | (number % 7) * 31
            // Large, so that two values per byte are hardly ever the same.
            let cost = Int(random.next() % 2_000_000_000) + 1
            if let slot = index.find(hash) {
                #expect(model.entries.place(hash) != nil)
                switch random.next() % 10 {
                case 0:
                    index.remove(slot)
                    model.remove(hash)
                case 1:
                    index.setCost(slot, to: cost)
                    model.setCost(hash, to: cost)
                    #expect(index.cost(of: slot) == cost)
                default:
                    index.touch(slot)
                    model.touch(hash)
                }
            } else {
                #expect(model.entries.place(hash) == nil)
                let over = index.totalCost + cost - capacity
                if over > 0 {
                    let isAdmitted = index.admits(hash, cost: cost, freeing: over)
                    let isExpected = model.admits(hash, cost: cost, freeing: over)
                    #expect(isAdmitted == isExpected, "\(policy), step \(step)")
                    if !isAdmitted {
                        refused += 1
                        continue
                    }
                }
                while index.totalCost + cost > capacity, let slot = index.evict() {
                    evicted += 1
                    let isRight = model.evict(index.hash(of: slot))
                    #expect(isRight, "\(policy), step \(step)")
                }
                let slot = index.insert(hash, cost: cost)
                #expect(index.hash(of: slot) == hash)
                model.insert(hash, cost: cost)
            }
            #expect(index.totalCost == model.totalCost && index.count == model.entries.count, "\(policy), step \(step)")
            #expect(index.ghosts.count <= index.count + PolicyLimits.ghostsAtLeast + 1)
        }
        #expect(evicted > 100)
        #expect((refused > 0) == (policy == .size))
        for entry in model.entries { #expect(index.find(entry.hash).map { index.cost(of: $0) } == entry.cost) }
        while let slot = index.evict() {
            let isRight = model.evict(index.hash(of: slot))
            #expect(isRight, "\(policy), at the end")
        }
        #expect(model.entries.isEmpty && index.count == 0 && index.totalCost == 0)
    }

    @Test("slots are reused: churn does not grow the arena", arguments: EvictionPolicy.allCases)
    func reuse(policy: EvictionPolicy) {
        var index = EvictionIndex(policy: policy)
        for number in 0..<20_000 {
            let hash = UInt128(number) &* 0x9E37_79B9_7F4A_7C15
            if index.count > 50 {
                if !index.admits(hash, cost: 1, freeing: 1) { continue }
                _ = index.evict()
            }
            _ = index.insert(hash, cost: 1)
        }
        #expect(index.slotCount <= (policy == .lru ? 51 : 51 + 51 + PolicyLimits.ghostsAtLeast + 1))
        #expect(index.memoryBytes < (policy == .lru ? 8192 : 32_768))
    }

    @Test(
        "what was removed from outside is not remembered; what was evicted is",
        arguments: [EvictionPolicy.s3FIFO, .size]
    )
    func ghosts(policy: EvictionPolicy) throws {
        var index = EvictionIndex(policy: policy)
        for hash in 1...20 { _ = index.insert(UInt128(hash), cost: 100) }
        index.remove(try #require(index.find(7)))
        #expect(index.ghosts.isEmpty && index.find(7) == nil)
        let evicted = index.evict()
        let gone = try #require(evicted)
        let hash = index.hash(of: gone)
        #expect(index.ghosts.count == 1 && index.find(hash) == nil && index.count == 18)
        _ = index.insert(hash, cost: 50)
        #expect(index.ghosts.isEmpty && index.find(hash) != nil && index.totalCost == 18 * 100 + 50)
    }

    @Test("s3-fifo: a scan of objects that are asked for once leaves what is popular alone")
    func scan() {
        var index = EvictionIndex(policy: .s3FIFO)
        func request(_ hash: UInt128) -> Bool {
            if let slot = index.find(hash) {
                index.touch(slot)
                return true
            }
            while index.totalCost >= 100 { _ = index.evict() }
            _ = index.insert(hash, cost: 1)
            return false
        }
        for _ in 0..<4 { for hash in 1...50 { _ = request(UInt128(hash)) } }
        for hash in 1000...3000 {
            _ = request(UInt128(hash))
            if hash % 20 == 0 { for hash in 1...50 { _ = request(UInt128(hash)) } }
        }
        for hash in 1...50 { #expect(index.find(UInt128(hash)) != nil) }
    }

    @Test("size: many small objects are worth more than a large one, until that is asked for often enough")
    func largeNewcomer() {
        var index = EvictionIndex(policy: .size)
        for hash in 1...100 { _ = index.insert(UInt128(hash), cost: 10) }
        var requests = 1
        while !index.admits(500, cost: 500, freeing: 500), requests < 1000 { requests += 1 }
        #expect((2...100).contains(requests))
        let isAdmitted = index.admits(501, cost: 5, freeing: 5)
        #expect(isAdmitted)
    }

    @Test("size: what was popular once leaves when other things are, although it was asked for more often")
    func ageing() {
        var index = EvictionIndex(policy: .size)
        func request(_ hash: UInt128) -> Bool {
            if let slot = index.find(hash) {
                index.touch(slot)
                return true
            }
            if index.totalCost + 10 > 1000, !index.admits(hash, cost: 10, freeing: 10) { return false }
            while index.totalCost + 10 > 1000 { _ = index.evict() }
            _ = index.insert(hash, cost: 10)
            return false
        }
        for _ in 0..<1000 { for hash in 1...100 { _ = request(UInt128(hash)) } }
        var hits = 0
        // Twice as many as fit, so that plain frequency would have to wait for a thousand requests of each.
        for round in 0..<300 {
            for hash in 1001...1090 where request(UInt128(hash)) && round == 299 { hits += 1 }
        }
        #expect(hits == 90)
    }

    @Test("one eviction has a bound, however much was hit before it", arguments: [EvictionPolicy.s3FIFO, .size])
    func boundedWork(policy: EvictionPolicy) throws {
        var index = EvictionIndex(policy: policy)
        for hash in 1...5000 { _ = index.insert(UInt128(hash), cost: 10) }
        for _ in 0..<3 { for hash in 1...5000 { index.touch(try #require(index.find(UInt128(hash)))) } }
        var evicted = 0
        while index.evict() != nil { evicted += 1 }
        #expect(evicted == 5000 && index.count == 0 && index.totalCost == 0)
    }

    @Test("costs beyond what a slot holds are cut, in the sum too")
    func hugeCosts() {
        var index = EvictionIndex(policy: .lru)
        let slot = index.insert(1, cost: .max)
        #expect(index.totalCost == Slot.largestCost && index.cost(of: slot) == Slot.largestCost)
        index.setCost(slot, to: -5)
        #expect(index.totalCost == 0)
    }
}

/// A seeded generator, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
