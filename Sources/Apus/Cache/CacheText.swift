import CacheStore
import CachingRules
import Foundation
import Glibc
import HTTPWire

/// Sizes, times and JSON lines of the cache commands. A namespace.
enum CacheText {
    /// Such as `1.2 MiB`.
    static func size(_ bytes: some BinaryInteger) -> String {
        var value = Double(bytes)
        for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
            if value < 1000 || unit == "TiB" {
                let isWhole = unit == "B" || value >= 100
                return (isWhole ? String(Int(value.rounded())) : String((value * 10).rounded() / 10)) + " " + unit
            }
            value /= 1024
        }
        return ""
    }

    /// Such as `3m` or `2d`; negative ones with a minus.
    static func span(_ seconds: Int64) -> String {
        let sign = seconds < 0 ? "-" : ""
        let value = seconds.magnitude
        return switch value {
        case ..<120: "\(sign)\(value)s"
        case ..<7200: "\(sign)\(value / 60)m"
        case ..<172_800: "\(sign)\(value / 3600)h"
        default: "\(sign)\(value / 86_400)d"
        }
    }

    /// A reader that goes away, as `head` does, ends the command, as it does other tools.
    static func endWithReader() {
        signal(SIGPIPE, SIG_DFL)
    }

    /// The name and the origin in a site's id, which is made of both (`SiteSettings.identity`).
    static func site(_ id: String) -> (name: String, origin: String?) {
        let words = id.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count > 2, ["s3", "http"].contains(words[words.count - 2]) else { return (id, nil) }
        return (words.dropLast(2).joined(separator: " "), words.suffix(2).joined(separator: " "))
    }

    static var now: Int64 { Int64(Date().timeIntervalSince1970) }

    /// One JSON object in one line. Control characters that JSON lets stand, C1's and DEL, are escaped: terminals act on them.
    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(value), as: UTF8.self)
        guard text.unicodeScalars.contains(where: isControl) else { return text + "\n" }
        // They stand within strings only.
        return text.unicodeScalars.reduce(into: "") { line, scalar in
            if isControl(scalar) {
                line += "\\u00" + String(scalar.value, radix: 16)
            } else {
                line.unicodeScalars.append(scalar)
            }
        } + "\n"
    }

    /// Control characters of foreign text must not reach a terminal.
    static func plain(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || isControl($0) ? "·" : $0 }))
    }

    /// DEL, or one of C1 (U+0080 to U+009F), among which are 8-bit forms of escape sequences.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool { (127...159).contains(scalar.value) }

    /// Files that the program leaves alone, on standard error.
    static func tellOthers(_ folder: CacheFolder) {
        for file in folder.otherFiles {
            Terminal.error.write("apus: \(folder.path)/\(plain(file.name)): \(file.what)\n")
        }
    }

    static func tell(_ notes: CacheFolder.Notes) {
        if notes.damaged > 0 {
            Terminal.error.write("apus: \(notes.damaged) damaged; 'apus cache verify' says where\n")
        }
        if notes.vanished > 0 {
            Terminal.error.write("apus: \(notes.vanished) segments were given up by the edge meanwhile\n")
        }
    }
}

/// An object as the commands' `--json` says it. A value.
struct CachedObjectJSON: Encodable {
    struct Blocks: Encodable {
        var present: Int
        var of: Int
    }

    var site: String
    var origin: String?
    var path: String
    var query: String?
    var variant: String?
    var coding: String
    var state: String
    var headOnly: Bool?
    var status: Int
    var fields: [[String]]
    var tags: [String]
    var bytes: UInt64
    var storedBytes: UInt64
    var recordBytes: Int
    var age: Int64
    var freshFor: Int64
    var written: Int64
    var generation: UInt64
    var purgeNumber: UInt64
    var blocks: Blocks?
    var segment: String
    var offset: Int
    /// Of an exported one.
    var file: String?

    init(_ object: CachedObject, now: Int64, file: String? = nil) {
        (site, origin) = CacheText.site(object.site)
        path = object.path
        query = object.query
        variant = object.variant.isEmpty ? nil : object.variant
        coding = object.coding.token
        state = object.state.rawValue
        headOnly = object.isHeadOnly ? true : nil
        status = object.status
        fields = object.fields.fields.map { field in
            [field.nameRange, field.valueRange].map { String(decoding: object.fields.bytes[$0], as: UTF8.self) }
        }
        tags = object.tags
        bytes = object.bodyLength
        storedBytes = object.storedBytes
        recordBytes = object.recordBytes
        age = object.freshness.age(now: now)
        freshFor = object.freshness.ttl(now: now)
        written = object.timeWritten
        generation = object.generation
        purgeNumber = object.purgeNumber
        blocks = object.blocks.map { Blocks(present: $0.present.count, of: $0.count) }
        segment = object.place.file
        offset = object.place.offset
        self.file = file
    }
}
