import CacheStore
import ControlPlane
import HTTPServer
import Telemetry

/// Registers what an edge shows on `/metrics`. A namespace.
enum EdgeMetrics {
    /// What is read at a scrape: each once, so that the rows of a page are of one moment.
    struct Readings {
        let store: CacheStatistics
        let server: ServerCounters.Snapshot
        let fillsUnderWay: Int
        let purgeNumber: UInt64
        let isConnected: Bool
        let isReady: Bool
    }

    static func register(
        in metrics: Metrics,
        counters: Counters<EdgeCounter>,
        read: @escaping @Sendable () -> Readings
    ) {
        metrics.register(counters)
        metrics.rows { rows(of: read()) }
    }

    static func rows(of readings: Readings) -> [Metrics.Row] {
        EdgeGauge.allCases.map { .gauge($0.descriptor, value($0, readings)) }
            + ServerCounter.allCases.map { .counter($0.descriptor, UInt64(max(0, value($0, readings.server)))) }
            + StoreCounter.allCases.map { .counter($0.descriptor, UInt64(max(0, value($0, readings.store)))) }
            + readings.store.disks.flatMap { disk in DiskFigure.allCases.map { row($0, disk) } }
    }

    private static func row(_ figure: DiskFigure, _ disk: DiskStatistics) -> Metrics.Row {
        let descriptor = figure.descriptor(path: disk.path)
        let value = value(figure, disk)
        if figure.isCounter { return .counter(descriptor, UInt64(max(0, value))) }
        return .gauge(descriptor, figure == .checkpointDuration ? Double(value) / 1000 : Double(value))
    }

    private static func value(_ figure: DiskFigure, _ disk: DiskStatistics) -> Int {
        switch figure {
        case .available: disk.isWritable ? 1 : 0
        case .objects: disk.objects
        case .used: disk.usedBytes
        case .limit: disk.limitBytes
        case .live: disk.liveBytes
        case .index: disk.indexBytes
        case .recordsRead: disk.reads
        case .recordsWritten: disk.writes
        case .bytesRead: disk.bytesRead
        case .bytesWritten: disk.bytesWritten
        case .readErrors: disk.readErrors
        case .writeErrors: disk.writeErrors
        case .corrupt: disk.badRecords
        case .pauses: disk.pauses
        case .queueFull: disk.writesDropped
        case .notAdmitted: disk.notAdmitted
        case .dailyLimit: disk.beyondDailyWrites
        case .evicted: disk.segmentsReclaimed
        case .compacted: disk.segmentsCompacted
        case .emptied: disk.segmentsEmptied
        case .scrubbed: disk.scrubbedBytes
        case .scrubPasses: disk.scrubPasses
        case .scrubDamaged: disk.scrubBad
        case .purgedFound: disk.purgedFound
        case .readsRefused: disk.readsRefused
        case .checkpoints: disk.checkpoints
        case .checkpointTime: disk.checkpointTime
        case .checkpointDuration: disk.checkpointMilliseconds
        }
    }

    private static func value(_ gauge: EdgeGauge, _ readings: Readings) -> Double {
        switch gauge {
        case .connections: Double(readings.server.connectionsOpen)
        case .fillsInFlight: Double(readings.fillsUnderWay)
        case .memoryUsed: Double(readings.store.memoryUsedBytes)
        case .memoryLimit: Double(readings.store.memoryLimitBytes)
        case .memoryPinned: Double(readings.store.memoryPinnedBytes)
        case .memoryObjects: Double(readings.store.memoryObjects)
        case .diskUsed: Double(readings.store.diskUsedBytes)
        case .diskLimit: Double(readings.store.diskLimitBytes)
        case .diskObjects: Double(readings.store.diskObjects)
        case .diskAvailable: readings.store.diskIsWritable ? 1 : 0
        case .purgeNumber: Double(readings.purgeNumber)
        case .controlConnected: readings.isConnected ? 1 : 0
        case .ready: readings.isReady ? 1 : 0
        }
    }

    private static func value(_ counter: ServerCounter, _ counted: ServerCounters.Snapshot) -> Int {
        switch counter {
        case .accepted: counted.connectionsAccepted
        case .acceptPauses: counted.acceptPauses
        case .tlsFailures: counted.tlsFailures
        case .headTimeouts: counted.headTimeouts
        case .bodyTimeouts: counted.bodyTimeouts
        case .writeTimeouts: counted.writeTimeouts
        case .idleTimeouts: counted.idleTimeouts
        case .badRequests: counted.badRequests
        case .clientsGone: counted.clientsGone
        case .aborted: counted.aborted
        }
    }

    private static func value(_ counter: StoreCounter, _ statistics: CacheStatistics) -> Int {
        switch counter {
        case .memoryEvictions: statistics.memoryEvictions
        case .diskEvictions: statistics.diskSegmentsReclaimed
        case .diskReads: statistics.diskReads
        case .diskWrites: statistics.diskWrites
        case .diskReadBytes: statistics.diskBytesRead
        case .diskWrittenBytes: statistics.diskBytesWritten
        case .diskReadErrors: statistics.diskReadErrors
        case .diskWriteErrors: statistics.diskWriteErrors
        case .diskCorruptRecords: statistics.diskBadRecords
        }
    }
}
