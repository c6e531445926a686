import Testing

@testable import Telemetry

private enum Key: Int, CounterKey {
    case first, second

    var descriptor: MetricDescriptor { MetricDescriptor("test_\(self)_total", help: "\(self).") }
}

/// Counters and histograms by themselves.
@Suite struct CountersTests {
    @Test func slotsAddUp() {
        let counters = Counters<Key>(slots: 3)
        for slot in -2..<6 { counters.slot(slot).add(.first) }
        counters.add(.second, 5)
        #expect(counters.total(.first) == 8)
        #expect(counters.total(.second) == 5)
    }

    @Test func noSlotsAtAllStillCount() {
        let counters = Counters<Key>(slots: 0)
        counters.slot(0).add(.first)
        #expect(counters.total(.first) == 1)
    }

    @Test func countersWrapInsteadOfTrapping() {
        let counters = Counters<Key>(slots: 1)
        counters.slot(0).add(.first, .max)
        counters.add(.first, 2)
        #expect(counters.total(.first) == 1)
    }

    @Test func nothingIsLostBetweenThreads() async {
        let counters = Counters<Key>(slots: 2)
        let histogram = Histogram(MetricDescriptor("h_seconds", help: "H."), slots: 2)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    // Two tasks share every row, also the row of the threads without a slot.
                    let slot = counters.slot(task % 4)
                    for _ in 0..<10_000 {
                        slot.add(.first)
                        histogram.record(nanoseconds: 1000, slot: task % 4)
                    }
                }
            }
        }
        #expect(counters.total(.first) == 80_000)
        #expect(histogram.snapshot().count == 80_000)
        #expect(histogram.snapshot().sumNanoseconds == 80_000_000)
    }

    @Test func aBoundBelongsToItsBucket() {
        let histogram = Histogram(MetricDescriptor("h_seconds", help: "H."), bounds: [200, 100, 200], slots: 1)
        #expect(histogram.bounds == [100, 200])
        for value: UInt64 in [0, 100, 101, 200, 201, .max] { histogram.record(nanoseconds: value, slot: 0) }
        #expect(histogram.snapshot().cumulative == [2, 4])
        #expect(histogram.snapshot().count == 6)
    }

    @Test func secondsAreExact() throws {
        let metrics = Metrics()
        let histogram = Histogram(
            MetricDescriptor("h_seconds", "site", "a", help: "H."),
            bounds: [50_000, 1_000_000_000, 2_500_000_000],
            slots: 1
        )
        metrics.register(histogram)
        histogram.record(nanoseconds: 1_000_000_001)
        histogram.record(nanoseconds: 50_000)
        #expect(
            metrics.renderPrometheus() == """
                # HELP h_seconds H.
                # TYPE h_seconds histogram
                h_seconds_bucket{site="a",le="0.00005"} 1
                h_seconds_bucket{site="a",le="1"} 1
                h_seconds_bucket{site="a",le="2.5"} 2
                h_seconds_bucket{site="a",le="+Inf"} 2
                h_seconds_sum{site="a"} 1.000050001
                h_seconds_count{site="a"} 2

                """
        )
    }

    @Test func histogramWithoutBounds() {
        let histogram = Histogram(MetricDescriptor("h_seconds", help: "H."), bounds: [], slots: 1)
        histogram.record(nanoseconds: 5)
        #expect(histogram.snapshot() == Histogram.Snapshot(cumulative: [], count: 1, sumNanoseconds: 5))
    }
}
