import Testing

@testable import CachePolicy

@Suite("Second-request filter")
struct SecondRequestFilterTests {
    @Test("the second request is seen, the first is not (but for about 1 %)")
    func secondRequest() {
        var random = SplitMix(state: 7)
        var filter = SecondRequestFilter(keysPerGeneration: 1000)
        var wrong = 0
        for _ in 0..<1000 {
            let hash = UInt128(random.next()) << 64 | UInt128(random.next())
            if filter.recordAndTest(hash) { wrong += 1 }
            let seen1 = filter.recordAndTest(hash)
            #expect(seen1)
        }
        #expect(wrong <= 20)
    }

    @Test("a key outlives one generation and is forgotten after two")
    func generations() {
        var random = SplitMix(state: 8)
        var filter = SecondRequestFilter(keysPerGeneration: 500)
        let key = UInt128(random.next()) << 64 | UInt128(random.next())
        let seen2 = filter.recordAndTest(key)
        #expect(!seen2)
        for _ in 0..<500 { _ = filter.recordAndTest(UInt128(random.next()) << 64 | UInt128(random.next())) }
        var copy = filter
        let seen3 = copy.recordAndTest(key)
        #expect(seen3)
        for _ in 0..<1000 { _ = filter.recordAndTest(UInt128(random.next()) << 64 | UInt128(random.next())) }
        let seen4 = filter.recordAndTest(key)
        #expect(!seen4)
    }

    @Test("its memory is fixed")
    func memory() {
        var filter = SecondRequestFilter(keysPerGeneration: 1000)
        let before = filter.memoryBytes
        for number in 0..<50_000 { _ = filter.recordAndTest(UInt128(number) &* 0xDEAD_BEEF_1234_5677_89AB_CDEF) }
        #expect(filter.memoryBytes == before)
    }
}
