import NIOCore

/// The log's last entries as lines of the stream, so that a hundred followers cost one encoding. A value, owned by the coordinator.
struct LogTail {
    private var lines: [ByteBuffer] = []
    /// The number of `lines`' first.
    private var first: UInt64
    private var bytes = 0
    private let maxEntries: Int
    private let maxBytes: Int

    /// An empty tail that goes on after `number`.
    init(after number: UInt64, limits: ControlLimits) {
        first = number + 1
        maxEntries = limits.tailEntries
        maxBytes = limits.tailBytes
    }

    /// The next entry; one that does not follow the last empties the tail.
    mutating func append(_ entry: PurgeEntry) {
        guard entry.number == first + UInt64(lines.count), let line = try? ControlJSON.line(entry) else {
            lines.removeAll()
            bytes = 0
            first = entry.number + 1
            return
        }
        lines.append(line)
        bytes += line.readableBytes
        // Half at once, so that the array is not shifted for each entry.
        if lines.count > maxEntries || bytes > maxBytes {
            let dropped = max(1, lines.count / 2)
            bytes -= lines.prefix(dropped).reduce(0) { $0 + $1.readableBytes }
            lines.removeFirst(dropped)
            first += UInt64(dropped)
        }
    }

    /// The lines after `number`, at most `limit`; nil: the tail does not go back that far.
    func lines(after number: UInt64, limit: Int) -> ArraySlice<ByteBuffer>? {
        guard number + 1 >= first else { return nil }
        let start = number + 1 - first
        guard start <= UInt64(lines.count) else { return [] }
        return lines[Int(start)...].prefix(limit)
    }
}
