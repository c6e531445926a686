import HTTPServer
import NIOConcurrencyHelpers
import Telemetry
import Testing

@testable import CacheStore
@testable import Edge

@Suite("What an edge shows on /metrics")
struct EdgeMetricsTests {
    private static func readings(_ store: CacheStatistics) -> EdgeMetrics.Readings {
        EdgeMetrics.Readings(
            store: store,
            server: ServerCounters().snapshot(),
            fillsUnderWay: 3,
            purgeNumber: 17,
            isConnected: true,
            isReady: false
        )
    }

    @Test("each row of the tables, once, with the figures that the parts have")
    func rows() {
        var store = CacheStatistics()
        store.disks = (0..<2).map { DiskStatistics(path: "/disk\($0)", limitBytes: 1 << 30) }
        store.disks[0].bytesRead = 1000
        store.disks[1].bytesRead = 1
        store.disks[0].readErrors = 2
        store.disks[1].writeErrors = 3
        store.disks[0].readsRefused = 5
        store.disks[0].checkpointMilliseconds = 1500
        store.memoryUsedBytes = 4
        let rows = EdgeMetrics.rows(of: Self.readings(store))
        let count =
            EdgeGauge.allCases.count + ServerCounter.allCases.count + StoreCounter.allCases.count
            + 2 * DiskFigure.allCases.count
        #expect(rows.count == count)
        let values = Dictionary(rows.map { ("\($0.descriptor.name)\($0.descriptor.labels.map(\.value))", $0.value) }) {
            first,
            _ in first
        }
        #expect(values.count == count)
        #expect(values["apus_disk_bytes_total[\"read\"]"] == 1001)
        #expect(values["apus_disk_errors_total[\"read\"]"] == 2 && values["apus_disk_errors_total[\"write\"]"] == 3)
        #expect(values["apus_cache_disk_errors_total[\"/disk0\", \"read\"]"] == 2)
        #expect(values["apus_cache_disk_transferred_bytes_total[\"/disk1\", \"read\"]"] == 1)
        #expect(values["apus_cache_disk_reads_refused_total[\"/disk0\"]"] == 5)
        #expect(values["apus_cache_disk_checkpoint_duration_seconds[\"/disk0\"]"] == 1.5)
        #expect(values["apus_cache_disk_available[\"/disk1\"]"] == 0)
        #expect(values["apus_cache_used_bytes[\"memory\"]"] == 4 && values["apus_purge_number[]"] == 17)
        #expect(values["apus_fills_in_flight[]"] == 3 && values["apus_ready[]"] == 0)
        #expect(rows.allSatisfy { $0.isCounter == $0.descriptor.name.hasSuffix("_total") })
    }

    @Test("everything is read once a scrape")
    func once() {
        let metrics = Metrics()
        let reads = NIOLockedValueBox(0)
        EdgeMetrics.register(in: metrics, counters: Counters<EdgeCounter>(slots: 1)) {
            reads.withLockedValue { $0 += 1 }
            return Self.readings(CacheStatistics())
        }
        let page = metrics.renderPrometheus()
        #expect(reads.withLockedValue { $0 } == 1)
        #expect(page.contains("\n# TYPE apus_purge_number gauge\napus_purge_number 17\n"))
        #expect(page.contains("\n# TYPE apus_connections_accepted_total counter\n"))
    }
}
