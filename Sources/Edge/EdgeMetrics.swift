import CacheStore
import ControlPlane
import HTTPServer
import Telemetry

/// Registers what an edge shows on `/metrics`. A namespace.
enum EdgeMetrics {
    static func register(
        in metrics: Metrics,
        counters: Counters<EdgeCounter>,
        store: CacheStore,
        fillsUnderWay: @escaping @Sendable () -> Int,
        server: HTTPServer,
        isReady: @escaping @Sendable () -> Bool,
        isConnected: @escaping @Sendable () -> Bool
    ) {
        metrics.register(counters)
        for gauge in EdgeGauge.allCases {
            metrics.gauge(gauge.descriptor) {
                let statistics = store.statistics()
                return switch gauge {
                case .connections: Double(server.counters.snapshot().connectionsOpen)
                case .fillsInFlight: Double(fillsUnderWay())
                case .memoryUsed: Double(statistics.memoryUsedBytes)
                case .memoryLimit: Double(statistics.memoryLimitBytes)
                case .memoryObjects: Double(statistics.memoryObjects)
                case .diskUsed: Double(statistics.diskUsedBytes)
                case .diskLimit: Double(statistics.diskLimitBytes)
                case .diskObjects: Double(statistics.diskObjects)
                case .diskAvailable: statistics.diskIsWritable ? 1 : 0
                case .purgeNumber: Double(store.epochs.applied)
                case .controlConnected: isConnected() ? 1 : 0
                case .ready: isReady() ? 1 : 0
                }
            }
        }
        for counter in ServerCounter.allCases {
            metrics.counter(counter.descriptor) {
                let counted = server.counters.snapshot()
                let value =
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
                return UInt64(max(0, value))
            }
        }
        for counter in StoreCounter.allCases {
            metrics.counter(counter.descriptor) {
                let statistics = store.statistics()
                let value =
                    switch counter {
                    case .memoryEvictions: statistics.memoryEvictions
                    case .diskEvictions: statistics.diskSegmentsReclaimed
                    case .diskReads: statistics.diskReads
                    case .diskWrites: statistics.diskWrites
                    case .diskReadBytes: 0
                    case .diskWrittenBytes: statistics.diskBytesWritten
                    case .diskReadErrors: 0
                    case .diskWriteErrors: statistics.diskErrors
                    case .diskCorruptRecords: statistics.diskBadRecords
                    }
                return UInt64(max(0, value))
            }
        }
    }
}
