internal import Synchronization

/// Everything a process measures: counters, gauges and histograms, and the page that shows them. Shared; a lock
/// guards the list, which changes at start and is read at a scrape; counting itself never comes here.
public final class Metrics: Sendable {
    /// One number of a gauge whose rows are known only when they are read. A value.
    public struct Sample: Sendable, Equatable {
        /// Added to the labels of the gauge's descriptor.
        public let labels: [MetricDescriptor.Label]
        /// The number; NaN and infinities are written as Prometheus spells them.
        public let value: Double

        /// Makes a sample.
        public init(labels: [MetricDescriptor.Label] = [], value: Double) {
            self.labels = labels
            self.value = value
        }
    }

    /// One row of a table that is read as a whole. A value.
    public struct Row: Sendable, Equatable {
        /// Its name, labels and help.
        public let descriptor: MetricDescriptor
        /// A counter only grows, and its name ends in `_total`; anything else is a gauge.
        public let isCounter: Bool
        /// The number.
        public let value: Double

        /// A number that goes up and down.
        public static func gauge(_ descriptor: MetricDescriptor, _ value: Double) -> Row {
            Row(descriptor: descriptor, isCounter: false, value: value)
        }

        /// A number that only grows. Exact up to 2^53.
        public static func counter(_ descriptor: MetricDescriptor, _ value: UInt64) -> Row {
            Row(descriptor: descriptor, isCounter: true, value: Double(value))
        }
    }

    enum Source: Sendable {
        case rows(@Sendable () -> [Row])
        case counters(@Sendable () -> [(MetricDescriptor, UInt64)])
        case samples(MetricDescriptor, type: String, @Sendable () -> [Sample])
        case histogram(Histogram)
    }

    private let sources = Mutex<[Source]>([])

    /// Makes an empty set.
    public init() {}

    /// Shows a table of counters. Its rows are read at every scrape.
    public func register<Key: CounterKey>(_ counters: Counters<Key>) {
        append(.counters { Key.allCases.map { ($0.descriptor, counters.total($0)) } })
    }

    /// Shows one number that is read at scrape time. The closure runs on the scraping thread and must not block.
    public func gauge(_ descriptor: MetricDescriptor, read: @escaping @Sendable () -> Double) {
        append(.samples(descriptor, type: "gauge") { [Sample(value: read())] })
    }

    /// Shows several numbers of one name, e.g. one a site.
    public func gauges(_ descriptor: MetricDescriptor, read: @escaping @Sendable () -> [Sample]) {
        append(.samples(descriptor, type: "gauge", read))
    }

    /// Shows a number that only grows and has fractions, such as CPU seconds. Its name ends in `_total`.
    public func fractionalCounter(_ descriptor: MetricDescriptor, read: @escaping @Sendable () -> Double) {
        append(.samples(descriptor, type: "counter") { [Sample(value: read())] })
    }

    /// Shows a number that only grows and that another part already counts, in whole units. Its name ends in `_total`.
    public func counter(_ descriptor: MetricDescriptor, read: @escaping @Sendable () -> UInt64) {
        append(.counters { [(descriptor, read())] })
    }

    /// Shows rows that are read together, once a scrape: where one look gives many numbers, they are of one moment and the
    /// look is paid for once. The closure runs on the scraping thread and must not block.
    public func rows(_ read: @escaping @Sendable () -> [Row]) {
        append(.rows(read))
    }

    /// Shows a histogram.
    public func register(_ histogram: Histogram) {
        append(.histogram(histogram))
    }

    /// The page for `GET /metrics`, in Prometheus' text format 0.0.4. Send it with ``contentType``.
    ///
    /// Families come in the order in which they were registered.
    public func renderPrometheus() -> String {
        var page = PrometheusPage()
        for source in sources.withLock({ $0 }) {
            page.add(source)
        }
        return page.text()
    }

    /// The media type of ``renderPrometheus()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    func append(_ source: Source) {
        sources.withLock { $0.append(source) }
    }
}
