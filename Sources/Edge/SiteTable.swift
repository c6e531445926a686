import Settings

/// Which site answers for a host. Immutable snapshot; a reload replaces it whole.
///
/// Exact hosts are found by hash without making a String; then the longest matching `*.suffix`; then `*`.
final class SiteTable: Sendable {
    let sites: [Site]

    private let slots: [Slot?]
    private let wildcards: [Wildcard]
    private let fallback: Site?

    private struct Slot: Sendable {
        let host: [UInt8]
        let site: Site
    }

    private struct Wildcard: Sendable {
        /// With its leading dot: `.example.com`.
        let suffix: [UInt8]
        let site: Site
    }

    init(_ sites: [Site]) {
        self.sites = sites
        var exact: [Slot] = []
        var wildcards: [Wildcard] = []
        var fallback: Site?
        for site in sites {
            for host in site.hosts {
                switch host {
                case .any: fallback = fallback ?? site
                case .suffix(let suffix): wildcards.append(Wildcard(suffix: Array(suffix.utf8), site: site))
                case .exact(let name): exact.append(Slot(host: Array(name.utf8), site: site))
                }
            }
        }
        self.slots = Self.table(of: exact)
        self.wildcards = wildcards.sorted { $0.suffix.count > $1.suffix.count }
        self.fallback = fallback
    }

    /// The site for a host that is lower-case and without its port.
    func site(forHost host: Span<UInt8>) -> Site? {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: Self.hash(host)) & mask
        while let slot = slots[index] {
            if Self.equal(slot.host.span, host) { return slot.site }
            index = (index + 1) & mask
        }
        for wildcard in wildcards where Self.hasSuffix(host, wildcard.suffix.span) {
            return wildcard.site
        }
        return fallback
    }

    func site(forHost host: String) -> Site? {
        let bytes = Array(host.utf8)
        return site(forHost: bytes.span)
    }

    /// Open addressing at most half full, so that a probe always ends at an empty slot.
    private static func table(of exact: [Slot]) -> [Slot?] {
        var capacity = 4
        while capacity < exact.count * 2 { capacity *= 2 }
        var slots = [Slot?](repeating: nil, count: capacity)
        for slot in exact {
            var index = Int(truncatingIfNeeded: hash(slot.host.span)) & (capacity - 1)
            while let taken = slots[index], taken.host != slot.host { index = (index + 1) & (capacity - 1) }
            if slots[index] == nil { slots[index] = slot }
        }
        return slots
    }

    /// FNV-1a. The table's hosts come from the operator's file, so nobody can choose collisions.
    private static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for index in bytes.indices {
            hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01b3
        }
        return hash ^ (hash >> 32)
    }

    private static func equal(_ a: Span<UInt8>, _ b: Span<UInt8>) -> Bool {
        guard a.count == b.count else { return false }
        for index in a.indices where a[index] != b[index] { return false }
        return true
    }

    private static func hasSuffix(_ host: Span<UInt8>, _ suffix: Span<UInt8>) -> Bool {
        guard host.count > suffix.count else { return false }
        return equal(host.extracting(last: suffix.count), suffix)
    }
}
