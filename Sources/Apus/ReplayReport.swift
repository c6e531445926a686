import CachePolicy
import Foundation
import Replay

/// What `apus replay` prints and draws. A value.
struct ReplayReport {
    var trace: String
    var summary: TraceReader.Summary
    var rows: [ReplayRow]

    private var hasDisk: Bool { rows.contains { $0.configuration.diskBytes != nil } }

    // MARK: Text

    /// The whole, and with a disk each tier by itself, for one table with everything would be too wide.
    var table: String {
        let hasRefusals = rows.contains { $0.figures.notAdmitted > 0 }
        var whole = TextTable(
            ["POLICY", "MEMORY"] + (hasDisk ? ["DISK"] : []) + ["HITS", "BYTES", "EVICTED"]
                + (hasRefusals ? ["REFUSED"] : []) + (hasDisk ? ["WRITTEN"] : [])
        )
        var tiers = TextTable(
            ["POLICY", "MEMORY", "DISK", "MEMORY HITS", "BYTES", "DISK HITS", "BYTES", "REWRITTEN"]
        )
        for row in rows {
            let figures = row.figures
            let name = [row.configuration.policy.rawValue, Self.size(row.configuration.memoryBytes)]
            let disk = [row.configuration.diskBytes.map(Self.size) ?? "-"]
            whole.add(
                name + (hasDisk ? disk : [])
                    + [Self.percent(figures.objectHitRatio), Self.percent(figures.byteHitRatio)]
                    + [Self.grouped(figures.evictions)] + (hasRefusals ? [Self.grouped(figures.notAdmitted)] : [])
                    + (hasDisk ? [Self.size(figures.diskBytesWritten)] : [])
            )
            tiers.add(
                name + disk + [
                    Self.percent(figures.memoryObjectHitRatio), Self.percent(figures.memoryByteHitRatio),
                    Self.percent(figures.diskObjectHitRatio), Self.percent(figures.diskByteHitRatio),
                    Self.size(figures.diskBytesCarriedOver),
                ]
            )
        }
        return """
            \(Self.grouped(summary.requests)) requests for \(Self.grouped(summary.objects)) objects \
            of \(Self.size(summary.uniqueBytes))

            \(whole.render())\(hasDisk ? "\n" + tiers.render() : "")
            """
    }

    static func percent(_ fraction: Double) -> String { String(format: "%.1f %%", fraction * 100) }

    /// Three or four digits and a unit.
    static func size(_ bytes: Int) -> String {
        var value = Double(bytes)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1000 { return String(format: unit == "B" || value >= 100 ? "%.0f %@" : "%.1f %@", value, unit) }
            value /= 1024
        }
        return String(format: "%.1f TiB", value)
    }

    static func grouped(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number).reversed().enumerated() {
            if place > 0, place.isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    // MARK: JSON

    /// One row is one object, several are a list.
    var json: String {
        get throws {
            let values = rows.map { JSONRow(trace, summary, $0) }
            return values.count == 1 ? try JSONText.snakeCase(values[0]) : try JSONText.snakeCase(values)
        }
    }

    private struct JSONRow: Encodable {
        let trace: String
        let requests: Int
        let requestedBytes: Int
        let objects: Int
        let uniqueBytes: Int
        let policy: String
        let memoryBytes: Int
        let diskBytes: Int?
        let objectHitRatio: Double
        let byteHitRatio: Double
        let memoryObjectHitRatio: Double
        let memoryByteHitRatio: Double
        let diskObjectHitRatio: Double
        let diskByteHitRatio: Double
        let evictions: Int
        let notAdmitted: Int
        let diskBytesWritten: Int
        let diskBytesCarriedOver: Int
        let diskSegmentsGivenUp: Int
        let diskNotAdmitted: Int

        init(_ trace: String, _ summary: TraceReader.Summary, _ row: ReplayRow) {
            let figures = row.figures
            self.trace = trace
            requests = figures.requests
            requestedBytes = figures.requestedBytes
            objects = summary.objects
            uniqueBytes = summary.uniqueBytes
            policy = row.configuration.policy.rawValue
            memoryBytes = row.configuration.memoryBytes
            diskBytes = row.configuration.diskBytes
            objectHitRatio = figures.objectHitRatio
            byteHitRatio = figures.byteHitRatio
            memoryObjectHitRatio = figures.memoryObjectHitRatio
            memoryByteHitRatio = figures.memoryByteHitRatio
            diskObjectHitRatio = figures.diskObjectHitRatio
            diskByteHitRatio = figures.diskByteHitRatio
            evictions = figures.evictions
            notAdmitted = figures.notAdmitted
            diskBytesWritten = figures.diskBytesWritten
            diskBytesCarriedOver = figures.diskBytesCarriedOver
            diskSegmentsGivenUp = figures.diskSegmentsGivenUp
            diskNotAdmitted = figures.diskNotAdmitted
        }
    }

    // MARK: The plot

    /// `points`: for each policy, a row for each of the plot's sizes.
    func plot(_ points: [ReplayRow]) -> PlotFile {
        var curves: [MissRatioPlot.Curve] = []
        for start in stride(from: 0, to: points.count, by: MissRatioPlot.shares.count) {
            let part = points[start..<min(points.count, start + MissRatioPlot.shares.count)]
            let values = zip(MissRatioPlot.shares, part).map { share, row in
                (share: share, objects: 1 - row.figures.objectHitRatio, bytes: 1 - row.figures.byteHitRatio)
            }
            curves.append(MissRatioPlot.Curve(name: points[start].configuration.policy.rawValue, points: values))
        }
        let name = trace.split(separator: "/").last.map(String.init) ?? trace
        let plot = MissRatioPlot(
            title: "Miss ratio of \(name)",
            subtitle: "\(Self.grouped(summary.requests)) requests for \(Self.grouped(summary.objects)) objects "
                + "of \(Self.size(summary.uniqueBytes)), memory only, from a cold start",
            curves: curves
        )
        return PlotFile(text: plot.svg)
    }

    /// A file to be written. A value.
    struct PlotFile {
        var text: String

        func write(to path: String) throws {
            guard let file = fopen(path, "w") else { throw CannotWrite(path: path) }
            defer { fclose(file) }
            let bytes = Array(text.utf8)
            guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fflush(file) == 0 else {
                throw CannotWrite(path: path)
            }
        }
    }

    /// Why the plot could not be written. A value.
    struct CannotWrite: Error, CustomStringConvertible {
        let description: String

        init(path: String) {
            description = "cannot write \(path): \(String(cString: strerror(errno)))"
        }
    }
}
