import ArgumentParser
import CacheStore
import CachingRules

/// `apus cache stat`
struct CacheStatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat",
        abstract: "Say how much is cached, and in what condition the folder is.",
        usage: "apus cache stat PATH | --config FILE [--json]",
        discussion: """
            Examples:
              apus cache stat /var/cache/apus
              apus cache stat --config /etc/apus/edge.yaml --json
            """
    )

    @OptionGroup var folders: CacheFolderOptions
    @Flag(help: "Print the result as JSON, one object for each folder.")
    var json = false

    func run() throws {
        for (number, folder) in try folders.folders().enumerated() {
            let totals = try CacheTotals(folder, now: CacheText.now)
            if json {
                Terminal.output.write(try CacheText.line(totals))
            } else {
                Terminal.output.write((number == 0 ? "" : "\n") + totals.text)
            }
        }
    }
}

/// What `apus cache stat` says of one folder. A value.
private struct CacheTotals: Encodable {
    struct Share: Encodable {
        var objects = 0
        var bytes: UInt64 = 0

        mutating func add(_ object: CachedObject) {
            objects += 1
            bytes += object.storedBytes
        }
    }

    struct OtherFile: Encodable {
        var name: String
        var what: String
    }

    /// The upper ends of the histogram's steps, in bytes.
    private static let steps: [UInt64] = [1 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 16 << 20, 256 << 20, .max]

    var path: String
    var segments: Int
    var bytes: Int
    var liveBytes = 0
    var deadBytes = 0
    var forms = 0
    var objects = 0
    var purgedNotReclaimed = 0
    var damaged = 0
    var sites: [String: Share] = [:]
    var codings: [String: Share] = [:]
    /// Upper end of a step, in bytes ("more" for the last one) → forms.
    var sizes: [String: Int] = [:]
    var oldest: Int64?
    var newest: Int64?
    var versions: [String: Int] = [:]
    var checkpointAge: Int64?
    var purgeLog: String?
    var purgeNumber: UInt64?
    var otherFiles: [OtherFile]

    init(_ folder: CacheFolder, now: Int64) throws {
        path = folder.path
        segments = folder.segments.count
        bytes = folder.bytes
        for (version, count) in folder.versions { versions[String(version)] = count }
        checkpointAge = folder.checkpointTime.map { max(0, now - $0) }
        purgeLog = folder.purgeLog
        purgeNumber = folder.purgeNumber
        otherFiles = folder.otherFiles.map { OtherFile(name: $0.name, what: $0.what) }
        let notes = try folder.objects { object in
            add(object)
            return true
        }
        damaged = notes.damaged
        deadBytes = max(0, bytes - liveBytes - segments * 64)
    }

    private mutating func add(_ object: CachedObject) {
        if object.state == .purged {
            purgedNotReclaimed += 1
            return
        }
        forms += 1
        if object.coding == .identity { objects += 1 }
        liveBytes += object.recordBytes
        sites[CacheText.site(object.site).name, default: Share()].add(object)
        codings[object.coding.token, default: Share()].add(object)
        let step = Self.steps.first { object.bodyLength < $0 } ?? .max
        sizes[step == .max ? "more" : String(step), default: 0] += 1
        oldest = min(oldest ?? .max, object.timeWritten)
        newest = max(newest ?? .min, object.timeWritten)
    }

    var text: String {
        let now = CacheText.now
        var lines = [
            path,
            "  segments     \(segments), \(CacheText.size(bytes)), format "
                + versions.sorted { $0.key < $1.key }.map { "\($0.key) (\($0.value))" }.joined(separator: ", "),
            "  live         \(CacheText.size(liveBytes)), \(objects) objects in \(forms) forms",
            "  dead         \(CacheText.size(deadBytes))",
        ]
        if purgedNotReclaimed > 0 { lines.append("  purged       \(purgedNotReclaimed) forms, not reclaimed yet") }
        if damaged > 0 { lines.append("  damaged      \(damaged); 'apus cache verify' says where") }
        if let oldest, let newest {
            lines.append(
                "  written      between \(CacheText.span(now - oldest)) and \(CacheText.span(now - newest)) ago"
            )
        }
        lines.append("  checkpoint   " + (checkpointAge.map { "\(CacheText.span($0)) old" } ?? "none"))
        lines.append(
            "  purges       "
                + (purgeLog.map { "up to \(purgeNumber ?? 0) of log \(CacheText.plain($0))" } ?? "no log known")
        )
        lines += Self.shares("by site", sites) + Self.shares("by coding", codings)
        if !sizes.isEmpty {
            lines.append("  by size")
            for step in Self.steps {
                guard let count = sizes[step == .max ? "more" : String(step)] else { continue }
                let name = step == .max ? "larger" : "below " + CacheText.size(step)
                lines.append("    " + name + String(repeating: " ", count: max(1, 30 - name.count)) + "\(count)")
            }
        }
        for file in otherFiles { lines.append("  \(CacheText.plain(file.name)): \(file.what)") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func shares(_ title: String, _ shares: [String: Share]) -> [String] {
        guard !shares.isEmpty else { return [] }
        return ["  " + title]
            + shares.sorted { ($0.value.bytes, $1.key) > ($1.value.bytes, $0.key) }.map { name, share in
                let shown = CacheText.plain(name)
                let pad = String(repeating: " ", count: max(1, 30 - shown.count))
                return "    \(shown)\(pad)\(share.objects), \(CacheText.size(share.bytes))"
            }
    }
}
