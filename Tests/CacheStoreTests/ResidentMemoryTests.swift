import Foundation
import NIOCore
import TestSupport
import Testing

@testable import CacheStore

/// Set in the process that does the measuring.
private let isChild = ProcessInfo.processInfo.environment["APUS_RESIDENT_CHILD"] != nil

@Suite("Resident memory")
struct ResidentMemoryTests {
    /// Resident bytes of this process, as the kernel counts them.
    private func resident() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = try #require(text.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return pages * 4096
    }

    @Test(
        "64 MiB of memory: below 64 MiB × 1.25 + 48 MiB while 20,000 objects of 100 KB pass through, and of mixed sizes"
    )
    func process() async throws {
        // In a process of its own: the other tests' memory is none of the store's.
        let runner = try await ProcessRunner.run(
            "/proc/self/exe",
            ["--filter", "ResidentMemoryTests/child", "--testing-library", "swift-testing"],
            environment: ["APUS_RESIDENT_CHILD": "1"]
        )
        #expect(runner.output.contains("mixed sizes: "), "it has measured")
        #expect(runner.status == .exited(0), "\(runner.output.suffix(2000))")
    }

    @Test("the measuring process", .enabled(if: isChild, "run by the test above"))
    func child() async throws {
        AllocatorTuning.apply()
        let limit = 64 << 20
        let store = try CacheStore.memoryOnly(limit)
        // What the test program itself takes is not the store's; the edge's own share is 48 MiB.
        let first = try resident()
        print("resident at first: \(first >> 20) MiB")
        let allowed = first + limit * 5 / 4 + 8 << 20
        var peak = 0
        let body = testBytes(100_000, seed: 1)
        for number in 0..<20_000 {
            store.put("/\(number)", body)
            if number % 100 == 0 { peak = max(peak, try resident()) }
        }
        #expect(store.budget.used <= limit)
        #expect(store.memory.totals.count > 600, "the budget is used")
        print("resident peak with objects of one size: \(peak >> 20) MiB")
        #expect(peak < allowed)
        var random = SplitMix(state: 1)
        peak = 0
        for number in 0..<20_000 {
            // 1 KB to 4 MB, the smaller the more.
            let size = 1000 << (1 + random.next() % 4095).trailingZeroBitCount + Int(random.next() % 60_000)
            store.put("/m\(number)", Array(repeating: 7, count: size))
            if number % 100 == 0 { peak = max(peak, try resident()) }
        }
        print("resident peak with mixed sizes: \(peak >> 20) MiB")
        print("held: \(store.memory.totals)")
        #expect(peak < allowed)
    }
}
