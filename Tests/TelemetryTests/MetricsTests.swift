import Testing

@testable import Telemetry

/// The page that `/metrics` shows, read by a strict parser.
@Suite struct MetricsTests {
    @Test func emptyPage() throws {
        #expect(try PrometheusParser(Metrics().renderPrometheus()).families.isEmpty)
    }

    @Test func wholeEdgeIsOnePage() throws {
        let metrics = Metrics()
        let counters = Counters<EdgeCounter>(slots: 2)
        metrics.register(counters)
        for gauge in EdgeGauge.allCases { metrics.gauge(gauge.descriptor) { 1 } }
        for counter in StoreCounter.allCases { metrics.counter(counter.descriptor) { 2 } }
        let descriptor = MetricDescriptor("apus_request_duration_seconds", help: "Time to answer.")
        metrics.register(Histogram(descriptor, slots: 2))
        ProcessMetrics.register(in: metrics, version: "0.1.0", role: "edge")
        counters.slot(0).add(.requestsHit)
        counters.slot(1).add(.requestsHit, 2)
        counters.add(.requestsMiss)
        counters.slot(1).add(.responseBytes, UInt64(1) << 40)
        let page = try PrometheusParser(metrics.renderPrometheus())
        #expect(page["apus_requests_total", ["result": "hit"]] == 3)
        #expect(page["apus_requests_total", ["result": "miss"]] == 1)
        #expect(page["apus_response_body_bytes_total"] == 1_099_511_627_776)
        #expect(page["apus_evictions_total", ["tier": "disk"]] == 2)
        #expect(page["apus_build_info", ["version": "0.1.0", "role": "edge"]] == 1)
        #expect(page["apus_uptime_seconds"].map { $0 >= 0 } == true)
        #expect(page["process_resident_memory_bytes"].map { $0 > 1_000_000 } == true)
        #expect(page["process_cpu_seconds_total"].map { $0 >= 0 } == true)
        #expect(page.families["apus_requests_total"]?.samples.count == 8)
        #expect(page.families["apus_cache_used_bytes"]?.samples.count == 2)
    }

    @Test func tablesFollowTheConventions() {
        #expect(EdgeCounter.allCases.map(\.rawValue) == Array(0..<EdgeCounter.allCases.count))
        let all =
            EdgeCounter.allCases.map(\.descriptor) + EdgeGauge.allCases.map(\.descriptor)
            + StoreCounter.allCases.map(\.descriptor) + ServerCounter.allCases.map(\.descriptor)
        let rows = Set(all.map { "\($0.name)\($0.labels)" })
        #expect(rows.count == all.count, "two rows are the same")
        for (name, family) in Dictionary(grouping: all, by: \.name) {
            #expect(name.hasPrefix("apus_"))
            #expect(Set(family.map(\.help)).count == 1, "\(name) has two helps")
            #expect(Set(family.map { $0.labels.map(\.name) }).count == 1, "\(name) mixes labels")
        }
    }

    @Test func rowsOfOneNameFromSeveralPlacesStandTogether() throws {
        let metrics = Metrics()
        metrics.gauge(MetricDescriptor("a", "x", "1", help: "A.")) { 1 }
        metrics.gauge(MetricDescriptor("b", help: "B.")) { 2 }
        metrics.gauge(MetricDescriptor("a", "x", "2", help: "A.")) { 3 }
        let text = metrics.renderPrometheus()
        #expect(text == "# HELP a A.\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 3\n# HELP b B.\n# TYPE b gauge\nb 2\n")
        #expect(try PrometheusParser(text)["a", ["x": "2"]] == 3)
    }

    @Test func labelsAndHelpAreEscaped() throws {
        let metrics = Metrics()
        let nasty = "a\"b\\c\nd\\n{},=\u{1F985} \r"
        metrics.gauges(MetricDescriptor("a", help: "back\\slash \"quoted\"\nline")) {
            [Metrics.Sample(labels: [.init("x", nasty), .init("y", "")], value: 0.5)]
        }
        let page = try PrometheusParser(metrics.renderPrometheus())
        #expect(page["a", ["x": nasty, "y": ""]] == 0.5)
        #expect(page.families["a"]?.help == "back\\slash \"quoted\"\nline")
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1.5, "1.5"), (1e15, "1000000000000000"), (1e300, "1e+300"), (.nan, "NaN"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (0.1, "0.1"), (-3, "-3"),
    ])
    func numbersAsPrometheusSpellsThem(value: Double, text: String) {
        let metrics = Metrics()
        metrics.gauge(MetricDescriptor("a", help: "A.")) { value }
        #expect(metrics.renderPrometheus().hasSuffix("\na \(text)\n"))
    }

    @Test func aGaugeWithoutRowsIsNotShown() throws {
        let metrics = Metrics()
        metrics.gauges(MetricDescriptor("a", help: "A.")) { [] }
        #expect(metrics.renderPrometheus().isEmpty)
    }
}
