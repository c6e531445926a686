/// Reads Prometheus' text format 0.0.4 and refuses what a scraper could trip over. A value, for tests.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
struct PrometheusParser {
    struct Failure: Error, CustomStringConvertible {
        let line: Int
        let description: String
    }

    struct Sample: Equatable {
        let name: String
        let labels: [String: String]
        let value: Double
    }

    struct Family: Equatable {
        var type: String
        var help: String
        var samples: [Sample] = []
    }

    private(set) var families: [String: Family] = [:]
    private var current = ""
    private var pendingHelp: (name: String, help: String)?
    private var seen: Set<String> = []
    private var line = 0

    init(_ text: String) throws {
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw Failure(line: 0, description: "the last line has no line feed")
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            self.line += 1
            try read(String(line))
        }
        try check()
    }

    subscript(name: String, labels: [String: String] = [:]) -> Double? {
        for family in families.values {
            if let sample = family.samples.first(where: { $0.name == name && $0.labels == labels }) {
                return sample.value
            }
        }
        return nil
    }

    private func fail(_ description: String) -> Failure { Failure(line: line, description: description) }

    private mutating func read(_ text: String) throws {
        if text.hasPrefix("# HELP ") {
            let parts = text.dropFirst(7).split(separator: " ", maxSplits: 1).map(String.init)
            guard parts.count == 2, Self.isName(parts[0], colon: true) else { throw fail("bad HELP: \(text)") }
            guard families[parts[0]] == nil, pendingHelp == nil else { throw fail("HELP twice or late: \(parts[0])") }
            pendingHelp = (parts[0], try unescape(parts[1], quotes: false))
        } else if text.hasPrefix("# TYPE ") {
            let parts = text.dropFirst(7).split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, ["counter", "gauge", "histogram"].contains(parts[1]) else {
                throw fail("bad TYPE: \(text)")
            }
            guard let help = pendingHelp, help.name == parts[0] else {
                throw fail("TYPE without HELP before it: \(text)")
            }
            families[parts[0]] = Family(type: parts[1], help: help.help)
            current = parts[0]
            pendingHelp = nil
        } else {
            try readSample(text)
        }
    }

    private mutating func readSample(_ text: String) throws {
        guard pendingHelp == nil else { throw fail("a sample between HELP and TYPE") }
        let name = String(text.prefix { $0 != "{" && $0 != " " })
        guard Self.isName(name, colon: true) else { throw fail("bad name: \(text)") }
        var rest = text.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" { labels = try readLabels(&rest) }
        guard rest.first == " ", let value = Self.number(String(rest.dropFirst())) else {
            throw fail("bad value: \(text)")
        }
        guard var family = families[current] else { throw fail("a sample before TYPE: \(text)") }
        let allowed = family.type == "histogram" ? ["_bucket", "_sum", "_count"].map { current + $0 } : [current]
        guard allowed.contains(name) else { throw fail("\(name) does not belong to the family \(current)") }
        let identity = name + labels.sorted { $0.key < $1.key }.map { "|\($0.key)=\($0.value)" }.joined()
        guard seen.insert(identity).inserted else { throw fail("a sample twice: \(identity)") }
        family.samples.append(Sample(name: name, labels: labels, value: value))
        families[current] = family
    }

    private func readLabels(_ rest: inout Substring) throws -> [String: String] {
        var labels: [String: String] = [:]
        rest.removeFirst()
        while rest.first != "}" {
            let name = String(rest.prefix { $0 != "=" })
            guard Self.isName(name, colon: false), labels[name] == nil else { throw fail("bad label: \(name)") }
            rest = rest.dropFirst(name.count + 1)
            guard rest.first == "\"" else { throw fail("a label's value without quotes") }
            rest.removeFirst()
            var raw = ""
            while let character = rest.first, character != "\"" {
                raw.append(character)
                rest.removeFirst()
                if character == "\\", let next = rest.popFirst() { raw.append(next) }
            }
            guard rest.popFirst() == "\"" else { throw fail("a label's value without an end") }
            labels[name] = try unescape(raw, quotes: true)
            if rest.first == "," { rest.removeFirst() } else if rest.first != "}" { throw fail("bad labels") }
        }
        rest.removeFirst()
        return labels
    }

    private func unescape(_ text: String, quotes: Bool) throws -> String {
        var result = ""
        var characters = text.makeIterator()
        while let character = characters.next() {
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch characters.next() {
            case "\\": result.append("\\")
            case "n": result.append("\n")
            case "\"" where quotes: result.append("\"")
            default: throw fail("bad escape in \(text)")
            }
        }
        return result
    }

    /// Buckets rise, end with `+Inf`, and agree with the count.
    private func check() throws {
        for (name, family) in families {
            guard !family.samples.isEmpty else { throw fail("\(name) has no samples") }
            if family.type == "counter" {
                guard name.hasSuffix("_total") else { throw fail("\(name) is a counter and does not end in _total") }
                guard family.samples.allSatisfy({ $0.value >= 0 }) else { throw fail("\(name) is negative") }
            }
            if family.type == "histogram" {
                let buckets = family.samples.filter { $0.name.hasSuffix("_bucket") }
                let bounds = buckets.compactMap { $0.labels["le"].flatMap(Self.number) }
                guard bounds.count == buckets.count, bounds.last == .infinity, bounds == bounds.sorted() else {
                    throw fail("\(name) has bad bounds")
                }
                let counts = buckets.map(\.value)
                guard counts == counts.sorted(), counts.last == self[name + "_count"] else {
                    throw fail("\(name) has buckets that fall, or disagree with the count")
                }
            }
        }
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "+Inf": .infinity
        case "-Inf": -.infinity
        case "NaN": .nan
        default: text.allSatisfy { $0.isASCII && ($0.isNumber || "+-.e".contains($0)) } ? Double(text) : nil
        }
    }

    private static func isName(_ text: String, colon: Bool) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || (colon && $0 == ":")) }
    }
}
