import CachePolicy
import Testing

@testable import CacheStore

@Suite("Eviction policies of the memory tier")
struct EvictionPolicyTests {
    private func store(_ policy: EvictionPolicy, _ bytes: Int = 4 << 20) throws -> CacheStore {
        try CacheStore(CacheStoreConfiguration(memoryBytes: bytes, policy: policy), logger: .quiet)
    }

    @Test(
        "every policy keeps the budget, serves the right bytes and gives everything back",
        arguments: EvictionPolicy.allCases
    )
    func budget(policy: EvictionPolicy) throws {
        let store = try store(policy)
        let empty = store.budget.used
        var random = SplitMix(state: 5)
        var refused = 0
        for _ in 0..<6000 {
            let number = min(random.next() % 800, random.next() % 800)
            let size = 1 + Int(number &* 7919 % 60_000)
            if let found = store.lookup("/\(number)") {
                #expect(found.identity.body.length == UInt64(size))
            } else {
                switch store.put("/\(number)", testBytes(size, seed: number)) {
                case .stored: break
                case .refused(.notAdmitted): refused += 1
                default: Issue.record("not stored, and not for the policy's sake")
                }
            }
            #expect(store.budget.used <= store.budget.limit)
            if random.next() % 50 == 0 { store.remove(store.key("/\(number)")) }
        }
        #expect(store.statistics().memoryEvictions > 0)
        #expect((refused > 0) == (policy == .size))
        for number in 0..<800 {
            let key = store.key("/\(number)")
            if let found = store.lookup(key) {
                #expect(found.identity.bytes == testBytes(found.identity.bytes.count, seed: UInt64(number)))
            }
            store.remove(key)
        }
        #expect(store.memory.totals.count == 0 && store.memory.totals.bytes == 0)
        // Tables stay as large as they have grown.
        #expect(store.budget.used - empty < 256 << 10)
    }

    /// Small objects, all asked for twice, until memory is nearly full.
    private func fill(_ store: CacheStore) {
        var number = 0
        while store.budget.used < store.budget.limit / 100 * 96 {
            store.put("/small\(number)", testBytes(1400, seed: 1))
            _ = store.lookup("/small\(number)")
            number += 1
        }
    }

    @Test(
        "lru and s3-fifo refuse nothing; size refuses what is worth less than what would leave, until it is asked for often"
    )
    func admission() throws {
        for policy in EvictionPolicy.allCases {
            let store = try store(policy)
            fill(store)
            var outcomes: [Bool] = []
            while outcomes.last != true, outcomes.count < 2000 {
                outcomes.append(store.put("/large", testBytes(100_000, seed: 2)).isStored)
            }
            #expect(outcomes.last == true)
            #expect((outcomes.count > 1) == (policy == .size), "\(policy): \(outcomes.count)")
        }
    }

    @Test("what memory does not admit goes to the disk that does, and is read from there")
    func diskOnly() async throws {
        let fixture = try DiskFixture(memoryBytes: 4 << 20, policy: .size)
        try await fixture.run { store in
            fill(store)
            await store.flush()
            let bytes = testBytes(60_000, seed: 2)
            guard case .diskOnly = store.put("/large", bytes) else {
                Issue.record("it is not on the disk alone")
                return
            }
            await store.flush()
            #expect(store.lookup("/large") == nil)
            #expect(store.load("/large")?.identity.bytes == bytes)
            #expect(store.budget.used <= store.budget.limit)
        }
    }

    @Test("in shards, filled as an edge fills them, the policies do what they do in a replay")
    func ratios() throws {
        var ratios: [EvictionPolicy: Double] = [:]
        for policy in EvictionPolicy.allCases {
            let store = try store(policy, 8 << 20)
            var replayed = ReplayCache(ReplayConfiguration(policy: policy, memoryBytes: 8 << 20))
            var random = SplitMix(state: 11)
            var hits = 0
            let requests = 20_000
            for _ in 0..<requests {
                let part = Double(random.next() >> 11) / Double(1 << 53)
                let number = Int(3000 * part * part * part)
                let size = 1024 << (number * 7919 % 8)
                let key = store.key("/\(number)")
                if store.lookup(key) != nil {
                    hits += 1
                } else {
                    store.put("/\(number)", [UInt8](repeating: 1, count: size))
                }
                // What an edge counts besides the body is little beside these sizes.
                replayed.request(key.hash.value, size: size + 1000)
            }
            let ratio = Double(hits) / Double(requests)
            ratios[policy] = ratio
            #expect(
                abs(ratio - replayed.figures.objectHitRatio) < 0.05,
                "\(policy): \(ratio), replayed \(replayed.figures.objectHitRatio)"
            )
        }
        #expect(ratios[.lru, default: 1] + 0.03 < ratios[.size, default: 0], "\(ratios)")
    }

    @Test("an object that is there already is replaced without asking the policy")
    func replacement() throws {
        let store = try store(.size)
        for number in 0..<3000 { store.put("/small\(number)", testBytes(1400, seed: 1)) }
        let held = try #require((0..<3000).first { store.lookup("/small\($0)") != nil })
        #expect(store.put("/small\(held)", testBytes(200_000, seed: 3)).resource != nil)
    }
}
