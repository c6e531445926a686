/// Builds one page of Prometheus' text format 0.0.4. A value.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>: all lines of a family in one group, HELP and TYPE once
/// and before its samples; in help `\` and line feed are escaped, in label values also `"`.
struct PrometheusPage {
    private struct Family {
        let type: String
        let help: String
        var lines: [String] = []
    }

    private var order: [String] = []
    private var families: [String: Family] = [:]

    /// Reads a source now.
    mutating func add(_ source: Metrics.Source) {
        switch source {
        case .counters(let read):
            for (descriptor, value) in read() {
                let line = "\(descriptor.name)\(Self.labels(descriptor.labels)) \(value)"
                append(line, to: descriptor, type: "counter")
            }
        case .samples(let descriptor, let type, let read):
            for sample in read() {
                let labels = Self.labels(descriptor.labels + sample.labels)
                append("\(descriptor.name)\(labels) \(Self.number(sample.value))", to: descriptor, type: type)
            }
        case .rows(let read):
            for row in read() {
                let labels = Self.labels(row.descriptor.labels)
                let line = "\(row.descriptor.name)\(labels) \(Self.number(row.value))"
                append(line, to: row.descriptor, type: row.isCounter ? "counter" : "gauge")
            }
        case .histogram(let histogram):
            add(histogram)
        }
    }

    /// The whole page; every line ends with a line feed.
    func text() -> String {
        var text = ""
        for name in order {
            guard let family = families[name] else { continue }
            text += "# HELP \(name) \(Self.escaped(family.help, quotes: false))\n# TYPE \(name) \(family.type)\n"
            for line in family.lines {
                text += line
                text += "\n"
            }
        }
        return text
    }

    private mutating func add(_ histogram: Histogram) {
        let snapshot = histogram.snapshot()
        let descriptor = histogram.descriptor
        let buckets = zip(histogram.bounds.map(Self.seconds), snapshot.cumulative) + [("+Inf", snapshot.count)]
        for (bound, count) in buckets {
            let labels = Self.labels(descriptor.labels + [MetricDescriptor.Label("le", bound)])
            append("\(descriptor.name)_bucket\(labels) \(count)", to: descriptor, type: "histogram")
        }
        let labels = Self.labels(descriptor.labels)
        let sum = Self.seconds(snapshot.sumNanoseconds)
        append("\(descriptor.name)_sum\(labels) \(sum)", to: descriptor, type: "histogram")
        append("\(descriptor.name)_count\(labels) \(snapshot.count)", to: descriptor, type: "histogram")
    }

    private mutating func append(_ line: String, to descriptor: MetricDescriptor, type: String) {
        if families[descriptor.name] == nil {
            order.append(descriptor.name)
            families[descriptor.name] = Family(type: type, help: descriptor.help)
        }
        families[descriptor.name]?.lines.append(line)
    }

    private static func labels(_ labels: [MetricDescriptor.Label]) -> String {
        guard !labels.isEmpty else { return "" }
        return "{" + labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }.joined(separator: ",") + "}"
    }

    /// Backslash and line feed are escaped, in label values the quote as well; nothing else is.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"" where quotes: escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Whole numbers without a fraction, which a person reads more easily.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value == value.rounded(), abs(value) < 9e15 { return String(Int64(value)) }
        return value.description
    }

    /// Nanoseconds as seconds in decimals, exactly: 50,000 is "0.00005".
    private static func seconds(_ nanoseconds: UInt64) -> String {
        let whole = nanoseconds / 1_000_000_000
        var fraction = String(nanoseconds % 1_000_000_000)
        fraction = String(repeating: "0", count: 9 - fraction.count) + fraction
        while fraction.hasSuffix("0") {
            fraction.removeLast()
        }
        return fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
    }
}
