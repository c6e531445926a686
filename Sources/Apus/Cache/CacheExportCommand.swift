import ArgumentParser
import CacheStore
import CachingRules

/// `apus cache export`
struct CacheExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what is cached as files.",
        usage: "apus cache export PATH | --config FILE --to DIR [OPTIONS]",
        discussion: """
            Each body becomes DIR/SITE/PATH; DIR/index.jsonl says which file is what,
            with its fields, one JSON object a line. Nothing is written outside DIR.
            Large objects are written when all their blocks are there. What is purged,
            damaged or incomplete is left out and counted.

            Examples:
              apus cache export /var/cache/apus --to ./saved
              apus cache export /var/cache/apus --to ./saved --prefix /img/ --all-forms
            """
    )

    @OptionGroup var folders: CacheFolderOptions
    @OptionGroup var filter: CacheFilterOptions
    @Option(help: "The folder to write to; made if it is missing.")
    var to: String
    @Flag(help: "Compressed forms too, as .gz, .br and .zst.")
    var allForms = false
    @Flag(help: "Overwrite files that are there.")
    var force = false

    func run() throws {
        let sources = try folders.folders()
        let target = try ExportFolder(path: to, overwrites: force)
        let now = CacheText.now
        var count = 0
        var bytes: UInt64 = 0
        var left = 0
        _ = try target.file(["index.jsonl"]) { index in
            for folder in sources {
                CacheText.tellOthers(folder)
                var failure: (any Error)?
                let notes = try folder.objects(filter.filter()) { object in
                    guard isMeant(object) else { return true }
                    do {
                        if let name = try write(object, folder, target) {
                            let json = CachedObjectJSON(object, now: now, file: name)
                            try index.append(Array(try CacheText.line(json).utf8))
                            count += 1
                            bytes += object.storedBytes
                        } else {
                            left += 1
                        }
                        return true
                    } catch {
                        failure = error
                        return false
                    }
                }
                if let failure { throw failure }
                CacheText.tell(notes)
            }
            return true
        }
        Terminal.output.write("\(count) \(count == 1 ? "file" : "files"), \(CacheText.size(bytes)), in \(to)\n")
        if left > 0 { Terminal.error.write("apus: \(left) left out: purged, damaged, incomplete or gone meanwhile\n") }
    }

    /// Errors, redirects and empty answers are what an origin said, but no files.
    private func isMeant(_ object: CachedObject) -> Bool {
        (allForms || object.coding == .identity) && object.status == 200
    }

    private func write(_ object: CachedObject, _ folder: CacheFolder, _ target: ExportFolder) throws -> String? {
        guard object.state != .purged, object.state != .dead, object.isWhole else { return nil }
        var named = object
        named.site = CacheText.site(object.site).name
        return try target.file(ExportNames.components(of: named)) { file in
            var failure: (any Error)?
            var writer: [UInt8] = []
            func flush() -> Bool {
                do {
                    try file.append(writer)
                    writer.removeAll(keepingCapacity: true)
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
            let isWhole = try folder.read(object) { part in
                writer.append(contentsOf: part)
                return writer.count < 1 << 20 || flush()
            }
            let isWritten = isWhole && flush()
            if let failure { throw failure }
            return isWritten
        }
    }
}
