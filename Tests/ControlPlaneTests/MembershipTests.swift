import Testing

@testable import ControlPlane

private let second: Int64 = 1_000_000_000

/// A fleet with a lease of 5 s, a margin of 1 s and a lag of 1 s: control counts an edge as serving for 6 s after a renewal.
private final class Fleet {
    var core: Membership

    init(_ records: [EdgeRecord] = [], last: UInt64 = 0, strangers: Bool = false, now: Int64 = 0) {
        core = Membership(
            timing: .init(leaseNanoseconds: 5 * second, marginNanoseconds: second, lagNanoseconds: second),
            records: records,
            lastNumber: last,
            mayHaveStrangers: strangers,
            now: now
        )
    }

    @discardableResult
    func join(
        _ id: String,
        _ instance: String,
        applied: UInt64 = 0,
        rule: LostControlRule = .revalidate,
        replaces: String? = nil,
        now: Int64
    ) -> Bool {
        let record = EdgeRecord(id: id, instance: instance, onLostControl: rule, applied: applied)
        if case .accepted = core.register(.init(record: record, replaces: replaces), limit: 100, now: now) {
            return true
        }
        return false
    }

    func renew(_ instance: String, _ applied: UInt64, now: Int64) -> Membership.Renewal {
        core.renew(instance, applied: applied, wallMilliseconds: 0, now: now)
    }

    func published(_ number: UInt64, now: Int64) { core.published(number, now: now) }
    func evaluate(_ number: UInt64, now: Int64) -> Membership.Evaluation { core.evaluate(number, now: now) }
    func countStream(_ instance: String, by change: Int) { core.countStream(instance, by: change) }
    func remove(id: String) -> [EdgeRecord] { core.remove(id: id) }
    func leave(_ instance: String) -> EdgeRecord? { core.leave(instance) }
    func reap(now: Int64) -> [EdgeRecord] { core.reap(now: now) }
}

@Suite struct MembershipLeaseTests {
    @Test func aPurgeIsDoneWhenEveryEdgeHasConfirmed() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        fleet.join("2", "b", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        #expect(fleet.renew("b", 0, now: 0) == .granted)
        fleet.published(1, now: second)
        #expect(fleet.renew("a", 1, now: second) == .granted)
        let half = fleet.evaluate(1, now: second)
        #expect(!half.isDone && half.states == ["a": .confirmed, "b": .pending])
        #expect(fleet.renew("b", 1, now: 2 * second) == .granted)
        #expect(fleet.evaluate(1, now: 2 * second).isDone)
    }

    @Test func aSilentEdgeIsWaitedForUntilItsLeaseAndTheMarginHavePassed() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        fleet.published(1, now: second)
        let waiting = fleet.evaluate(1, now: 6 * second - 1)
        #expect(!waiting.isDone && waiting.nextChange == 6 * second)
        let over = fleet.evaluate(1, now: 6 * second)
        #expect(over.isDone && over.states == ["a": .leaseLost])
    }

    @Test func whatWasDoneWithoutAnEdgeItMustApplyBeforeItGetsALeaseAgain() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        fleet.published(1, now: 7 * second)
        #expect(fleet.evaluate(1, now: 7 * second).isDone)
        // Entry 1 is younger than the lag, so only rule 4 stands between the edge and a lease with the old bytes.
        #expect(fleet.renew("a", 0, now: 7 * second + 1) == .mustCatchUp(needs: 1))
        #expect(fleet.renew("a", 1, now: 7 * second + 2) == .granted)
    }

    @Test func anEdgeThatCatchesUpIsNotOutrunByNewPurges() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        fleet.published(1, now: 7 * second)
        #expect(fleet.evaluate(1, now: 7 * second).isDone)
        #expect(fleet.renew("a", 0, now: 7 * second) == .mustCatchUp(needs: 1))
        // From here on it is expected, so 2 is not reported done without it and 1 stays what it needs.
        fleet.published(2, now: 7 * second + 1)
        #expect(!fleet.evaluate(2, now: 7 * second + 2).isDone)
        #expect(fleet.renew("a", 1, now: 7 * second + 3) == .granted)
        #expect(!fleet.evaluate(2, now: 7 * second + 4).isDone)
        #expect(fleet.renew("a", 2, now: 7 * second + 5) == .granted)
        #expect(fleet.evaluate(2, now: 7 * second + 6).isDone)
    }

    @Test func anEdgeThatAppliesNothingLosesItsLease() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        fleet.published(1, now: second)
        #expect(fleet.renew("a", 0, now: 2 * second - 1) == .granted)
        #expect(fleet.renew("a", 0, now: 2 * second) == .behind(needs: 1))
        #expect(fleet.renew("a", 0, now: 7 * second) == .behind(needs: 1))
        // Counted from the last granted renewal, not from the refused ones.
        #expect(!fleet.evaluate(1, now: 8 * second - 2).isDone)
        #expect(fleet.evaluate(1, now: 8 * second - 1).isDone)
    }

    @Test func aNewEdgeHasNoLeaseAndIsNotWaitedFor() {
        let fleet = Fleet(last: 5)
        fleet.join("1", "a", applied: 2, now: 0)
        let evaluation = fleet.evaluate(5, now: 0)
        #expect(evaluation.isDone && evaluation.states.isEmpty)
        #expect(fleet.renew("a", 2, now: second) == .behind(needs: 5))
        #expect(fleet.renew("a", 5, now: second) == .granted)
    }

    @Test func anEdgeThatServesWithoutControlIsWaitedForWithoutEnd() {
        let fleet = Fleet()
        fleet.join("1", "a", rule: .serve, now: 0)
        fleet.published(1, now: 0)
        let evaluation = fleet.evaluate(1, now: 1_000_000 * second)
        #expect(!evaluation.isDone && evaluation.nextChange == nil && evaluation.states == ["a": .pending])
        #expect(fleet.remove(id: "1").count == 1)
        #expect(fleet.reap(now: 0).map(\.instance) == ["a"])
        #expect(fleet.evaluate(1, now: 0).isDone)
    }

    @Test func numbersThatTheLogDoesNotHaveAreNotBelieved() {
        let fleet = Fleet(last: 3)
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 4, now: 0) == .ahead)
        fleet.published(4, now: 0)
        #expect(!fleet.evaluate(4, now: 0).states.values.contains(.confirmed))
        #expect(fleet.renew("unknown", 1, now: 0) == .unknown)
    }

    @Test func aBurstOfEntriesIsStrictForTheEdgesAndBounded() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        for number in UInt64(1)...20_000 { fleet.published(number, now: 1) }
        #expect(fleet.renew("a", 3_000, now: 2) == .behind(needs: 3_616))
        #expect(fleet.renew("a", 3_616, now: 2) == .granted)
        #expect(fleet.renew("a", 3_616, now: 1 + second) == .behind(needs: 20_000))
    }
}

@Suite struct MembershipRestartTests {
    @Test func afterARestartNobodyIsLostBeforeLeaseAndMarginWereWatched() {
        let fleet = Fleet([EdgeRecord(id: "1", instance: "a", applied: 9)], last: 9, now: 100 * second)
        // What the store believes was applied does not count: only what this control hears.
        #expect(!fleet.evaluate(9, now: 100 * second).isDone)
        fleet.published(10, now: 100 * second)
        #expect(!fleet.evaluate(10, now: 106 * second - 1).isDone)
        #expect(fleet.evaluate(10, now: 106 * second).isDone)
    }

    @Test func afterARestartALeaseNeedsWhatTheLogHadWhenControlStarted() {
        // Purge 9 may have been reported done without the edge, less than the lag before the restart.
        let fleet = Fleet([EdgeRecord(id: "1", instance: "a", applied: 8)], last: 9, now: 0)
        #expect(fleet.renew("a", 8, now: 1) == .behind(needs: 9))
        #expect(fleet.renew("a", 9, now: 2) == .granted)
        #expect(fleet.evaluate(9, now: 3).states == ["a": .confirmed])
    }

    @Test func aLogThatWasJustMadeWaitsForEdgesOfAnEarlierOne() {
        let fleet = Fleet(strangers: true, now: 0)
        fleet.published(1, now: second)
        let evaluation = fleet.evaluate(1, now: 6 * second - 1)
        #expect(!evaluation.isDone && evaluation.strangersUntil == 6 * second && evaluation.nextChange == 6 * second)
        #expect(fleet.evaluate(1, now: 6 * second).isDone)
    }

    @Test func supersededAndRemovedInstancesStillCountAfterARestart() {
        let records = [
            EdgeRecord(id: "1", instance: "a", standing: .superseded),
            EdgeRecord(id: "2", instance: "b", standing: .removed),
        ]
        let fleet = Fleet(records, now: 0)
        fleet.published(1, now: 0)
        #expect(fleet.reap(now: 6 * second - 1).isEmpty)
        #expect(!fleet.evaluate(1, now: 6 * second - 1).isDone)
        #expect(fleet.reap(now: 6 * second).count == 2)
        #expect(fleet.evaluate(1, now: 6 * second).isDone)
    }
}

@Suite struct MembershipRegistryTests {
    @Test func aSecondEdgeWithTheSameIdIsRefusedWhileTheFirstRuns() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        fleet.countStream("a", by: 1)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        #expect(!fleet.join("1", "b", now: second))
        // Also when its stream is down for a moment, as after a restart of control.
        fleet.countStream("a", by: -1)
        #expect(!fleet.join("1", "b", now: 2 * second))
        #expect(fleet.renew("a", 0, now: 2 * second) == .granted)
    }

    @Test func afterAKillTheNewInstanceTakesTheIdAndTheOldOneStillCounts() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        fleet.countStream("a", by: 1)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        fleet.countStream("a", by: -1)
        #expect(!fleet.join("1", "b", now: 2 * second))
        #expect(fleet.join("1", "b", now: 3 * second))
        #expect(fleet.renew("b", 0, now: 3 * second) == .granted)
        fleet.published(1, now: 4 * second)
        #expect(fleet.renew("b", 1, now: 4 * second) == .granted)
        // The old process may be alive behind a broken network, serving what it has.
        #expect(fleet.renew("a", 0, now: 4 * second) == .superseded)
        #expect(fleet.evaluate(1, now: 6 * second - 1).states == ["a": .pending, "b": .confirmed])
        #expect(fleet.evaluate(1, now: 6 * second).isDone)
        #expect(fleet.reap(now: 6 * second).map(\.instance) == ["a"])
    }

    @Test func aMachineThatIsGoneWithItsStreamOpenGivesTheIdUpWithItsLease() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        fleet.countStream("a", by: 1)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        #expect(!fleet.join("1", "b", now: 6 * second - 1))
        #expect(fleet.join("1", "b", now: 6 * second))
        #expect(fleet.renew("a", 0, now: 6 * second) == .unknown)
        #expect(fleet.core.members.count == 1)
    }

    @Test func anUpgradesSecondProcessRunsBesideTheFirst() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        #expect(!fleet.join("1", "b", replaces: "other", now: second))
        #expect(fleet.join("1", "b", replaces: "a", now: second))
        fleet.published(1, now: second)
        #expect(fleet.renew("b", 1, now: second) == .granted)
        #expect(fleet.evaluate(1, now: second).states == ["a": .pending, "b": .confirmed])
        #expect(fleet.renew("a", 1, now: 2 * second) == .granted)
        #expect(fleet.evaluate(1, now: 2 * second).isDone)
        #expect(fleet.leave("a")?.standing == .retiring)
        #expect(fleet.core.members.count == 1)
    }

    @Test func leavingEndsTheWait() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        fleet.published(1, now: second)
        #expect(!fleet.evaluate(1, now: second).isDone)
        #expect(fleet.leave("a") != nil)
        #expect(fleet.evaluate(1, now: second).isDone)
        #expect(fleet.renew("a", 1, now: second) == .unknown)
    }

    @Test func aRemovedEdgeIsWaitedForUntilItsLeaseHasEnded() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        fleet.published(1, now: second)
        #expect(fleet.remove(id: "1").map(\.standing) == [.removed])
        #expect(fleet.remove(id: "2").isEmpty)
        #expect(fleet.renew("a", 0, now: second) == .removed)
        #expect(fleet.reap(now: second).isEmpty)
        #expect(!fleet.evaluate(1, now: 6 * second - 1).isDone)
        #expect(fleet.evaluate(1, now: 6 * second).isDone)
    }

    @Test func aRunningEdgeThatWasRemovedMayComeBackButNotShortenItsOldLease() {
        let fleet = Fleet()
        fleet.join("1", "a", now: 0)
        #expect(fleet.renew("a", 0, now: 0) == .granted)
        _ = fleet.remove(id: "1")
        #expect(fleet.join("1", "a", now: second))
        fleet.published(1, now: second)
        #expect(!fleet.evaluate(1, now: 6 * second - 1).isDone)
    }

    @Test func theRegistryIsBounded() {
        let fleet = Fleet()
        for index in 0..<100 { fleet.join("\(index)", "i\(index)", now: 0) }
        #expect(!fleet.join("101", "x", now: 0))
        #expect(fleet.join("5", "i5", now: 0))
    }
}
