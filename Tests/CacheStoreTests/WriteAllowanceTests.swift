import CachePolicy
import NIOCore
import Testing

@testable import CacheStore

@Suite("Admission to disk: the day's bytes, the filter")
struct WriteAllowanceTests {
    private static let hour: Int64 = 3_600_000

    private func admits(_ allowance: inout WriteAllowance, _ waiting: Int, _ now: Int64) -> Bool {
        allowance.admits(waiting: waiting, now: now)
    }

    @Test("over a day no more is admitted than the bound, but for one burst and one record")
    func day() {
        var allowance = WriteAllowance(bytesPerDay: 24_000_000, now: 0)
        var written = 0
        for minute in 0..<Int64(24 * 60) {
            while allowance.admits(waiting: 0, now: minute * 60_000) {
                allowance.spend(70_000)
                written += 70_000
            }
        }
        #expect(written > 23_000_000)
        #expect(written <= 25_000_000 + 70_000)
    }

    @Test("at once no more than an hour's share; what is queued counts; time that goes backwards gives nothing")
    func burst() {
        var allowance = WriteAllowance(bytesPerDay: 24_000_000, now: 0)
        #expect(admits(&allowance, 999_999, 100 * Self.hour) == true)
        #expect(admits(&allowance, 1_000_000, 100 * Self.hour) == false)
        allowance.spend(3_000_000)
        #expect(admits(&allowance, 0, 101 * Self.hour) == false)
        #expect(admits(&allowance, 0, 50 * Self.hour) == false)
        #expect(admits(&allowance, 0, 103 * Self.hour) == true)
    }

    @Test("without a bound everything is admitted")
    func unbounded() {
        var allowance = WriteAllowance(bytesPerDay: nil, now: 0)
        allowance.spend(.max)
        let isAdmitted = allowance.admits(waiting: .max, now: 0)
        #expect(isAdmitted)
    }

    @Test("what is beyond the day's bytes is not written, and counted on its own; memory does not care")
    func store() async throws {
        let fixture = try DiskFixture(writesPerDay: 24 * 100_000)
        try await fixture.run { store in
            for number in 0..<40 {
                store.put("/\(number)", testBytes(10_000, seed: UInt64(number)))
                await store.flush()
            }
            let figures = store.statistics()
            #expect((90_000...120_000).contains(figures.diskBytesWritten))
            #expect(figures.diskBeyondDailyWrites + figures.diskWrites == 40)
            #expect(figures.diskWritesDropped == 0)
            for number in 0..<40 { #expect(store.lookup("/\(number)") != nil) }
            // What is on disk is replaced or dropped all the same: no older bytes stay behind a newer answer.
            store.put("/0", testBytes(10_000, seed: 99))
            await store.flush()
            #expect(store.load("/0") == nil)
        }
    }

    @Test("a body that comes in pieces is refused as well, and what has been begun is finished")
    func streams() async throws {
        let fixture = try DiskFixture(memoryBytes: 2 << 20, diskBytes: 64 << 20, writesPerDay: 24 << 20)
        try await fixture.run { store in
            let bytes = testBytes(3 << 20, seed: 1)
            func begin(_ path: String) -> DiskFill? {
                store.beginDiskFill(
                    store.key(path),
                    head: testHead(length: bytes.count),
                    generation: store.nextGeneration(),
                    mark: store.epochs.mark
                )
            }
            let fill = try #require(begin("/a"))
            #expect(begin("/b") == nil, "the whole length counts from its beginning")
            for start in stride(from: 0, to: bytes.count, by: 64 << 10) {
                let piece = ByteBuffer(bytes: bytes[start..<min(bytes.count, start + 64 << 10)])
                await store.flush()
                #expect(fill.append(piece))
            }
            fill.finish()
            await store.flush()
            #expect(store.isOnDisk(store.key("/a").hash))
            #expect(begin("/c") == nil)
            #expect(store.statistics().diskBeyondDailyWrites == 2)
        }
    }

    @Test("the filter remembers what the disk holds, as far as its share of memory allows")
    func filter() {
        #expect(DiskRules.filterKeys(disk: 16 << 20, memory: 1 << 30) == 1024)
        #expect(DiskRules.filterKeys(disk: 10 << 30, memory: 8 << 30) == 163_840)
        #expect(DiskRules.filterKeys(disk: 10 << 40, memory: 1 << 40) == 4_000_000)
        let tight = DiskRules.filterKeys(disk: 10 << 40, memory: 64 << 20)
        #expect(tight > 100_000 && tight < 400_000)
    }
}
