import ArgumentParser
import CacheStore
import CachingRules

/// `apus cache ls`
struct CacheListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List what is cached.",
        usage: "apus cache ls PATH | --config FILE [OPTIONS]",
        discussion: """
            Examples:
              apus cache ls /var/cache/apus --limit 20 --sort size
              apus cache ls /var/cache/apus --site www.example.com --prefix /assets/
              apus cache ls /var/cache/apus --tag product-4711 --json
              apus cache ls --config /etc/apus/edge.yaml --dead

            FRESH: for how long it stays fresh; with a minus, for how long it has been stale.
            FORM:  the coding, with * for one variant of several.
            SIZE:  '12 of 40 blocks' is a large object, kept in blocks of one mebibyte.
            """
    )

    @OptionGroup var folders: CacheFolderOptions
    @OptionGroup var filter: CacheFilterOptions
    @Flag(help: "Records that are dead too: replaced, invalidated, purged.")
    var dead = false
    @Option(help: "So many lines at most.")
    var limit: Int?
    @Option(help: "By size (largest first), age (oldest first) or path. Without it: as they lie on the disk.")
    var sort: Order?
    @Flag(help: "One JSON object a line.")
    var json = false

    enum Order: String, ExpressibleByArgument, CaseIterable {
        case size, age, path
    }

    /// Lines that are aligned with each other, and objects that are kept at once: a folder has millions.
    private static let batch = 1000

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is \(limit), expected 1 or more") }
    }

    func run() throws {
        CacheText.endWithReader()
        let now = CacheText.now
        var found: [CachedObject] = []
        var count = 0
        var failure: (any Error)?
        var isFirst = true
        let wanted = filter.filter(includesDead: dead)
        let most = limit ?? .max
        for folder in try folders.folders() {
            CacheText.tellOthers(folder)
            let notes = try folder.objects(wanted) { object in
                if !dead, object.state == .purged { return true }
                if sort == nil, json {
                    do { Terminal.output.write(try CacheText.line(CachedObjectJSON(object, now: now))) } catch {
                        failure = error
                        return false
                    }
                } else {
                    found.append(object)
                }
                count += 1
                if let sort, let limit, found.count >= limit + Self.batch {
                    found.sort { Self.isBefore($0, $1, sort, now) }
                    found.removeLast(found.count - limit)
                } else if sort == nil, found.count == Self.batch {
                    show(found, now, hasHeader: isFirst)
                    isFirst = false
                    found = []
                }
                return sort != nil || count < most
            }
            CacheText.tell(notes)
            if let failure { throw failure }
            if sort == nil, count >= most { break }
        }
        if let sort {
            found.sort { Self.isBefore($0, $1, sort, now) }
            found = Array(found.prefix(most))
        }
        if json {
            for object in found { Terminal.output.write(try CacheText.line(CachedObjectJSON(object, now: now))) }
            return
        }
        if isFirst || !found.isEmpty { show(found, now, hasHeader: isFirst) }
    }

    private static func isBefore(_ left: CachedObject, _ right: CachedObject, _ order: Order, _ now: Int64) -> Bool {
        switch order {
        case .size: left.storedBytes > right.storedBytes
        case .age: left.freshness.age(now: now) > right.freshness.age(now: now)
        case .path: (left.site, left.target, left.coding.rawValue) < (right.site, right.target, right.coding.rawValue)
        }
    }

    private func show(_ objects: [CachedObject], _ now: Int64, hasHeader: Bool) {
        var header = ["SITE", "PATH", "FORM", "STATUS", "SIZE", "AGE", "FRESH", "TAGS", "PURGE"]
        if dead { header.append("STATE") }
        var table = TextTable(header)
        for object in objects {
            let blocks = object.blocks.map { "\($0.present.count) of \($0.count) blocks" }
            let form = object.coding.token + (object.variant.isEmpty ? "" : "*") + (object.isHeadOnly ? " head" : "")
            var row = [
                CacheText.site(object.site).name, object.target, form, String(object.status),
                blocks ?? CacheText.size(object.bodyLength),
                CacheText.span(object.freshness.age(now: now)), CacheText.span(object.freshness.ttl(now: now)),
                String(object.tags.count), String(object.purgeNumber),
            ].map(CacheText.plain)
            if dead { row.append(object.state.rawValue) }
            table.add(row)
        }
        // In a pipe nothing is cut off.
        let width = Terminal.output.isTerminal ? Terminal.output.columns : .max
        let text = table.render(width: width)
        Terminal.output.write(hasHeader ? text : String(text.drop { $0 != "\n" }.dropFirst()))
    }
}
