import ArgumentParser
import CacheStore

/// `apus cache verify`
struct CacheVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify every checksum of every record.",
        usage: "apus cache verify PATH | --config FILE [--json]",
        discussion: """
            Examples:
              apus cache verify /var/cache/apus
              apus cache verify --config /etc/apus/edge.yaml --json

            Exit code 0: all right; 1: something is damaged, and each line says where.
            No damage: the unfinished end of a file, which a crash or an edge at work
            leaves, and what does not hold in a record that is dead already.
            """
    )

    @OptionGroup var folders: CacheFolderOptions
    @Flag(help: "One JSON object a line: findings, then a summary for each folder.")
    var json = false

    func run() throws {
        CacheText.endWithReader()
        var isRight = true
        for folder in try folders.folders() {
            CacheText.tellOthers(folder)
            let progress = ProgressLine("verifying", total: UInt64(max(0, folder.bytes)))
            var findings: [String] = []
            let isInteractive = Terminal.error.isTerminal
            let result = try folder.verify(progress: { done, total in
                progress.show(UInt64(done), "\(CacheText.size(done)) of \(CacheText.size(total))")
            }) { finding in
                let text = line(finding, folder)
                // A bar is not written into.
                if isInteractive { findings.append(text) } else { Terminal.output.write(text) }
            }
            progress.finish()
            for text in findings { Terminal.output.write(text) }
            Terminal.output.write(summary(result, folder))
            if result.damaged > 0 { isRight = false }
        }
        if !isRight { throw CommandExit.failed }
    }

    private func line(_ finding: CacheFolder.Finding, _ folder: CacheFolder) -> String {
        if json { return (try? CacheText.line(FindingJSON(finding, folder))) ?? "" }
        let kind =
            switch finding.kind {
            case .damaged: "damaged"
            case .damagedDead: "damaged, but dead already"
            case .tornTail: "unfinished end, no damage"
            }
        let key = finding.key.map { "  " + CacheText.plain($0) } ?? ""
        let place = "\(folder.path)/\(finding.file) at \(finding.offset)"
        return "\(place): \(kind)\(finding.kind == .tornTail ? "" : ": \(finding.what)")\(key)\n"
    }

    private func summary(_ result: CacheFolder.Verification, _ folder: CacheFolder) -> String {
        if json { return (try? CacheText.line(SummaryJSON(result, folder))) ?? "" }
        var parts = ["\(result.live) live records right", "\(result.dead) dead ones"]
        parts.append("\(result.damaged) damaged")
        if result.tornTails > 0 { parts.append("\(result.tornTails) unfinished ends") }
        if result.vanished > 0 { parts.append("\(result.vanished) segments given up meanwhile") }
        return "\(folder.path): \(parts.joined(separator: ", ")); \(CacheText.size(result.bytes)) read\n"
    }

    private struct FindingJSON: Encodable {
        var folder: String
        var kind: String
        var segment: String
        var offset: Int
        var length: Int
        var key: String?
        var what: String

        init(_ finding: CacheFolder.Finding, _ folder: CacheFolder) {
            self.folder = folder.path
            kind = finding.kind.rawValue
            segment = finding.file
            offset = finding.offset
            length = finding.length
            key = finding.key
            what = finding.what
        }
    }

    private struct SummaryJSON: Encodable {
        var folder: String
        var kind = "summary"
        var segments: Int
        var live: Int
        var dead: Int
        var damaged: Int
        var damagedDead: Int
        var tornTails: Int
        var vanished: Int
        var bytes: Int

        init(_ result: CacheFolder.Verification, _ folder: CacheFolder) {
            self.folder = folder.path
            segments = result.segments
            live = result.live
            dead = result.dead
            damaged = result.damaged
            damagedDead = result.damagedDead
            tornTails = result.tornTails
            vanished = result.vanished
            bytes = result.bytes
        }
    }
}
