import NIOConcurrencyHelpers
import Synchronization
import TestSupport
import Testing

@testable import CacheStore

@Suite("Disk maintenance")
struct DiskMaintenanceTests {
    @Test("tasks take turns, one step at a time; the last one runs when the others have ended")
    func turns() async throws {
        let maintenance = DiskMaintenance()
        maintenance.start()
        let log = NIOLockedValueBox<[String]>([])
        for name in ["a", "b"] {
            maintenance.add(after: 0) {
                log.withLockedValue { $0.append(name) }
                return 0
            }
        }
        try await eventually { log.withLockedValue { $0.filter { $0 == "a" }.count > 3 && $0.contains("b") } }
        await maintenance.stop { log.withLockedValue { $0.append("last") } }
        let names = log.withLockedValue { $0 }
        #expect(names.last == "last")
        #expect(names.filter { $0 == "last" }.count == 1)
        #expect(maintenance.isStopping)
        await maintenance.stop()
    }

    @Test("a task that waits is woken, also while its step is under way; stopping waits for nobody's turn")
    func woken() async throws {
        let maintenance = DiskMaintenance()
        maintenance.start()
        let steps = Atomic(0)
        let gate = Gate()
        let task = maintenance.add(after: nil) {
            if steps.wrappingAdd(1, ordering: .relaxed).newValue == 1 { gate.pass() }
            return nil
        }
        maintenance.add(after: 3_600_000) { nil }
        #expect(steps.load(ordering: .relaxed) == 0)
        maintenance.wake(task)
        try await eventually { steps.load(ordering: .relaxed) == 1 }
        maintenance.wake(task)
        gate.open()
        try await eventually { steps.load(ordering: .relaxed) == 2 }
        await maintenance.stop()
    }

    @Test("a checkpoint is counted, with the time at which it was complete and what it took")
    func checkpointFigures() async throws {
        let fixture = try DiskFixture()
        var tier: DiskTier?
        let before = Int(DiskWriter.unixSeconds)
        try await fixture.run { store in
            tier = store.disk
            store.put("/a", [1, 2, 3])
            await store.flush()
        }
        let figures = try #require(tier).statistics
        #expect(figures.checkpoints > 0)
        #expect(figures.checkpointTime >= before && figures.checkpointTime <= Int(DiskWriter.unixSeconds))
        #expect((0..<60_000).contains(figures.checkpointMilliseconds))
    }
}
