import ArgumentParser
import CacheStore
import CachingRules
import Dispatch
import Foundation
import HTTPWire
import Logging
import NIOCore
import Synchronization

/// `store-bench churn`: fills and hits as an edge makes them, until so many bytes have been filled. Prints what the process
/// had resident, what it cost, and how much was done, as JSON. Meant for comparing allocators: preload one, or do not.
struct ChurnCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "churn",
        abstract: "Fills and hits with mixed sizes, and what is resident meanwhile."
    )

    @Option(help: "The store's budget, in MiB.")
    var budget = 1024

    @Option(help: "Bytes to fill in all, in GB.")
    var fill = 30.0

    @Option(help: "Threads that ask.")
    var threads = 4

    @Option(help: "Objects that there are; 0: as many as take ten times the budget.")
    var objects = 0

    @Option(help: "The popularity's exponent (Zipf).")
    var skew = 0.9

    @Option(help: "Bodies that each thread still holds after it has been answered with them, as slow clients do.")
    var held = 16

    @Flag(help: "Leave the allocator as it is.")
    var untuned = false

    func run() throws {
        if !untuned { AllocatorTuning.apply() }
        let logger = Logger(label: "bench")
        let store = try CacheStore(CacheStoreConfiguration(memoryBytes: budget << 20), logger: logger)
        let sizes = Sizes()
        let count = objects > 0 ? objects : (budget << 20) / Sizes.mean * 10
        let popularity = Popularity(count: count, skew: skew)
        let goal = Int(fill * 1e9)
        let filled = Atomic(0)
        let running = Atomic(threads)
        let totals = Mutex(Totals())
        var watch = ResidentWatch()
        for thread in 0..<threads {
            let held = held
            Thread {
                var client = Client(store, sizes, popularity, held: held, seed: UInt64(thread + 1))
                while filled.load(ordering: .relaxed) < goal {
                    filled.wrappingAdd(client.ask(), ordering: .relaxed)
                }
                let done = client.totals
                totals.withLock { $0.add(done) }
                running.wrappingSubtract(1, ordering: .releasing)
            }
            .start(stackBytes: 1 << 20)
        }
        while running.load(ordering: .acquiring) > 0 {
            Thread.sleep(forTimeInterval: 0.02)
            watch.look(progress: Double(filled.load(ordering: .relaxed)) / Double(goal), store: store)
        }
        let done = totals.withLock { $0 }
        print(try watch.report(done, budget: budget << 20, store: store))
    }
}

extension Thread {
    fileprivate func start(stackBytes: Int) {
        stackSize = stackBytes
        start()
    }
}

/// What the clients have done. A value.
struct Totals: Sendable {
    var requests = 0
    var hits = 0
    var fills = 0
    var refused = 0
    var filledBytes = 0

    mutating func add(_ other: Totals) {
        requests += other.requests
        hits += other.hits
        fills += other.fills
        refused += other.refused
        filledBytes += other.filledBytes
    }
}

/// Lognormal, 1 KB to 4 MB; an object's number says its size. A value without state.
struct Sizes: Sendable {
    /// About what they are on average, in bytes.
    static let mean = 100_000

    func size(of object: Int) -> Int {
        var random = Mixer(state: UInt64(object) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
        let (first, second) = (random.unit(), random.unit())
        let normal = (-2 * log(first)).squareRoot() * cos(2 * .pi * second)
        return Int(min(4_000_000, max(1000, 25_000 * exp(1.7 * normal))))
    }
}

/// Zipf by the inverse of its sum. An immutable snapshot.
final class Popularity: Sendable {
    private let sums: [Double]

    init(count: Int, skew: Double) {
        var sum = 0.0
        sums = (1...max(1, count)).map { rank in
            sum += pow(Double(rank), -skew)
            return sum
        }
    }

    func object(_ unit: Double) -> Int {
        let wanted = unit * (sums.last ?? 0)
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// SplitMix64. A value.
struct Mixer: Sendable {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// In (0, 1].
    mutating func unit() -> Double { (Double(next() >> 11) + 1) / 9_007_199_254_740_992 }
}

/// One thread's requests. A value, moved into its thread.
struct Client {
    private let store: CacheStore
    private let sizes: Sizes
    private let popularity: Popularity
    private var random: Mixer
    /// Bodies that clients are still being sent, and the next of them to be let go of.
    private var held: [Resource?]
    private var turn = 0
    private(set) var totals = Totals()

    init(_ store: CacheStore, _ sizes: Sizes, _ popularity: Popularity, held: Int, seed: UInt64) {
        self.store = store
        self.sizes = sizes
        self.popularity = popularity
        self.held = Array(repeating: nil, count: max(1, held))
        random = Mixer(state: seed)
    }

    /// One request; returns the bytes that were filled.
    mutating func ask() -> Int {
        let object = popularity.object(random.unit())
        let key = store.key(site: "site", path: "/assets/object-\(object)")
        totals.requests += 1
        turn = (turn + 1) % held.count
        if let found = store.lookup(hash: key.hash, key: key.bytes.span) {
            totals.hits += 1
            held[turn] = found
            return 0
        }
        return fill(key, sizes.size(of: object))
    }

    private mutating func fill(_ key: CacheKey, _ size: Int) -> Int {
        let (generation, mark) = (store.nextGeneration(), store.epochs.mark)
        totals.filledBytes += size
        guard let reserved = store.reserve(size) else {
            totals.refused += 1
            return size
        }
        totals.fills += 1
        var pieces: [ByteBuffer] = []
        var left = size
        while left > 0 {
            // What one read from the origin's socket gives.
            let count = min(left, 8_192 << Int(random.next() % 4))
            let part = ByteBuffer(repeating: UInt8(truncatingIfNeeded: left), count: count)
            pieces += reserved.append(part)
            left -= count
        }
        var fields = FieldList()
        fields.append(.contentType, "application/octet-stream")
        fields.append(.etag, "\"\(generation)\"")
        let head = StoredHead(
            status: 200,
            fields: fields,
            freshness: Freshness(lifetime: 86_400, correctedInitialAge: 0, responseTime: 1_700_000_000),
            bodyLength: UInt64(size)
        )
        let form = Representation(generation: generation, mark: mark, head: head, body: reserved.body())
        let outcome = store.insert(form, key: key, reserved: reserved)
        held[turn] = outcome.resource
        return size
    }
}

/// What was resident, as the kernel counts it. A value.
struct ResidentWatch {
    private let first = Self.resident()
    private var peak = 0
    private var mostUsed = 0
    private var mostPinned = 0
    private var mostMappings = 0
    private var looks = 0
    /// By tenths of the way, the highest in each.
    private var tenths = [Int](repeating: 0, count: 10)
    private let began = DispatchTime.now().uptimeNanoseconds

    mutating func look(progress: Double, store: CacheStore) {
        let now = Self.resident()
        peak = max(peak, now)
        let tenth = min(9, max(0, Int(progress * 10)))
        tenths[tenth] = max(tenths[tenth], now)
        let figures = store.statistics()
        mostUsed = max(mostUsed, figures.memoryUsedBytes)
        mostPinned = max(mostPinned, figures.memoryPinnedBytes)
        looks += 1
        if looks % 50 == 0 { mostMappings = max(mostMappings, Self.mappings()) }
    }

    func report(_ totals: Totals, budget: Int, store: CacheStore) throws -> String {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let final = Self.resident()
        let secondHalf = tenths[5...]
        let bound = budget + budget * 15 / 100 + 64 << 20
        let report = Report(
            preload: ProcessInfo.processInfo.environment["LD_PRELOAD"] ?? "",
            budgetMiB: budget >> 20,
            firstMiB: first >> 20,
            peakMiB: peak >> 20,
            finalMiB: final >> 20,
            boundMiB: (budget * 115 / 100 + 64 << 20) >> 20,
            isWithinBound: peak <= bound,
            tenthsMiB: tenths.map { $0 >> 20 },
            growthInSecondHalf: Double((secondHalf.max() ?? 0) - tenths[5]) / Double(max(1, tenths[5])),
            mostUsedMiB: mostUsed >> 20,
            mostPinnedMiB: mostPinned >> 20,
            mappings: mostMappings,
            userSeconds: seconds(usage.ru_utime),
            systemSeconds: seconds(usage.ru_stime),
            seconds: Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9,
            requests: totals.requests,
            hits: totals.hits,
            fills: totals.fills,
            refused: totals.refused,
            filledGB: Double(totals.filledBytes) / 1e9
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(report), as: UTF8.self)
    }

    private struct Report: Encodable {
        var preload: String
        var budgetMiB, firstMiB, peakMiB, finalMiB, boundMiB: Int
        var isWithinBound: Bool
        var tenthsMiB: [Int]
        var growthInSecondHalf: Double
        var mostUsedMiB, mostPinnedMiB, mappings: Int
        var userSeconds, systemSeconds, seconds: Double
        var requests, hits, fills, refused: Int
        var filledGB: Double
    }

    private static func resident() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 4096 } ?? 0
    }

    private static func mappings() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
        return text.utf8.count { $0 == 10 }
    }
}
