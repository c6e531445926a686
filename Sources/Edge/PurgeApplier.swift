import CacheStore
import ControlPlane
import HTTPWire
import Logging
import Telemetry

/// Turns control's purges, which name hosts, into epochs of this edge's sites. Immutable; safe from every thread.
///
/// Rule N6: `apply` returns when every loop of this edge sees the purge, since the epochs are published to all at once.
struct PurgeApplier: Sendable {
    let store: CacheStore
    let sites: SiteTable
    let counters: Counters<EdgeCounter>
    let logger: Logger

    func apply(_ entries: [PurgeEntry]) {
        for entry in entries {
            let scopes = entry.scopes.compactMap { Self.scope($0, at: sites) }
            if scopes.isEmpty {
                // None of its hosts is served here.
                store.epochs.advance(to: entry.number, entryMark: entry.mark)
            } else {
                store.epochs.apply(scopes, number: entry.number, soft: entry.soft, entryMark: entry.mark)
            }
            counters.add(.purgesApplied)
            logger.info(
                "purge applied",
                metadata: [
                    "number": "\(entry.number)",
                    "scopes": "\(entry.scopes.prefix(3).map(\.description).joined(separator: " "))",
                ]
            )
        }
    }

    /// The log is another one, or its purges so far are not known here: everything from before has to be confirmed by its
    /// origin (rule N8).
    func reset(to position: LogPosition) {
        store.epochs.adopt(log: position.log, number: position.number, entryMark: position.mark)
        logger.notice(
            "follows another purge log",
            metadata: ["log": "\(position.log)", "number": "\(position.number)"]
        )
    }

    /// nil: no site here answers for the host.
    static func scope(_ scope: PurgeScope, at sites: SiteTable) -> PurgeEpochs.Scope? {
        switch scope {
        case .all:
            return .everything
        case .site(let host):
            return sites.site(forHost: host).map { .site($0.id) }
        case .prefix(let host, let path):
            return sites.site(forHost: host).map { .prefix(site: $0.id, path: keyPath(path, at: $0)) }
        case .url(let host, let path, let query):
            guard let site = sites.site(forHost: host) else { return nil }
            var bytes = keyPath(path, at: site)
            // As the key is built: `/` is its index document, and only what the site says of the query counts (rule K1).
            if let index = site.index, bytes.last == UInt8(ascii: "/") { bytes += index }
            return .url(site: site.id, path: bytes, query: query.flatMap { keyQuery($0, at: site) })
        case .tag(let tag, let host):
            guard let host else { return .tag(site: nil, tag: tag) }
            return sites.site(forHost: host).map { .tag(site: $0.id, tag: tag) }
        }
    }

    /// nil: nothing of the query is in keys. The purge then covers the path with every query, rather too much than too little.
    private static func keyQuery(_ query: String, at site: Site) -> [UInt8]? {
        var bytes = Array(query.utf8)
        var filter = QueryFilter()
        return filter.apply(site.query, to: &bytes) ? bytes : nil
    }

    private static func keyPath(_ path: String, at site: Site) -> [UInt8] {
        site.isBucket ? ObjectPath.canonical(path) : Array(path.utf8)
    }
}
