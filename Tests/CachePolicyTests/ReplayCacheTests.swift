import Foundation
import Testing

@testable import CachePolicy

/// Where the traces lie, if anywhere: the folder that the environment variable APUS_TRACES names.
private let traces = ProcessInfo.processInfo.environment["APUS_TRACES"]

@Suite("Replay of a trace")
struct ReplayCacheTests {
    @Test("an object larger than the capacity bypasses and throws nothing out")
    func bypass() {
        var cache = ReplayCache(capacityBytes: 100)
        let seen1 = cache.request(key: 1, size: 60)
        #expect(!seen1)
        let seen2 = cache.request(key: 2, size: 101)
        #expect(!seen2)
        let seen3 = cache.request(key: 1, size: 60)
        #expect(seen3)
        #expect(cache.evictions == 0)
        #expect(cache.heldBytes == 60)
    }

    @Test("a (key, size) pair is an object")
    func pairs() {
        var cache = ReplayCache(capacityBytes: 100)
        let seen4 = cache.request(key: 1, size: 10)
        #expect(!seen4)
        let seen5 = cache.request(key: 1, size: 11)
        #expect(!seen5)
        let seen6 = cache.request(key: 1, size: 10)
        #expect(seen6)
        let seen7 = cache.request(key: 1, size: 11)
        #expect(seen7)
        #expect(cache.objectHitRatio == 0.5)
        #expect(cache.byteHitRatio == 0.5)
    }

    @Test("room is made from the least recently used end, and the capacity is never exceeded")
    func capacity() {
        var cache = ReplayCache(capacityBytes: 100)
        cache.request(key: 1, size: 40)
        cache.request(key: 2, size: 40)
        cache.request(key: 1, size: 40)
        cache.request(key: 3, size: 30)
        #expect(cache.heldBytes == 70)
        let seen8 = cache.request(key: 1, size: 40)
        #expect(seen8)
        let seen9 = cache.request(key: 2, size: 40)
        #expect(!seen9)
    }

    /// Hit ratios in percent, by cache size in percent of the trace's unique bytes, as two other simulators give them.
    struct Expected: Sendable, CustomTestStringConvertible {
        let file: String
        let ratios: [(percent: Double, objects: Double, bytes: Double)]
        var testDescription: String { file }
    }

    static let expected = [
        Expected(
            file: "adaptsize-web.csv.zst",
            ratios: [(0.1, 12.3, 14.0), (1, 20.9, 24.5), (10, 29.8, 30.8), (100, 39.9, 37.3)]
        ),
        Expected(
            file: "nasa-19950801-web.csv.zst",
            ratios: [(0.1, 26.6, 4.4), (1, 52.9, 16.8), (10, 80.8, 44.5), (100, 94.6, 80.3)]
        ),
        Expected(
            file: "model-akamai-w2-web.csv.zst",
            ratios: [(0.1, 42.8, 41.4), (1, 67.4, 67.0), (10, 84.7, 87.8), (100, 87.8, 91.7)]
        ),
    ]

    @Test(
        "real traces give the known LRU hit ratios within 0.1 point",
        .enabled(if: traces != nil, "APUS_TRACES names no folder with traces"),
        arguments: expected
    )
    func knownRatios(_ expected: Expected) throws {
        let requests = try readTrace(expected.file)
        var sizes: [UInt64: Set<Int>] = [:]
        for request in requests { sizes[request.key, default: []].insert(request.size) }
        let unique = sizes.values.reduce(0) { $0 + $1.reduce(0, +) }
        for wanted in expected.ratios {
            var cache = ReplayCache(capacityBytes: Int(Double(unique) * wanted.percent / 100))
            for request in requests { cache.request(key: request.key, size: request.size) }
            let objects = cache.objectHitRatio * 100
            let bytes = cache.byteHitRatio * 100
            #expect(abs(objects - wanted.objects) <= 0.1, "\(wanted.percent) %: objects \(objects)")
            #expect(abs(bytes - wanted.bytes) <= 0.1, "\(wanted.percent) %: bytes \(bytes)")
        }
    }

    private func readTrace(_ file: String) throws -> [(key: UInt64, size: Int)] {
        let folder = try #require(traces)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["zstd", "-dcq", folder + "/" + file]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        var requests: [(key: UInt64, size: Int)] = []
        var names: [ArraySlice<UInt8>: UInt64] = [:]
        for line in [UInt8](data).split(separator: UInt8(ascii: "\n")) {
            let columns = line.split(separator: UInt8(ascii: ","))
            guard columns.count == 3, let size = Int(String(decoding: columns[2], as: UTF8.self)) else { continue }
            let key = names[columns[1]] ?? UInt64(names.count)
            names[columns[1]] = key
            requests.append((key, size))
        }
        return requests
    }
}
