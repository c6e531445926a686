/// What an HTTP server counts itself and an edge shows at scrape time. A value; one case is one row of the table.
public enum ServerCounter: CaseIterable, Sendable {
    case accepted, acceptPauses, tlsFailures
    case headTimeouts, bodyTimeouts, writeTimeouts, idleTimeouts
    case badRequests, clientsGone, aborted

    /// The row's name, labels and help.
    public var descriptor: MetricDescriptor {
        switch self {
        case .accepted: MetricDescriptor("apus_connections_accepted_total", help: "Client connections accepted.")
        case .acceptPauses:
            MetricDescriptor("apus_accept_pauses_total", help: "Times that accepting stopped: the server was full.")
        case .tlsFailures:
            MetricDescriptor("apus_tls_failures_total", help: "Client connections closed in their TLS handshake.")
        case .headTimeouts: Self.timeouts("head")
        case .bodyTimeouts: Self.timeouts("body")
        case .writeTimeouts: Self.timeouts("write")
        case .idleTimeouts: Self.timeouts("idle")
        case .badRequests:
            MetricDescriptor("apus_bad_requests_total", help: "Requests that broke HTTP's framing or a limit.")
        case .clientsGone:
            MetricDescriptor("apus_clients_gone_total", help: "Clients that left before their answer was complete.")
        case .aborted: MetricDescriptor("apus_aborted_total", help: "Answers broken off by this server.")
        }
    }

    private static func timeouts(_ what: String) -> MetricDescriptor {
        MetricDescriptor(
            "apus_client_timeouts_total",
            "waiting",
            what,
            help: "Client connections that ran into a time limit, by what was waited for."
        )
    }
}
