/// What an edge shows at scrape time, read from where it lives. A value; one case is one row of the table.
public enum EdgeGauge: CaseIterable, Sendable {
    case connections, fillsInFlight
    case memoryUsed, memoryPinned, diskUsed, memoryLimit, diskLimit, memoryObjects, diskObjects
    case diskAvailable, purgeNumber, controlConnected, ready

    /// The row's name, labels and help.
    public var descriptor: MetricDescriptor {
        switch self {
        case .connections: Self.row("connections", "Client connections that are open.")
        case .fillsInFlight: Self.row("fills_in_flight", "Fetches from origins that run now.")
        case .memoryUsed: Self.used("memory")
        case .memoryPinned:
            Self.row("cache_pinned_bytes", "Bytes of bodies evicted from memory that connections still send.")
        case .diskUsed: Self.used("disk")
        case .memoryLimit: Self.limit("memory")
        case .diskLimit: Self.limit("disk")
        case .memoryObjects: Self.objects("memory")
        case .diskObjects: Self.objects("disk")
        case .diskAvailable: Self.row("disk_available", "1 while every disk is used and takes writes.")
        case .purgeNumber: Self.row("purge_number", "The newest entry of the purge log that is applied.")
        case .controlConnected: Self.row("control_connected", "1 while the purge log is being followed.")
        case .ready: Self.row("ready", "1 while /readyz answers 200.")
        }
    }

    private static func row(_ name: String, _ help: String) -> MetricDescriptor {
        MetricDescriptor("apus_\(name)", help: help)
    }

    private static func used(_ tier: String) -> MetricDescriptor {
        MetricDescriptor("apus_cache_used_bytes", "tier", tier, help: "Bytes the tier uses, all overhead included.")
    }

    private static func limit(_ tier: String) -> MetricDescriptor {
        MetricDescriptor("apus_cache_limit_bytes", "tier", tier, help: "Bytes the tier may use.")
    }

    private static func objects(_ tier: String) -> MetricDescriptor {
        MetricDescriptor("apus_cache_objects", "tier", tier, help: "Objects in the tier.")
    }
}
