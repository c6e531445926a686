import Testing

@testable import CachePolicy

/// The obvious implementation: an array in order of use.
private struct Model {
    var order: [(hash: UInt128, cost: Int)] = []

    mutating func use(_ hash: UInt128, cost: Int) {
        order.removeAll { $0.hash == hash }
        order.append((hash, cost))
    }
}

@Suite("LRU index")
struct LRUIndexTests {
    private func order(of index: LRUIndex) -> [UInt128] {
        var result: [UInt128] = []
        var slot = index.leastRecent
        while let current = slot {
            result.append(index.hash(of: current))
            slot = index.moreRecent(than: current)
        }
        return result
    }

    @Test("the least recently used entry is the first to go")
    func orderOfUse() throws {
        var index = LRUIndex()
        for hash in 1...4 { _ = index.insert(UInt128(hash), cost: 10) }
        index.touch(try #require(index.find(1)))
        index.touch(try #require(index.find(3)))
        index.touch(try #require(index.find(3)))
        #expect(order(of: index) == [2, 4, 1, 3])
        #expect(index.totalCost == 40)
    }

    @Test("random use agrees with the obvious implementation, also when hashes share their home", arguments: [1, 2, 3])
    func againstModel(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var index = LRUIndex()
        var model = Model()
        for _ in 0..<20_000 {
            // A few low bits only: long probe runs that wrap around the table's end.
            let number = UInt128(random.next() % 300)
            let hash = (number << 64) | (number % 7) * 31
            let cost = Int(random.next() % 1000)
            if let slot = index.find(hash) {
                if random.next() % 4 == 0 {
                    index.remove(slot)
                    model.order.removeAll { $0.hash == hash }
                } else {
                    index.touch(slot)
                    index.setCost(slot, to: cost)
                    model.use(hash, cost: cost)
                }
            } else {
                let slot = index.insert(hash, cost: cost)
                #expect(index.cost(of: slot) == cost)
                model.use(hash, cost: cost)
            }
            if index.count > 100, let oldest = index.leastRecent {
                #expect(index.hash(of: oldest) == model.order.first?.hash)
                index.remove(oldest)
                model.order.removeFirst()
            }
        }
        #expect(order(of: index) == model.order.map(\.hash))
        #expect(index.totalCost == model.order.reduce(0) { $0 + $1.cost })
        #expect(index.count == model.order.count)
        for entry in model.order { #expect(index.find(entry.hash) != nil) }
    }

    @Test("slots are reused: churn does not grow the arena")
    func reuse() throws {
        var index = LRUIndex()
        for number in 0..<10_000 {
            _ = index.insert(UInt128(number) &* 0x9E37_79B9_7F4A_7C15, cost: 1)
            if index.count > 50, let oldest = index.leastRecent { index.remove(oldest) }
        }
        #expect(index.slotCount <= 51)
        #expect(index.memoryBytes < 8192)
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
