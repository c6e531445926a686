public import CachePolicy

/// A replay's configuration and what came of it. A value.
public struct ReplayRow: Sendable {
    /// What the cache had to work with.
    public var configuration: ReplayConfiguration
    /// What was counted.
    public var figures: ReplayFigures
}

extension TraceReader {
    /// Drives every cache with the whole trace, in one pass; rows in the order of `configurations`. With `counts`, objects
    /// are counted in the same pass. `progress` is given the stored bytes read so far.
    public func replay(
        _ configurations: [ReplayConfiguration],
        counts: Bool = false,
        progress: (Int) -> Void = { _ in }
    ) throws -> (rows: [ReplayRow], summary: Summary?) {
        var caches = configurations.map { ReplayCache($0) }
        var counter = ObjectCounter()
        try read(progress: progress) { batch in
            for place in caches.indices {
                for request in batch { caches[place].request(request.hash, size: request.size) }
            }
            if counts { counter.count(batch) }
        }
        let rows = caches.map { ReplayRow(configuration: $0.configuration, figures: $0.figures) }
        return (rows, counts ? counter.summary : nil)
    }
}
