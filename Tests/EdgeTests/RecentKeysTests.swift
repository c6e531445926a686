import CacheStore
import Testing

@testable import Edge

@Suite("Keys whose answers are not for sharing")
struct RecentKeysTests {
    static func hash(_ number: Int) -> KeyHash { KeyHash(value: UInt128(number)) }

    @Test("are remembered for one to two periods")
    func periods() {
        for offset in [0, 1, 9] as [Int64] {
            let memory = RecentKeys(period: 10)
            _ = memory.contains(Self.hash(0), now: 1_000)
            memory.remember(Self.hash(1), now: 1_000 + offset)
            for now in (1_000 + offset)...(1_010 + offset) { #expect(memory.contains(Self.hash(1), now: now)) }
            #expect(!memory.contains(Self.hash(1), now: 1_020 + offset))
            #expect(!memory.contains(Self.hash(2), now: 1_000))
        }
    }

    @Test("are forgotten after a pause, however long")
    func pause() {
        for pause in [20, 21, 30, 1_000_000] as [Int64] {
            let memory = RecentKeys(period: 10)
            memory.remember(Self.hash(1), now: 1_000)
            #expect(!memory.contains(Self.hash(1), now: 1_000 + pause))
        }
    }

    @Test("that are remembered again stay")
    func again() {
        let memory = RecentKeys(period: 10)
        for now in stride(from: 1_000 as Int64, to: 2_000, by: 9) {
            memory.remember(Self.hash(1), now: now)
            #expect(memory.contains(Self.hash(1), now: now + 9))
        }
    }

    @Test("are bounded: those above the bound are not remembered, and there is room again later")
    func bound() {
        let memory = RecentKeys(period: 10)
        for number in 0...Limits.recentKeys { memory.remember(Self.hash(number), now: 1_000) }
        #expect(memory.contains(Self.hash(0), now: 1_000))
        #expect(!memory.contains(Self.hash(Limits.recentKeys), now: 1_000))
        memory.remember(Self.hash(Limits.recentKeys), now: 1_010)
        #expect(memory.contains(Self.hash(Limits.recentKeys), now: 1_010))
    }

    @Test("a clock that is set back does not make them stay for as long as it was set back")
    func clockSetBack() {
        let memory = RecentKeys(period: 10)
        memory.remember(Self.hash(1), now: 1_000_000)
        #expect(!memory.contains(Self.hash(1), now: 500_020))
    }
}
