import Foundation
import Glibc
import HTTPWire
import NIOConcurrencyHelpers
import Testing

@testable import CacheStore

/// A run of inserts, freshenings, invalidations, evictions and checkpoints that ends, or meets a refusal, at any of its calls.
/// The ordinary suite takes a sample of them, APUS_LONG all.
@Suite("Disk tier, crashing at any call", .serialized)
struct CrashTests {
    private static let isLong = ProcessInfo.processInfo.environment["APUS_LONG"] != nil

    /// Runs that go on from one another, the first of which fills the disk; each is played on its own with faults.
    private static let played = Task { try await play() }

    private func legs() async throws -> [(start: CrashRun.Start, run: CrashRun)] { try await Self.played.value }

    private static func play() async throws -> [(start: CrashRun.Start, run: CrashRun)] {
        var start = CrashRun.Start(disk: ModelDisk(), known: CrashRun.Known(), random: SplitMix(state: 20_261_124))
        var legs: [(CrashRun.Start, CrashRun)] = []
        for number in 0..<(isLong ? 15 : 3) {
            var run = try #require(try await CrashRun(start, keepsCalls: true))
            await run.play(number == 0 ? 120 : 64, size: number == 0 ? 250_000 : 60_000)
            if number % 2 == 1 { await run.checkpoint() }
            await run.stop()
            legs.append((start, run))
            start = run.next
        }
        return legs
    }

    private struct Tally {
        var calls = 0
        var checks = 0
        var problems: [String] = []

        mutating func add(_ found: [String], _ where: String) {
            checks += 1
            problems += found.map { "\(`where`): \($0)" }
        }
    }

    /// Kills and power losses before every call, or a sample of them.
    private func crashes(
        _ legs: ArraySlice<(start: CrashRun.Start, run: CrashRun)>,
        every: Int,
        from first: Int = 0,
        forgets: (ModelDisk, ModelDisk.Call) -> Bool = { _, _ in false }
    ) async -> Tally {
        var tally = Tally()
        var random = SplitMix(state: 5)
        for (number, leg) in zip(legs.indices, legs) {
            var disk = leg.start.disk
            let calls = leg.run.io.calls
            for call in 0...calls.count {
                if (call + first) % every == 0 {
                    let expected = leg.run.expectation(before: call, losingPower: false)
                    var killed = disk
                    if call < calls.count, random.next() % 2 == 0,
                        case .write(let file, let at, let bytes) = calls[call]
                    {
                        let count = Int(random.next() % UInt64(bytes.count + 1))
                        killed.apply(.write(file, offset: at, bytes: Array(bytes[..<count])))
                    }
                    let place = "leg \(number), call \(call)"
                    tally.add(await CrashRun.check(killed, expected), place + ", killed")
                    if call % (3 * every) == 0 {
                        killed.apply(.remove(CrashRun.folder + "/checkpoint"))
                        tally.add(await CrashRun.check(killed, expected), place + ", killed, the log alone")
                    }
                    let lost = disk.afterPowerLoss(&random)
                    let promised = leg.run.expectation(before: call, losingPower: true)
                    tally.add(await CrashRun.check(lost, promised), place + ", without power")
                }
                guard call < calls.count else { break }
                tally.calls += 1
                if !forgets(disk, calls[call]) { disk.apply(calls[call]) }
            }
        }
        return tally
    }

    @Test("killed or without power before any call: what is served is what was stored last and was not invalidated")
    func crashes() async throws {
        let legs = try await legs()
        let tally = await crashes(legs[1...], every: Self.isLong ? 1 : 29)
        print("crashes: \(tally.calls) calls, \(tally.checks) restarts, \(tally.problems.count) problems")
        #expect(tally.problems.isEmpty, "\(tally.problems.prefix(8))")
        #expect(legs.contains { $0.run.store.statistics().diskSegmentsReclaimed > 0 })
        #expect(legs.contains { $0.run.checkpointer.completed > 0 })
    }

    @Test("a disk that says that it has synced segments, and has not, is found out")
    func forgottenSyncs() async throws {
        let legs = try await legs()
        let tally = await crashes(legs[1...], every: Self.isLong ? 7 : 29) { disk, call in
            guard case .sync(let file) = call else { return false }
            return disk.names.contains { $0.value == file && $0.key.contains("segment") }
        }
        #expect(!tally.problems.isEmpty)
    }

    @Test(
        "short, EIO or ENOSPC at any call: the run goes on, and what is served after a kill or a power loss is right",
        arguments: ["short", "EIO", "ENOSPC"]
    )
    func faults(kind: String) async throws {
        let legs = try await legs()
        var tally = Tally()
        var random = SplitMix(state: 9)
        let every = Self.isLong ? 1 : 97
        for (number, leg) in zip(legs.indices, legs).dropFirst() {
            for call in 0..<leg.run.io.calls.count where call % every == kind.utf8.count % every {
                let fault: ModelIO.Fault = kind == "short" ? .short : .refuse(kind == "EIO" ? EIO : ENOSPC)
                tally.calls += 1
                let place = "leg \(number), \(kind) at \(call)"
                guard var run = try await CrashRun(leg.start, fault: (call, fault)) else {
                    // It has not started; the next start must.
                    let expected = leg.run.expectation(before: 0, losingPower: false)
                    tally.add(await CrashRun.check(leg.start.disk, expected, looksForPresent: false), place)
                    continue
                }
                await run.play(64)
                if call % 2 == 0 { await run.checkpoint() }
                let end = run.io.count
                let losesPower = call % 3 == 0
                var disk = run.io.disk
                await run.stop()
                if losesPower { disk = disk.afterPowerLoss(&random) }
                let expected = run.expectation(before: end, losingPower: losesPower)
                tally.add(await CrashRun.check(disk, expected), place + (losesPower ? ", without power" : ", killed"))
            }
        }
        print("\(kind): \(tally.calls) faults, \(tally.problems.count) problems")
        #expect(tally.problems.isEmpty, "\(tally.problems.prefix(8))")
    }

    @Test(
        "a random byte of a segment or of the checkpoint is another one: never served wrong, and every start succeeds"
    )
    func flips() async throws {
        let start = CrashRun.Start(disk: ModelDisk(), known: CrashRun.Known(), random: SplitMix(state: 77))
        var run = try #require(try await CrashRun(start))
        await run.play(150, size: 30_000)
        await run.checkpoint()
        await run.play(10, size: 30_000)
        await run.stop()
        let disk = run.io.disk
        var expected = run.expectation(before: run.io.count, losingPower: false)
        // A head that is lost with what stood before it in its segment leaves the one before: the body is the same.
        for (path, items) in expected.known.histories {
            let body = items.last.flatMap { $0?.split(separator: ".").first }
            expected.first[path] = items.firstIndex { $0?.split(separator: ".").first == body } ?? 0
        }
        let files = disk.names.filter { $0.key.contains("segment-") || $0.key.hasSuffix("/checkpoint") }
        #expect(files.contains { $0.key.hasSuffix("/checkpoint") })
        var random = SplitMix(state: 3)
        var tally = Tally()
        for _ in 0..<(Self.isLong ? 1000 : 100) {
            // Every other one where headers, heads and entries are dense: in the checkpoint, or in a segment's first bytes.
            let (path, file) = files.sorted { $0.key < $1.key }[Int(random.next() % UInt64(files.count))]
            guard let bytes = disk.files[file]?.bytes, !bytes.isEmpty else { continue }
            let place = Int(random.next() % UInt64(random.next() % 2 == 0 ? bytes.count : min(bytes.count, 4096)))
            let other = bytes[place] ^ UInt8(1 + random.next() % 255)
            var damaged = disk
            damaged.apply(.write(file, offset: place, bytes: [other]))
            tally.add(await CrashRun.check(damaged, expected, looksForPresent: false), "\(path) at \(place)")
        }
        print("flips: \(tally.checks), \(tally.problems.count) problems")
        #expect(tally.problems.isEmpty, "\(tally.problems.prefix(8))")
    }

    @Test("a newer head was on its way when a checkpoint was taken, and was never written: the form is not served")
    func pendingHead() async throws {
        let io = ModelIO(ModelDisk())
        let store = try CrashRun.open(io)
        let tier = try #require(store.disks.tiers.first)
        await tier.maintenance.stop()
        let generation = try #require(store.put("/a", [1, 2, 3]).resource).identity.generation
        store.put("/b", [4])
        await tier.drain()
        let checkpointer = DiskCheckpointer(tier: tier)
        let killed = NIOLockedValueBox<ModelDisk?>(nil)
        io.interrupt {
            try? checkpointer.begin()
            while (try? checkpointer.advance()) == false {}
            killed.withLockedValue { $0 = io.disk }
        }
        let head = testHead(length: 3, etag: "\"newer\"")
        #expect(store.freshen(store.key("/a"), generation: generation, head: head, mark: store.epochs.mark) != nil)
        await tier.drain()
        await store.disks.close(abruptly: true)
        for (disk, isServed) in [(try #require(killed.withLockedValue { $0 }), false), (io.disk, true)] {
            let again = try CrashRun.open(ModelIO(disk))
            let served = again.load("/a")?.identity.head.etag?.opaque
            #expect(served == (isServed ? "newer" : nil))
            #expect(again.load("/b")?.identity.bytes == [4])
            await again.disks.close(abruptly: true)
        }
    }
}
