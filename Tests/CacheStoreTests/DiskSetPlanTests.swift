import Testing

@testable import CacheStore

@Suite("Which disk has a key, and which disks keep what they have")
struct DiskSetPlanTests {
    private static func hashes(_ count: Int) -> [UInt128] {
        var random = SplitMix(state: 7)
        return (0..<count).map { _ in UInt128(random.next()) << 64 | UInt128(random.next()) }
    }

    private static func members(_ weights: [Double]) -> [DiskPlacement.Member] {
        weights.enumerated().map {
            DiskPlacement.Member(identity: UInt64($0.offset + 1) &* 0x9E37_79B9, weight: $0.element)
        }
    }

    @Test("each disk has its share by its size")
    func shares() {
        let placement = DiskPlacement(Self.members([1, 2, 5]))
        var counts = [0, 0, 0]
        for hash in Self.hashes(80_000) { counts[placement.home(hash)] += 1 }
        for (count, expected) in zip(counts, [10_000, 20_000, 50_000]) { #expect(abs(count - expected) < 600) }
    }

    @Test("a disk that joins takes from all and moves nothing between the others; one that grows only takes")
    func joins() {
        let three = Self.members([1, 1, 2])
        let before = DiskPlacement(Array(three.dropLast()))
        let after = DiskPlacement(three)
        var larger = three
        larger[2].weight = 3
        let grown = DiskPlacement(larger)
        for hash in Self.hashes(5000) {
            #expect(after.home(hash) == 2 || after.home(hash) == before.home(hash))
            #expect(grown.home(hash) == 2 || grown.home(hash) == after.home(hash))
            #expect(after.isHome(hash, of: three[after.home(hash)].identity))
        }
        #expect(DiskPlacement([]).home(5) == 0 && !DiskPlacement([]).isHome(5, of: 1))
    }

    private static func session(
        _ identity: UInt64,
        _ number: UInt64,
        id: UInt64,
        history: [UInt64] = [],
        of members: [UInt64],
        out: Set<UInt64> = []
    ) -> DiskSetPlan.Found {
        .session(
            DiskSession(
                identity: identity,
                number: number,
                id: id,
                history: history,
                members: members.map { .init(identity: $0, bytes: 1, path: "/\($0)", isOut: out.contains($0)) }
            )
        )
    }

    private static func kept(_ found: [DiskSetPlan.Found]) -> [Bool] {
        DiskSetPlan(found).verdicts.map { $0.emptied == nil }
    }

    @Test("kept: those of the last session, also where its start was cut short; emptied: what was away or had failed")
    func verdicts() {
        let both: [UInt64] = [1, 2]
        #expect(Self.kept([.nothing, .nothing]) == [true, true])
        #expect(Self.kept([Self.session(1, 1, id: 9, of: both), Self.session(2, 1, id: 9, of: both)]) == [true, true])
        let later = Self.session(1, 2, id: 8, history: [9], of: both)
        #expect(Self.kept([later, Self.session(2, 1, id: 9, of: both)]) == [true, true], "cut short")
        let alone = Self.session(1, 2, id: 8, history: [9], of: [1])
        #expect(Self.kept([alone, Self.session(2, 1, id: 9, of: both)]) == [true, false], "away")
        #expect(Self.kept([alone, .nothing]) == [true, false], "what is in it is of another time")
        #expect(Self.kept([alone, .unreadable]) == [true, false])
        #expect(Self.kept([.nothing, .unreadable]) == [true, false])
        let told = Self.session(1, 1, id: 9, of: both, out: [2])
        #expect(Self.kept([told, Self.session(2, 1, id: 9, of: both)]) == [true, false], "it had failed")
        #expect(Self.kept([Self.session(2, 1, id: 9, of: both, out: [2])]) == [false], "and knows it itself")
        let apart = Self.session(2, 2, id: 7, history: [9], of: [2])
        #expect(Self.kept([alone, apart]) == [false, false], "used apart")
        let old = Self.session(1, 99, id: 8, history: Array(100..<163), of: [1])
        #expect(
            Self.kept([old, Self.session(2, 1, id: 9, of: both)]) == [true, false],
            "away for longer than is known"
        )
    }

    @Test("two folders of one identity start empty under new names; a third one keeps what it has")
    func copies() {
        let all: [UInt64] = [1, 2]
        let plan = DiskSetPlan([
            Self.session(1, 3, id: 9, of: all), Self.session(1, 3, id: 9, of: all), Self.session(2, 3, id: 9, of: all),
        ])
        #expect(plan.verdicts.map { $0.emptied == nil } == [false, false, true])
        #expect(Set(plan.verdicts.map(\.identity)).count == 3 && plan.verdicts[2].identity == 2)
        #expect(plan.number == 4 && plan.history == [9] && plan.previous.members.count == 2)
    }

    @Test("a session's file is read as it was written; rubbish is not a session")
    func file() {
        guard case .session(var session) = Self.session(1, 3, id: 9, history: [8, 7], of: [1, 2], out: [2]) else {
            return
        }
        session.members[0].isMounted = true
        session.members[1].isAbsent = true
        session.members[1].path = "/mnt/größer"
        let bytes = session.encode()
        #expect(DiskSession.decode(bytes) == .session(session))
        for cut in bytes.indices { #expect(DiskSession.decode(Array(bytes[..<cut])) == .unreadable) }
        for place in 12..<bytes.count {
            var damaged = bytes
            damaged[place] ^= 0x40
            #expect(DiskSession.decode(damaged) == .unreadable)
        }
        var newer = bytes
        newer[8] = 9
        #expect(DiskSession.decode(newer) == .otherVersion(9))
    }

    @Test("the key of most folders is the store's; of as many, the first one's")
    func keys() {
        let one = SipHash(k0: 1, k1: 1)
        let two = SipHash(k0: 2, k1: 2)
        #expect(DiskSetOpening.commonKey([one, two]) == one)
        #expect(DiskSetOpening.commonKey([one, two, two]) == two)
        #expect(DiskSetOpening.commonKey([]) != DiskSetOpening.commonKey([]))
    }
}
