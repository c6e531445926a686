import CacheStore
import CachingRules
import HTTPWire
import Logging
import Origins
import Telemetry

/// Counts each decision by its reason, under the name that Cache-Status and the log have for it. Immutable; the counters
/// are atomic.
final class EdgeReasons: Sendable {
    let notStored = ReasonCounters(
        "apus_responses_not_stored_total",
        label: "reason",
        help: "Responses of origins that were not put into the cache, by reason.",
        words: NotStored.allCases.map(\.name)
    )
    let forwards = ReasonCounters(
        "apus_forwards_total",
        label: "reason",
        help: "Requests that were sent to an origin, by what kept the cache from answering.",
        words: ForwardReason.allCases.map(\.rawValue)
    )
    let failures = ReasonCounters(
        "apus_failures_total",
        label: "detail",
        help: "Answers that the edge had to make itself or leave incomplete, by what was wrong.",
        words: OriginFailure.details + FillFailure.details + Refusal.details
    )
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func register(in metrics: Metrics) {
        metrics.register(notStored)
        metrics.register(forwards)
        metrics.register(failures)
    }

    func note(_ why: NotStored, _ key: CacheKey, at site: Site) {
        notStored.add(why.name)
        log("not stored", "reason", why.name, key, site)
    }

    func note(_ reason: ForwardReason, _ key: CacheKey, at site: Site) {
        forwards.add(reason.rawValue)
        log("asking the origin", "reason", reason.rawValue, key, site)
    }

    private func log(_ what: Logger.Message, _ label: String, _ word: String, _ key: CacheKey, _ site: Site) {
        logger.debug(what, metadata: ["site": "\(site.name)", "path": "\(key.pathText)", "\(label)": "\(word)"])
    }
}

extension CacheKey {
    /// Path and query as a person reads them; for logs.
    var pathText: String {
        let target = target
        return RequestTarget.percentEncode(target, keepSlash: true)
    }
}
