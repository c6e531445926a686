/// What an edge counts. A value; one case is one row of the table.
public enum EdgeCounter: Int, CounterKey {
    case requestsHit, requestsMiss, requestsStale, requestsRevalidated, requestsCollapsed, requestsBypass, requestsError
    case requestsRedirected
    case responses2xx, responses3xx, responses4xx, responses5xx
    case responseBytes, responseBytesFromCache
    case originRequests, originErrors, originNotModified, originBytes
    case fillsStarted, fillsCompleted, fillsBroken, fillsAbandoned
    case stores
    case compressedGzip, compressedBrotli, compressedDropped
    case purgesApplied

    /// The row's name, labels and help.
    public var descriptor: MetricDescriptor {
        switch self {
        case .requestsHit: Self.request("hit")
        case .requestsMiss: Self.request("miss")
        case .requestsStale: Self.request("stale")
        case .requestsRevalidated: Self.request("revalidated")
        case .requestsCollapsed: Self.request("collapsed")
        case .requestsBypass: Self.request("bypass")
        case .requestsError: Self.request("error")
        case .requestsRedirected: Self.request("redirected")
        case .responses2xx: Self.response("2xx")
        case .responses3xx: Self.response("3xx")
        case .responses4xx: Self.response("4xx")
        case .responses5xx: Self.response("5xx")
        case .responseBytes: Self.row("response_body_bytes", "Body bytes sent to clients.")
        case .responseBytesFromCache:
            Self.row("response_body_bytes_from_cache", "Body bytes sent to clients that no origin had to send.")
        case .originRequests: Self.row("origin_requests", "Requests sent to origins.")
        case .originErrors: Self.row("origin_errors", "Requests to origins that failed or got a 5xx.")
        case .originNotModified: Self.row("origin_not_modified", "Revalidations that an origin answered with 304.")
        case .originBytes: Self.row("origin_body_bytes", "Body bytes received from origins.")
        case .fillsStarted: Self.fill("started")
        case .fillsCompleted: Self.fill("completed")
        case .fillsBroken: Self.fill("broken")
        case .fillsAbandoned: Self.fill("abandoned")
        case .stores: Self.row("stores", "Responses put into the cache.")
        case .compressedGzip: Self.compressed("gzip")
        case .compressedBrotli: Self.compressed("br")
        case .compressedDropped: Self.row("compressed_dropped", "Compressed forms dropped for saving less than 5 %.")
        case .purgesApplied: Self.row("purges_applied", "Entries of the purge log applied by this process.")
        }
    }

    private static func row(_ name: String, _ help: String) -> MetricDescriptor {
        MetricDescriptor("apus_\(name)_total", help: help)
    }

    private static func request(_ result: String) -> MetricDescriptor {
        MetricDescriptor("apus_requests_total", "result", result, help: "Requests answered, by what the cache did.")
    }

    private static func response(_ statusClass: String) -> MetricDescriptor {
        MetricDescriptor("apus_responses_total", "class", statusClass, help: "Responses sent, by class of status.")
    }

    private static func fill(_ state: String) -> MetricDescriptor {
        MetricDescriptor("apus_fills_total", "state", state, help: "Fetches from an origin into the cache, by state.")
    }

    private static func compressed(_ coding: String) -> MetricDescriptor {
        MetricDescriptor("apus_compressed_total", "coding", coding, help: "Compressed forms made, by content coding.")
    }
}
