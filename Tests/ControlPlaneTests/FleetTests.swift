import HTTPClient
import HTTPWire
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import ControlPlane

/// Control and edges' agents over real sockets.
@Suite struct FleetTests {
    @Test func aPurgeIsConfirmedByEveryEdgeWithItsTime() async throws {
        try await withControl { control in
            let one = control.edge("edge-1")
            let two = control.edge("edge-2")
            try await one.ready()
            try await two.ready()
            let purge = try await control.control().purge([try .init(url: "http://h/app.css")])
            let report = try await control.control().wait(for: purge, mode: .all, timeout: .seconds(10))
            #expect(report.outcome == .done)
            let edges = report.status.edges ?? []
            #expect(edges.map(\.id) == ["edge-1", "edge-2"])
            #expect(edges.allSatisfy { $0.state == .confirmed && ($0.milliseconds ?? -1) > 0 })
            // Confirmed means applied: nothing is to be waited for now.
            #expect(one.numbers == [1] && two.numbers == [1])
            let list = try await control.control().edges()
            #expect(
                list.edges.map(\.state) == ["ready", "ready"]
                    && list.edges.allSatisfy { $0.applied == 1 && $0.following }
            )
            // The proof outlives the process.
            await control.stopServer()
            try await control.startServer()
            let later = try await control.control().status(of: 1)
            #expect(later.edges?.map(\.milliseconds) == edges.map(\.milliseconds))
            await one.agent.leave()
            await two.agent.leave()
            #expect(try await control.control().edges().edges.isEmpty)
        }
    }

    @Test func everyEdgeAppliesEveryPurgeOnceAndInOrder() async throws {
        try await withControl { control in
            let edges = (1...3).map { control.edge("edge-\($0)") }
            for edge in edges { try await edge.ready() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        for index in 0..<50 {
                            _ = try await control.control().purge([.site(host: "h\(worker)-\(index)")])
                        }
                    }
                }
                try await group.waitForAll()
            }
            let last = ControlAPI.PurgeAccepted(number: 200, log: try await control.control().edges().log)
            #expect(try await control.control().wait(for: last, mode: .all, timeout: .seconds(20)).outcome == .done)
            for edge in edges { #expect(edge.numbers == Array(1...200)) }
            for edge in edges { await edge.agent.leave() }
        }
    }

    @Test func anEdgeThatDoesNotConfirmIsNamedWhenTheTimeIsUp() async throws {
        try await withControl(ControlHarness.configuration(lease: 30)) { control in
            let gate = Latch()
            let good = control.edge("edge-good")
            let stuck = control.edge("edge-stuck", gate: gate)
            try await good.ready()
            try await stuck.ready()
            let purge = try await control.control().purge([.all])
            let report = try await control.control().wait(for: purge, mode: .all, timeout: .milliseconds(500))
            #expect(report.outcome == .timedOut)
            #expect(report.pending.map(\.id) == ["edge-stuck"])
            #expect(report.sentence == "Purge 1 is not confirmed by edge-stuck.")
            gate.open()
            #expect(try await control.control().wait(for: purge, mode: .all, timeout: .seconds(20)).outcome == .done)
            await good.agent.leave()
            await stuck.agent.leave()
        }
    }

    @Test func anEdgeThatIsStuckLosesItsLeaseAndMustCatchUpBeforeItGetsOneAgain() async throws {
        try await withControl { control in
            let gate = Latch()
            let stuck = control.edge("edge-stuck", gate: gate)
            try await stuck.ready()
            #expect(stuck.agent.lease.mayServeWithoutRevalidation)
            let purge = try await control.control().purge([.all])
            let report = try await control.control().wait(for: purge, mode: .all, timeout: .seconds(20))
            // The promise: at the moment of "done" the edge that did not apply it asks the origin first.
            #expect(!stuck.agent.lease.mayServeWithoutRevalidation)
            #expect(report.outcome == .done && report.status.edges?.map(\.state) == [.leaseLost])
            #expect(stuck.agent.status.isReady, "an edge without control goes on serving")
            gate.open()
            try await eventually("the lease is back") { stuck.agent.lease.mayServeWithoutRevalidation }
            #expect(stuck.numbers == [1])
            // The proof stays what it was.
            #expect(try await control.control().status(of: 1).edges?.map(\.state) == [.leaseLost])
            await stuck.agent.leave()
        }
    }

    @Test func anEdgeThatServesWithoutControlIsWaitedForUntilTheOperatorRemovesIt() async throws {
        try await withControl(ControlHarness.configuration(lease: 0.3)) { control in
            let edge = control.edge("edge-1", rule: .serve)
            try await edge.ready()
            #expect(edge.agent.lease.mayServeWithoutRevalidation)
            await edge.kill()
            let purge = try await control.control().purge([.all])
            let report = try await control.control().wait(for: purge, mode: .all, timeout: .seconds(1))
            #expect(report.outcome == .timedOut && report.pending.map(\.id) == ["edge-1"])
            try await control.control().removeEdge("edge-1")
            let after = try await control.control().wait(for: purge, mode: .all, timeout: .seconds(10))
            #expect(after.outcome == .done && after.status.edges?.map(\.state) == [.removed])
        }
    }

    @Test func leavingEndsTheWaitAtOnce() async throws {
        try await withControl(ControlHarness.configuration(lease: 30)) { control in
            let gate = Latch()
            let edge = control.edge("edge-1", gate: gate)
            try await edge.ready()
            let purge = try await control.control().purge([.all])
            async let report = control.control().wait(for: purge, mode: .all, timeout: .seconds(20))
            try await eventually("the edge is asked") { gate.waiters == 1 }
            await edge.agent.leave()
            #expect(!edge.agent.lease.mayServeWithoutRevalidation)
            let result = try await report
            #expect(result.outcome == .done && result.status.edges?.map(\.state) == [.left])
            #expect(try await control.control().edges().edges.isEmpty)
        }
    }

    @Test func waitingForAQuorumOrForNothing() async throws {
        try await withControl(ControlHarness.configuration(lease: 30)) { control in
            let gate = Latch()
            let edges = [control.edge("1"), control.edge("2"), control.edge("3", gate: gate)]
            for edge in edges { try await edge.ready() }
            let purge = try await control.control().purge([.all])
            let none = try await control.control().wait(for: purge, mode: .none, timeout: .seconds(20))
            #expect(none.outcome == .accepted || none.outcome == .done)
            let quorum = try await control.control().wait(for: purge, mode: .quorum, timeout: .seconds(20))
            #expect(quorum.outcome == .quorum && quorum.pending.map(\.id).contains("3"))
            gate.open()
            for edge in edges { await edge.agent.leave() }
        }
    }

    @Test func aLogThatWasJustMadeWaitsForEdgesOfAnEarlierOne() async throws {
        let clock = ManualClock()
        let configuration = ControlHarness.configuration(lease: 5, strangers: true)
        try await withControl(configuration, clock: clock) { (control) async throws in
            #expect(try await control.control().purge([.all]).number == 1)
            clock.set(5_199_000_000)
            let early = try await control.control().status(of: 1)
            #expect(!early.done && early.strangersSeconds == 0.001)
            clock.set(5_200_000_000)
            #expect(try await control.control().status(of: 1).done)
        }
    }

    @Test func aWaitThatEndsForStrangersSaysSo() async throws {
        let configuration = ControlHarness.configuration(lease: 30, strangers: true)
        try await withControl(configuration) { control in
            let purge = try await control.control().purge([.all])
            let report = try await control.control().wait(for: purge, mode: .all, timeout: .milliseconds(50))
            #expect(report.outcome == .timedOut && report.pending.isEmpty)
            #expect(report.sentence.contains("log is new"))
        }
    }
}

@Suite struct RestartTests {
    @Test func afterARestartOfControlTheEdgesGoOnWithoutGapOrDuplicate() async throws {
        try await withControl { control in
            let edges = [control.edge("edge-1"), control.edge("edge-2")]
            for edge in edges { try await edge.ready() }
            for _ in 0..<5 { _ = try await control.control().purge([.all]) }
            await control.stopServer()
            try await eventually("the edges notice") { edges.allSatisfy { !$0.agent.status.isFollowing } }
            try await eventually("the leases end") { edges.allSatisfy { !$0.agent.lease.mayServeWithoutRevalidation } }
            #expect(edges.allSatisfy { $0.agent.status.isReady })
            try await control.startServer()
            try await eventually("they are back") {
                edges.allSatisfy { $0.agent.status.isFollowing && $0.agent.lease.mayServeWithoutRevalidation }
            }
            for _ in 0..<5 { _ = try await control.control().purge([.all]) }
            let last = try await control.control().purge([.site(host: "last")])
            let report = try await control.control().wait(for: last, mode: .all, timeout: .seconds(20))
            #expect(report.outcome == .done && report.status.edges?.map(\.state) == [.confirmed, .confirmed])
            for edge in edges {
                #expect(edge.numbers == Array(1...11))
                #expect(edge.resets.count == 1, "once, when it had no place in the log yet")
                await edge.agent.leave()
            }
        }
    }

    @Test func shutdownsUnderAStreamOfNewConnectionsEndCleanly() async throws {
        try await withControl { control in
            let asking = (0..<16).map { _ in
                Task {
                    while !Task.isCancelled {
                        // A client of its own each time: each request is a new connection.
                        let client = HTTPClient(group: MultiThreadedEventLoopGroup.singleton)
                        let api = ControlClient(
                            endpoint: control.endpoint,
                            token: TestToken.bearer,
                            client: client
                        )
                        _ = try? await api.edges()
                        await client.shutdown()
                    }
                }
            }
            for _ in 0..<10 {
                try await Task.sleep(for: .milliseconds(20))
                try await within(.seconds(10), "the shutdown") { await control.stopServer() }
                try await control.startServer()
            }
            for task in asking { task.cancel() }
            for task in asking { await task.value }
        }
    }

    @Test func aWaitGoesOnWhileControlRestarts() async throws {
        try await withControl(ControlHarness.configuration(lease: 30)) { control in
            let gate = Latch()
            let edge = control.edge("edge-1", gate: gate)
            try await edge.ready()
            let purge = try await control.control().purge([.all])
            async let report = control.control().wait(for: purge, mode: .all, timeout: .seconds(30))
            try await eventually("the edge is asked") { gate.waiters == 1 }
            await control.stopServer()
            try await control.startServer()
            gate.open()
            #expect(try await report.outcome == .done)
            #expect(edge.numbers == [1])
            await edge.agent.leave()
        }
    }

    @Test func anotherLogHasEverythingRevalidated() async throws {
        try await withControl { control in
            let edge = control.edge("edge-1")
            try await edge.ready()
            for _ in 0..<3 { _ = try await control.control().purge([.all]) }
            try await eventually("they are applied") { edge.numbers == [1, 2, 3] }
            let old = try await control.control().edges().log
            await control.stopServer()
            try await control.startServer(database: "new.sqlite")
            let purge = try await control.control().purge([.all])
            try await eventually("the edge is told") { edge.resets.count == 2 }
            let new = try await control.control().edges().log
            #expect(new != old && edge.resets.last?.log == new)
            #expect(try await control.control().wait(for: purge, mode: .all, timeout: .seconds(20)).outcome == .done)
            try await eventually("it follows the new log") {
                edge.agent.status.log == new && edge.agent.status.applied == 1
            }
            await edge.agent.leave()
        }
    }

    @Test func aPositionThatTheLogDoesNotHaveIsNotBelieved() async throws {
        try await withControl { control in
            let first = control.edge("edge-1")
            try await first.ready()
            _ = try await control.control().purge([.all])
            try await eventually("it is applied") { first.numbers == [1] }
            let position = try #require(first.notes.withLockedValue { $0.position })
            await first.agent.leave()
            // The same log, the same number, another entry: a database restored from a copy and used since.
            var other = position
            other.mark = "another"
            let restored = control.edge("edge-1", position: other)
            try await restored.ready()
            #expect(restored.resets == [position])
            await restored.agent.leave()
            // Beyond the end: the tail of the log is lost.
            let ahead = control.edge("edge-1", position: LogPosition(log: position.log, number: 5))
            try await ahead.ready()
            #expect(ahead.resets == [position])
            await ahead.agent.leave()
            let same = control.edge("edge-1", position: position)
            try await same.ready()
            #expect(same.resets.isEmpty && same.numbers.isEmpty)
            await same.agent.leave()
        }
    }

    @Test func anEdgeThatWasAwayCatchesUpBeforeItIsReady() async throws {
        try await withControl { control in
            let first = control.edge("edge-1")
            try await first.ready()
            let position = try #require(first.notes.withLockedValue { $0.position })
            await first.agent.leave()
            for _ in 0..<30 { _ = try await control.control().purge([.all]) }
            let gate = Latch()
            let second = control.edge("edge-1", position: position, gate: gate)
            try await eventually("it begins to catch up") { gate.waiters == 1 }
            #expect(!second.agent.status.isReady && !second.agent.lease.mayServeWithoutRevalidation)
            gate.open()
            try await second.ready()
            #expect(second.numbers == Array(1...30))
            await second.agent.leave()
        }
    }

    @Test func anEdgeStartsWithoutControlAndRegistersWhenItComes() async throws {
        try await withControl { control in
            await control.stopServer()
            let edge = control.edge("edge-1")
            try await eventually("it has tried") { edge.agent.status.problem?.contains("not reachable") == true }
            #expect(!edge.agent.status.isReady && !edge.agent.lease.mayServeWithoutRevalidation)
            try await control.startServer()
            try await edge.ready()
            await edge.agent.leave()
        }
    }
}

@Suite struct RegistryTests {
    @Test func aSecondEdgeWithTheSameIdIsRefusedUntilTheFirstLeaves() async throws {
        try await withControl { control in
            let first = control.edge("edge-1")
            try await first.ready()
            let second = control.edge("edge-1")
            try await eventually("it is refused") {
                second.agent.status.problem?.contains("Edge edge-1 is already running at 127.0.0.1:80") == true
            }
            #expect(!second.agent.lease.mayServeWithoutRevalidation)
            #expect(first.agent.lease.mayServeWithoutRevalidation)
            await first.agent.leave()
            try await second.ready()
            await second.agent.leave()
        }
    }

    @Test func afterAKillTheSameIdComesBackWithANewInstance() async throws {
        try await withControl { control in
            let first = control.edge("edge-1")
            try await first.ready()
            await first.kill()
            let second = control.edge("edge-1")
            try await second.ready()
            let purge = try await control.control().purge([.all])
            let report = try await control.control().wait(for: purge, mode: .all, timeout: .seconds(20))
            #expect(report.outcome == .done)
            // When the old instance still counted, the purge has waited for its lease.
            let old = report.status.edges?.filter { $0.instance == first.agent.configuration.instance } ?? []
            #expect(old.allSatisfy { $0.state == .leaseLost })
            #expect(!first.agent.lease.mayServeWithoutRevalidation)
            try await eventually("the old one is forgotten") {
                try await control.control().edges().edges.map(\.instance) == [second.agent.configuration.instance]
            }
            await second.agent.leave()
        }
    }

    @Test func anEdgeThatIsRemovedWhileItRunsRegistersAgain() async throws {
        try await withControl { control in
            let edge = control.edge("edge-1")
            try await edge.ready()
            let before = edge.agent.status.streams
            try await control.control().removeEdge("edge-1")
            try await eventually("it is back") {
                try await control.control().edges().edges.map(\.state) == ["ready"]
                    && edge.agent.status.streams > before
            }
            await edge.agent.leave()
        }
    }

    @Test func aSilentEdgeCanBeRemoved() async throws {
        try await withControl { control in
            let edge = control.edge("edge-1")
            try await edge.ready()
            await edge.kill()
            try await eventually("its lease is lost") {
                try await control.control().edges().edges.map(\.state) == ["lease_lost"]
            }
            try await control.control().removeEdge("edge-1")
            #expect(try await control.control().edges().edges.isEmpty)
            let error = await #expect(throws: ControlClientError.self) {
                try await control.control().removeEdge("edge-1")
            }
            #expect(error?.kind == .refused(.notFound))
        }
    }

    @Test func theStreamsEndIsSeenAtOnce() async throws {
        try await withControl(ControlHarness.configuration(lease: 30)) { control in
            let edge = control.edge("edge-1")
            try await edge.ready()
            try await eventually { try await control.control().edges().edges.first?.following == true }
            await edge.kill()
            try await eventually(within: .seconds(5)) {
                try await control.control().edges().edges.first?.following == false
            }
        }
    }
}
