internal import CachePolicy
internal import Glibc

/// A trace in a file or on standard input, plain or compressed with gzip or Zstandard. A value.
///
/// It is never held in memory: requests are handed over in batches, in order.
public struct TraceReader: Sendable {
    /// Where the trace is; `-` is standard input.
    public let path: String

    /// The trace at `path`; nothing is opened yet.
    public init(path: String) {
        self.path = path
    }

    /// The trace's name in messages.
    var name: String { path == "-" ? "standard input" : path }

    /// What a trace consists of. A value.
    public struct Summary: Sendable, Equatable {
        /// Lines.
        public var requests = 0
        /// Different (key, size) pairs.
        public var objects = 0
        /// The sum of their sizes, in bytes.
        public var uniqueBytes = 0
    }

    /// Whether it is a file that can be read more than once.
    public var isRepeatable: Bool {
        guard path != "-" else { return false }
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Bytes of the file as it is stored; 0 when that is not known.
    public var storedBytes: Int {
        var status = stat()
        return isRepeatable && stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Reads the whole trace for what it consists of. `progress` is given the stored bytes read so far.
    public func summarise(progress: (Int) -> Void = { _ in }) throws -> Summary {
        var counter = ObjectCounter()
        try read(progress: progress) { counter.count($0) }
        return counter.summary
    }

    /// Reads the whole trace. `progress` is given the stored bytes read so far.
    public func read(progress: (Int) -> Void = { _ in }, _ take: ([TraceRequest]) -> Void) throws {
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw unreadable() }
        defer { if path != "-" { close(file) } }
        var lines = TraceLines(path: name)
        var batch: [TraceRequest] = []
        var buffer = [UInt8](repeating: 0, count: Limits.readBytes)
        var decoder: ByteDecoder?
        var total = 0
        var requests = 0
        do {
            while true {
                let input = try fill(&buffer, file)
                guard !input.isEmpty else { break }
                let current = try decoder ?? ByteDecoder(ByteDecoder.Format(input))
                decoder = current
                try current.decode(input) { bytes in
                    try lines.read(bytes, into: &batch)
                    requests += batch.count
                    take(batch)
                    batch.removeAll(keepingCapacity: true)
                }
                total += input.count
                progress(total)
            }
            guard decoder?.isAtEnd ?? true else { throw TraceError.damaged(path: name, reason: "it ends too early") }
        } catch let failure as ByteDecoder.Failure {
            throw TraceError.damaged(path: name, reason: failure.reason)
        }
        try lines.finish(into: &batch)
        take(batch)
        guard requests + batch.count > 0 else { throw TraceError.empty(path: name) }
    }

    /// As many bytes as the buffer holds, fewer at the end.
    private func fill(_ buffer: inout [UInt8], _ file: Int32) throws -> [UInt8] {
        var count = 0
        while count < buffer.count {
            let space = buffer.count - count
            let result = buffer.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress?.advanced(by: count), space) }
            if result < 0 {
                if errno == EINTR { continue }
                throw unreadable()
            }
            if result == 0 { break }
            count += result
            // The first four bytes tell the format; beyond them a pipe is not waited for.
            if count >= 4 { break }
        }
        return count == buffer.count ? buffer : Array(buffer[..<count])
    }

    private func unreadable() -> TraceError {
        .unreadable(path: name, reason: String(cString: strerror(errno)))
    }
}

/// Counts different objects: memory for them, not for the requests. A value.
public struct ObjectCounter: Sendable {
    private var seen = EvictionIndex(policy: .lru)
    private var requests = 0

    /// Nothing seen yet.
    public init() {}

    /// What was seen so far.
    public var summary: TraceReader.Summary {
        TraceReader.Summary(requests: requests, objects: seen.count, uniqueBytes: seen.totalCost)
    }

    /// Takes note of requests.
    public mutating func count(_ batch: [TraceRequest]) {
        requests += batch.count
        for request in batch where seen.find(request.hash) == nil { _ = seen.insert(request.hash, cost: request.size) }
    }
}
