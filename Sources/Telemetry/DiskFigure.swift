/// What each disk of a cache store shows at scrape time, by its path. A value; one case is one row of the table.
public enum DiskFigure: CaseIterable, Sendable {
    case available, objects, used, limit, live, index
    case recordsRead, recordsWritten, bytesRead, bytesWritten, readErrors, writeErrors, corrupt, pauses
    case queueFull, notAdmitted, dailyLimit
    case evicted, compacted, emptied
    case scrubbed, scrubPasses, scrubDamaged, purgedFound
    case readsRefused, checkpoints, checkpointTime, checkpointDuration

    /// A counter only grows; anything else is a gauge.
    public var isCounter: Bool {
        switch self {
        case .available, .objects, .used, .limit, .live, .index, .checkpointTime, .checkpointDuration: false
        default: true
        }
    }

    /// The row's name, labels and help for the disk at `path`.
    public func descriptor(path: String) -> MetricDescriptor {
        let (name, label, help) = row
        let labels = [MetricDescriptor.Label("path", path)] + (label.map { [MetricDescriptor.Label($0.0, $0.1)] } ?? [])
        return MetricDescriptor("apus_cache_disk_\(name)", help: help, labels: labels)
    }

    private var row: (name: String, label: (String, String)?, help: String) {
        switch self {
        case .available: ("available", nil, "1 while the disk is used and takes writes.")
        case .objects: ("objects", nil, "Forms of objects on the disk.")
        case .used: ("used_bytes", nil, "Bytes that the disk's segments take.")
        case .limit: ("limit_bytes", nil, "Bytes that the disk's segments may take.")
        case .live: ("live_bytes", nil, "Bytes of the segments that can still be found; the rest is outdated.")
        case .index: ("index_bytes", nil, "Bytes that the disk's index takes in memory.")
        case .recordsRead: ("records_total", ("op", "read"), Self.records)
        case .recordsWritten: ("records_total", ("op", "write"), Self.records)
        case .bytesRead: ("transferred_bytes_total", ("op", "read"), Self.bytes)
        case .bytesWritten: ("transferred_bytes_total", ("op", "write"), Self.bytes)
        case .readErrors: ("errors_total", ("op", "read"), Self.errors)
        case .writeErrors: ("errors_total", ("op", "write"), Self.errors)
        case .corrupt: ("corrupt_records_total", nil, "Records with a wrong checksum, taken as a miss.")
        case .pauses: ("pauses_total", nil, "Times that the disk refused a write and got none for a while.")
        case .queueFull: ("not_stored_total", ("reason", "queue-full"), Self.notStored)
        case .notAdmitted: ("not_stored_total", ("reason", "first-request"), Self.notStored)
        case .dailyLimit: ("not_stored_total", ("reason", "daily-limit"), Self.notStored)
        case .evicted: ("segments_total", ("how", "evicted"), Self.segments)
        case .compacted: ("segments_total", ("how", "compacted"), Self.segments)
        case .emptied: ("segments_total", ("how", "emptied"), Self.segments)
        case .scrubbed: ("scrubbed_bytes_total", nil, "Bytes whose checksums the scrubber has verified.")
        case .scrubPasses: ("scrub_passes_total", nil, "Times that the scrubber has been through the whole disk.")
        case .scrubDamaged: ("scrub_damaged_total", nil, "Damaged records that the scrubber has found.")
        case .purgedFound: ("purged_found_total", nil, "Forms killed by a purge whose space was found and taken back.")
        case .readsRefused: ("reads_refused_total", nil, "Misses because too many reads waited for the disk.")
        case .checkpoints: ("checkpoints_total", nil, "Checkpoints of the index taken.")
        case .checkpointTime:
            ("checkpoint_timestamp_seconds", nil, "Unix time of the last checkpoint; 0: none since the start.")
        case .checkpointDuration:
            ("checkpoint_duration_seconds", nil, "What the last checkpoint took from begin to end.")
        }
    }

    private static let records = "Records read from or written to the disk."
    private static let bytes = "Bytes read from or written to the disk."
    private static let errors = "Reads or writes that the disk refused."
    private static let notStored = "Objects that did not go to the disk, by reason."
    private static let segments = "Segments taken back to make room, and how."
}
