/// What a cache store counts itself and an edge shows at scrape time. A value; one case is one row of the table.
public enum StoreCounter: CaseIterable, Sendable {
    case memoryEvictions, diskEvictions
    case diskReads, diskWrites, diskReadBytes, diskWrittenBytes
    case diskReadErrors, diskWriteErrors, diskCorruptRecords

    /// The row's name, labels and help.
    public var descriptor: MetricDescriptor {
        switch self {
        case .memoryEvictions: Self.evictions("memory")
        case .diskEvictions: Self.evictions("disk")
        case .diskReads: Self.disk("operations", "read", "Records read from or written to the disk tier.")
        case .diskWrites: Self.disk("operations", "write", "Records read from or written to the disk tier.")
        case .diskReadBytes: Self.disk("bytes", "read", "Bytes read from or written to the disk tier.")
        case .diskWrittenBytes: Self.disk("bytes", "write", "Bytes read from or written to the disk tier.")
        case .diskReadErrors: Self.disk("errors", "read", "Reads or writes of the disk tier that failed.")
        case .diskWriteErrors: Self.disk("errors", "write", "Reads or writes of the disk tier that failed.")
        case .diskCorruptRecords:
            MetricDescriptor("apus_disk_corrupt_records_total", help: "Records with a wrong checksum, taken as a miss.")
        }
    }

    private static func evictions(_ tier: String) -> MetricDescriptor {
        MetricDescriptor("apus_evictions_total", "tier", tier, help: "Objects evicted to make room.")
    }

    private static func disk(_ name: String, _ operation: String, _ help: String) -> MetricDescriptor {
        MetricDescriptor("apus_disk_\(name)_total", "op", operation, help: help)
    }
}
