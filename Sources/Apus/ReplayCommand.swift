import ArgumentParser
import CachePolicy
import Replay
import Settings

/// `apus replay`
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Play a trace of requests through the cache's policies, and show the hit ratios.",
        usage: "apus replay TRACE --memory SIZES [--policy POLICIES] [--disk SIZES] [OPTIONS]",
        discussion: """
            A trace has a line 'time,key,size' for each request, plain or compressed with
            gzip or Zstandard; '-' is standard input. A key with a size is an object.

            Sizes are given as 512MiB, or as a percentage of the bytes of all distinct
            objects, for which the file is read twice. With several sizes or policies there
            is a row for each combination. Objects are replayed without their heads, in one
            shard, from a cold start.

            Examples:
              apus replay trace.csv.zst --memory 1%
              apus replay trace.csv.zst --memory 0.1%,1%,10% --policy lru,s3-fifo,size
              apus replay trace.csv --memory 256MiB --disk 20GiB --admission second-request
              apus replay trace.csv --memory 1% --policy lru,size --plot misses.svg
              zcat access.csv.gz | apus replay - --memory 2GiB --json
            """
    )

    @Argument(help: "The trace: a file, or - for standard input.")
    var trace: String
    @Option(help: "Memory, as a size or a percentage; several are separated by commas.")
    var memory: String
    @Option(help: "lru, s3-fifo or size; several are separated by commas.")
    var policy = "lru"
    @Option(help: "A disk, as a size or a percentage; several are separated by commas. Default: none.")
    var disk: String?
    @Option(help: "What goes to disk at once: always, second-request (nothing), or below-SIZE, such as below-64KiB.")
    var admission = "below-64KiB"
    @Flag(help: "Print an object as JSON; with several rows, a list of them.")
    var json = false
    @Option(help: "Draw the miss ratio over memory sizes of 0.1 to 100 % into this file, as SVG.")
    var plot: String?

    func validate() throws { _ = try plan() }

    /// The options, understood. A value.
    struct Plan {
        var policies: [CachePolicy.EvictionPolicy]
        var memory: [ReplaySize]
        var disks: [ReplaySize?]
        var admitAtOnceBelow: Int

        var needsSummary: Bool { (memory + disks.compactMap { $0 }).contains { $0.isShare } }

        func configurations(_ uniqueBytes: Int) -> [ReplayConfiguration] {
            policies.flatMap { policy in
                memory.flatMap { memory in
                    disks.map { disk in
                        ReplayConfiguration(
                            policy: policy,
                            memoryBytes: memory.bytes(of: uniqueBytes),
                            diskBytes: disk?.bytes(of: uniqueBytes),
                            admitAtOnceBelow: admitAtOnceBelow
                        )
                    }
                }
            }
        }
    }

    private func plan() throws -> Plan {
        let policies = try Self.list(policy).map { name in
            guard let policy = CachePolicy.EvictionPolicy(rawValue: name) else {
                throw ValidationError("--policy is '\(name)', expected lru, s3-fifo or size")
            }
            return policy
        }
        let disks: [ReplaySize?] =
            try disk.map { try Self.list($0).map { try ReplaySize($0, option: "--disk") } } ?? [nil]
        return Plan(
            policies: policies,
            memory: try Self.list(memory).map { try ReplaySize($0, option: "--memory") },
            disks: disks,
            admitAtOnceBelow: try admitAtOnceBelow()
        )
    }

    private func admitAtOnceBelow() throws -> Int {
        switch admission {
        case "always": return .max
        case "second-request": return 0
        default:
            guard admission.hasPrefix("below-"), let size = try? ByteSize.parse(String(admission.dropFirst(6))) else {
                throw ValidationError(
                    "--admission is '\(admission)', expected always, second-request or below-SIZE, such as below-64KiB"
                )
            }
            return size.bytes
        }
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    func run() throws {
        let plan = try plan()
        let reader = TraceReader(path: trace)
        let needsSummary = plan.needsSummary || plot != nil
        // What cannot be opened says so itself.
        if needsSummary, trace == "-" {
            throw ValidationError("a percentage, and --plot, need a file that can be read twice, not standard input")
        }
        let stored = reader.storedBytes
        let progress = ProgressLine("replaying", total: UInt64(stored * (needsSummary ? 2 : 1)))
        defer { progress.finish() }
        func show(_ done: Int, _ what: String) { progress.show(UInt64(done), what) }
        let known = needsSummary ? try reader.summarise { show($0, "counting objects") } : nil
        let configurations = plan.configurations(known?.uniqueBytes ?? 0)
        let points = plot == nil ? [] : Self.points(plan, known?.uniqueBytes ?? 0)
        let result = try reader.replay(configurations + points, counts: known == nil) {
            show($0 + (known == nil ? 0 : stored), "replaying requests")
        }
        progress.finish()
        guard let summary = known ?? result.summary else { return }
        let rows = Array(result.rows.prefix(configurations.count))
        let report = ReplayReport(trace: trace, summary: summary, rows: rows)
        Terminal.output.write(json ? try report.json : report.table)
        if let plot {
            try report.plot(Array(result.rows.dropFirst(configurations.count))).write(to: plot)
            if !json { Terminal.output.write("\nthe miss ratio curve is in \(plot)\n") }
        }
    }

    /// Memory alone, for every policy and size of the plot.
    private static func points(_ plan: Plan, _ uniqueBytes: Int) -> [ReplayConfiguration] {
        plan.policies.flatMap { policy in
            MissRatioPlot.shares.map {
                ReplayConfiguration(policy: policy, memoryBytes: Int(Double(uniqueBytes) * $0))
            }
        }
    }
}

/// A size on the command line: bytes, or a share of the bytes of all distinct objects. A value.
enum ReplaySize {
    case bytes(Int)
    case share(Double)

    init(_ text: String, option: String) throws {
        if text.hasSuffix("%") {
            guard let percent = Double(text.dropLast()), percent > 0, percent <= 100 else {
                throw ValidationError("\(option) is '\(text)', expected a percentage up to 100, such as 0.1%")
            }
            self = .share(percent / 100)
            return
        }
        do throws(ValueError) {
            let size = try ByteSize.parse(text)
            guard size.bytes > 0 else { throw ValueError(expected: "a size above 0, such as 512MiB") }
            self = .bytes(size.bytes)
        } catch {
            let hint = error.hint.map { "; \($0)" } ?? ""
            throw ValidationError(
                "\(option) is '\(text)', expected \(error.expected), or a percentage such as 1%\(hint)"
            )
        }
    }

    var isShare: Bool { if case .share = self { true } else { false } }

    func bytes(of whole: Int) -> Int {
        switch self {
        case .bytes(let bytes): bytes
        case .share(let share): Int(Double(whole) * share)
        }
    }
}
