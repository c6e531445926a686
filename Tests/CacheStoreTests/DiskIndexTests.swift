import Testing

@testable import CacheStore

@Suite("Disk index")
struct DiskIndexTests {
    private func entry(_ number: Int, coding: UInt8 = 0, _ random: inout SplitMix) -> DiskIndex.Entry {
        DiskIndex.Entry(
            low: random.next(),
            high: random.next(),
            generation: UInt64(number),
            place: DiskIndex.Place(segment: 1, units: UInt32(number + 8)),
            headPlace: .none,
            units: 20,
            variantTag: 0,
            coding: coding,
            flags: 0
        )
    }

    @Test("what is inserted is found, what is removed is not, through every split and reuse; as a dictionary does")
    func againstDictionary() throws {
        var random = SplitMix(state: 7)
        var index = DiskIndex()
        var model: [UInt128: [UInt8: UInt64]] = [:]
        var hashes: [UInt128] = []
        for number in 0..<40_000 {
            if number % 3 == 2 {
                let hash = hashes[Int(random.next() % UInt64(hashes.count))]
                let slots = index.slots(hash)
                #expect(slots.count == model[hash]?.count ?? 0)
                if let slot = slots.first {
                    model[hash]?[index[slot].coding] = nil
                    index.remove(slot)
                }
            } else {
                var new = entry(number, coding: UInt8(number % 4), &random)
                if number % 5 == 0, let last = hashes.last, model[last]?[new.coding] == nil {
                    new.low = UInt64(truncatingIfNeeded: last)
                    new.high = UInt64(truncatingIfNeeded: last >> 64)
                }
                let isIn = index.insert(new)
                #expect(isIn)
                model[new.hash, default: [:]][new.coding] = new.generation
                hashes.append(new.hash)
            }
        }
        for (hash, forms) in model {
            #expect(index.contains(hash) == !forms.isEmpty)
            for (coding, generation) in forms {
                let slot = try #require(index.slot(hash, coding: coding, variantTag: 0))
                #expect(index[slot].generation == generation)
            }
        }
        let total = model.values.reduce(0) { $0 + $1.count }
        #expect(index.count == total)
        #expect(index.all { _ in true }.count == total)
        #expect((0..<index.parts).reduce(0) { $0 + index.entries(ofPart: $1).count } == total)
    }

    @Test("at most 64 bytes an entry at any moment of growth, and no insertion that moves more than a few thousand")
    func memory() {
        var random = SplitMix(state: 1)
        var index = DiskIndex()
        var most = 0.0
        for number in 0..<150_000 {
            index.insert(entry(number, &random))
            if number > 2000 { most = max(most, Double(index.memoryBytes) / Double(index.count)) }
        }
        #expect(most <= 64, "\(most)")
        let largest = (0..<index.parts).map { index.entries(ofPart: $0).count }.max() ?? 0
        #expect(largest < 3000)
    }

    @Test("hashes that no keyed hash makes: refused when a table is full, nothing else")
    func equalHashes() {
        var random = SplitMix(state: 1)
        var index = DiskIndex()
        var accepted = 0
        for number in 0..<3000 {
            var new = entry(number, &random)
            new.high = 0
            if index.insert(new) { accepted += 1 }
        }
        #expect(index.count == accepted)
        #expect(accepted == 3000)
    }
}
