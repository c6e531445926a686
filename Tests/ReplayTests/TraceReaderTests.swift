import CachePolicy
import Foundation
import Testing

@testable import Replay

/// Where traces with known hit ratios lie: the folder that APUS_TRACES names, or one beside the project.
private let traces: String? = {
    let beside = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
        "../../../shared/traces"
    )
    let candidates = [ProcessInfo.processInfo.environment["APUS_TRACES"], beside.standardized.path].compactMap { $0 }
    return candidates.first { FileManager.default.fileExists(atPath: $0 + "/adaptsize-web.csv.zst") }
}()

@Suite("Reading and replaying a trace")
struct TraceReaderTests {
    private static let text = (0..<30_000).map { "\($0),key\($0 * 7919 % 5000),\($0 * 7919 % 5000 + 1)\n" }.joined()

    /// A file that is gone when the test is.
    private final class File {
        let path: String

        init(_ bytes: [UInt8]) throws {
            path = NSTemporaryDirectory() + "apus-trace-\(UUID().uuidString)"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    private func compressed(_ command: [String], _ text: String) throws -> [UInt8]? {
        let file = try File(Array(text.utf8))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command + [file.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? [UInt8](data) : nil
    }

    @Test("plain, gzip and Zstandard give the same, also in several members and frames")
    func formats() throws {
        let file = try File(Array(Self.text.utf8))
        let expected = try TraceReader(path: file.path).summarise()
        #expect(expected == TraceReader.Summary(requests: 30_000, objects: 5000, uniqueBytes: 5000 * 5001 / 2))
        for command in [["gzip", "-c"], ["zstd", "-cq"]] {
            guard let bytes = try compressed(command, Self.text) else { continue }
            let one = try File(bytes)
            #expect(try TraceReader(path: one.path).summarise() == expected, "\(command)")
            let two = try File(bytes + bytes)
            let twice = try TraceReader(path: two.path).summarise()
            #expect(twice.requests == 60_000 && twice.objects == 5000, "\(command)")
        }
    }

    @Test("compressed bytes that are damaged, or end too early, are an error and never fewer requests")
    func damage() throws {
        for command in [["gzip", "-c"], ["zstd", "-cq"]] {
            guard let bytes = try compressed(command, Self.text) else { continue }
            for length in [bytes.count / 2, bytes.count - 1, 5] {
                let file = try File(Array(bytes[..<length]))
                #expect(throws: TraceError.self, "\(command), \(length)") {
                    try TraceReader(path: file.path).summarise()
                }
            }
            var broken = bytes
            for place in bytes.count / 3..<bytes.count / 3 + 50 { broken[place] ^= 0x5A }
            let file = try File(broken)
            #expect(throws: TraceError.self, "\(command)") { try TraceReader(path: file.path).summarise() }
        }
    }

    @Test("a file that is missing, a folder, and one without requests are errors that say so")
    func unusable() throws {
        #expect(throws: TraceError.self) { try TraceReader(path: "/nowhere/trace").summarise() }
        #expect(throws: TraceError.self) { try TraceReader(path: "/").summarise() }
        let empty = try File([])
        #expect(throws: TraceError.empty(path: empty.path)) { try TraceReader(path: empty.path).summarise() }
    }

    @Test("several caches are driven in one pass, each as if it were alone")
    func several() throws {
        let file = try File(Array(Self.text.utf8))
        let reader = TraceReader(path: file.path)
        let configurations = EvictionPolicy.allCases.flatMap { policy in
            [1_000_000, 5_000_000].map { ReplayConfiguration(policy: policy, memoryBytes: $0, diskBytes: 20_000_000) }
        }
        let all = try reader.replay(configurations, counts: true)
        #expect(all.summary?.objects == 5000)
        for (row, configuration) in zip(all.rows, configurations) {
            let alone = try reader.replay([configuration]).rows[0]
            #expect(row.figures == alone.figures && row.configuration == configuration)
        }
    }

    /// Hit ratios of LRU in percent, by cache size in percent of the distinct bytes, as two other simulators give them, and
    /// at least how many objects the other policies find at 1 %.
    struct Expected: Sendable, CustomTestStringConvertible {
        let file: String
        let ratios: [(percent: Double, objects: Double, bytes: Double)]
        let s3FIFO: Double
        let size: Double
        var testDescription: String { file }
    }

    static let expected = [
        Expected(
            file: "adaptsize-web.csv.zst",
            ratios: [(0.1, 12.3, 14.0), (1, 20.9, 24.5), (10, 29.8, 30.8), (100, 39.9, 37.3)],
            s3FIFO: 24,
            size: 29
        ),
        Expected(
            file: "nasa-19950801-web.csv.zst",
            ratios: [(0.1, 26.6, 4.4), (1, 52.9, 16.8), (10, 80.8, 44.5), (100, 94.6, 80.3)],
            s3FIFO: 61,
            size: 78
        ),
        Expected(
            file: "model-akamai-w2-web.csv.zst",
            ratios: [(0.1, 42.8, 41.4), (1, 67.4, 67.0), (10, 84.7, 87.8), (100, 87.8, 91.7)],
            s3FIFO: 71,
            size: 82
        ),
    ]

    @Test(
        "real traces give the known LRU hit ratios within 0.1 point",
        .enabled(if: traces != nil, "no folder with traces: neither APUS_TRACES nor ../shared/traces"),
        arguments: expected
    )
    func knownRatios(_ expected: Expected) throws {
        let reader = TraceReader(path: try #require(traces) + "/" + expected.file)
        let whole = try reader.summarise().uniqueBytes
        func size(_ percent: Double) -> Int { Int(Double(whole) * percent / 100) }
        let lru = expected.ratios.map { ReplayConfiguration(policy: .lru, memoryBytes: size($0.percent)) }
        let others = [EvictionPolicy.s3FIFO, .size].map { ReplayConfiguration(policy: $0, memoryBytes: size(1)) }
        let rows = try reader.replay(lru + others).rows
        for (row, wanted) in zip(rows, expected.ratios) {
            let objects = row.figures.objectHitRatio * 100
            let bytes = row.figures.byteHitRatio * 100
            #expect(abs(objects - wanted.objects) <= 0.1, "\(wanted.percent) %: objects \(objects)")
            #expect(abs(bytes - wanted.bytes) <= 0.1, "\(wanted.percent) %: bytes \(bytes)")
        }
        let found = rows.suffix(2).map { $0.figures.objectHitRatio * 100 }
        #expect(found[0] >= expected.s3FIFO && found[1] >= expected.size, "\(found)")
    }
}

@Suite("The miss ratio plot")
struct MissRatioPlotTests {
    @Test("it is well-formed, whatever the trace is called, and every point lies inside")
    func wellFormed() throws {
        let points = MissRatioPlot.shares.map { (share: $0, objects: 1 - $0, bytes: $0) }
        let plot = MissRatioPlot(
            title: "a<b>&\"c\u{1}",
            subtitle: "5 requests",
            curves: [
                MissRatioPlot.Curve(name: "lru", points: points), MissRatioPlot.Curve(name: "size", points: points),
            ]
        )
        let parser = XMLCheck(plot.svg)
        #expect(parser.isWellFormed)
        #expect(plot.svg.contains("a&lt;b&gt;&amp;&quot;c\u{FFFD}"))
        #expect(plot.svg.components(separatedBy: "<polyline").count == 5)
        #expect(!plot.svg.contains("nan") && !plot.svg.contains("inf"))
    }

    /// Tags that open are closed in order.
    private struct XMLCheck {
        let isWellFormed: Bool

        init(_ text: String) {
            var open: [String] = []
            var isRight = true
            for part in text.split(separator: "<").dropFirst(text.hasPrefix("<") ? 0 : 1) {
                guard let end = part.firstIndex(of: ">") else {
                    isRight = false
                    break
                }
                let tag = part[..<end]
                let name = String(tag.drop { $0 == "/" }.prefix { $0.isLetter })
                if tag.hasPrefix("/") {
                    isRight = isRight && open.popLast() == name
                } else if !tag.hasSuffix("/") {
                    open.append(name)
                }
            }
            isWellFormed = isRight && open.isEmpty
        }
    }
}
