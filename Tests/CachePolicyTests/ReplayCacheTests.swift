import Testing

@testable import CachePolicy

@Suite("Replay of requests")
struct ReplayCacheTests {
    /// Another size is another object.
    private func hash(_ key: Int, _ size: Int) -> UInt128 {
        var random = SplitMix(state: UInt64(key) << 32 ^ UInt64(size))
        return UInt128(random.next()) << 64 | UInt128(random.next())
    }

    private func play(_ requests: [(key: Int, size: Int)], _ configuration: ReplayConfiguration) -> (
        [Bool], ReplayCache
    ) {
        var cache = ReplayCache(configuration)
        let hits = requests.map { cache.request(hash($0.key, $0.size), size: $0.size) }
        return (hits, cache)
    }

    @Test("an object larger than the capacity bypasses and throws nothing out", arguments: EvictionPolicy.allCases)
    func bypass(policy: EvictionPolicy) {
        let (hits, cache) = play([(1, 60), (2, 101), (1, 60)], ReplayConfiguration(policy: policy, memoryBytes: 100))
        #expect(hits == [false, false, true])
        #expect(cache.figures.evictions == 0 && cache.heldBytes == 60)
    }

    @Test("a (key, size) pair is an object, and every request counts")
    func pairs() {
        let (hits, cache) = play([(1, 10), (1, 11), (1, 10), (1, 11)], ReplayConfiguration(memoryBytes: 100))
        #expect(hits == [false, false, true, true])
        #expect(cache.figures.objectHitRatio == 0.5 && cache.figures.byteHitRatio == 0.5)
    }

    @Test("lru: room is made from the least recently used end, and the capacity is never exceeded")
    func capacity() {
        let (hits, cache) = play(
            [(1, 40), (2, 40), (1, 40), (3, 30), (1, 40), (2, 40)],
            ReplayConfiguration(memoryBytes: 100)
        )
        #expect(hits == [false, false, true, false, true, false])
        #expect(cache.figures.evictions == 2 && cache.heldBytes == 80)
    }

    @Test("the capacity is never exceeded, whatever the policy", arguments: EvictionPolicy.allCases)
    func everyPolicy(policy: EvictionPolicy) {
        var random = SplitMix(state: 3)
        var cache = ReplayCache(ReplayConfiguration(policy: policy, memoryBytes: 60_000, diskBytes: 600_000))
        for _ in 0..<20_000 {
            let key = Int(min(random.next() % 3000, random.next() % 3000))
            // Now and then a large one, for which many would have to leave.
            let size = key % 50 == 0 ? 20_000 : key % 700 + 1
            cache.request(hash(key, size), size: size)
            #expect(cache.heldBytes <= 60_000)
        }
        let figures = cache.figures
        #expect(figures.requests == 20_000 && figures.memoryHits > 500 && figures.diskHits > 1000)
        #expect(figures.diskSegmentsGivenUp > 0 && figures.diskBytesCarriedOver > 0)
        #expect(figures.diskBytesCarriedOver < figures.diskBytesWritten)
        #expect((figures.notAdmitted > 0) == (policy == .size))
    }

    @Test("the disk takes small objects at once, others on the second request, in memory or not")
    func admission() {
        func written(_ requests: [(Int, Int)], below: Int) -> Int {
            let configuration = ReplayConfiguration(memoryBytes: 1000, diskBytes: 1 << 20, admitAtOnceBelow: below)
            return play(requests, configuration).1.figures.diskBytesWritten
        }
        #expect(written([(1, 99), (2, 100)], below: 100) == 99)
        #expect(written([(1, 99), (2, 100), (2, 100)], below: 100) == 199)
        #expect(written([(1, 99), (2, 100), (2, 100), (2, 100)], below: 0) == 100)
        // Never in memory: each request asks the filter.
        #expect(written([(1, 5000)], below: 0) == 0)
        #expect(written([(1, 5000), (1, 5000), (1, 5000)], below: 0) == 5000)
        #expect(written([(1, 5000)], below: .max) == 5000)
        #expect(written([(1, 200_000)], below: .max) == 0, "more than an eighth of the disk")
    }

    @Test("what memory has lost is found on disk, and comes back to memory")
    func promotion() {
        let configuration = ReplayConfiguration(memoryBytes: 100, diskBytes: 10_000)
        let (hits, cache) = play([(1, 60), (2, 60), (1, 60), (1, 60)], configuration)
        #expect(hits == [false, false, true, true])
        #expect(cache.figures.diskHits == 1 && cache.figures.memoryHits == 1)
    }

    @Test("the least recently read segment goes; of it, what was read or is in memory stays")
    func segments() {
        // Segments of 100 bytes, four of them, one kept free.
        var log = SegmentLog(bytes: 400, largestInMemory: 50)
        let memory = EvictionIndex()
        for key in 1...30 { log.write(UInt128(key), size: 10, memory: memory) }
        #expect(log.segmentsGivenUp == 0)
        let isThere = log.read(3)
        #expect(isThere)
        // The first segment holds 3 and is read; the second one goes, then the third, and then the first, but for 3.
        for key in 31...59 { log.write(UInt128(key), size: 10, memory: memory) }
        #expect(log.segmentsGivenUp == 3 && log.bytesCarriedOver == 10)
        var copy = log
        let found = (1...59).filter { copy.read(UInt128($0)) }
        #expect(found.first == 3 && found.count == 30)
        #expect(log.bytesWritten == 600)
    }
}
