/// Scope → number of its newest purge, for the numbers of one log. A value; ``PurgeEpochs`` locks it.
///
/// Bounded: when full, the older half of the scopes is merged into the scope of their site (tags that hold for all
/// sites: into everything). A merged scope covers more than the purges it stands for and carries the highest of their
/// numbers, so it may drop too much, never too little. The cost of a look-up does not depend on how many purges there
/// were: one probe for the site, two for the URL, one for each different length of a purged prefix (a bounded number),
/// two for each tag of the entry.
struct EpochTable: Sendable, Equatable {
    /// The newest hard and soft purge of a scope; 0: never.
    struct Epoch: Sendable, Equatable {
        var hard: UInt64 = 0
        var soft: UInt64 = 0

        var newest: UInt64 { max(hard, soft) }

        mutating func merge(_ other: Epoch) {
            hard = max(hard, other.hard)
            soft = max(soft, other.soft)
        }
    }

    /// A scope's epoch, and what is needed to merge it into a coarser one.
    struct Entry: Sendable, Equatable {
        var epoch: Epoch
        /// The hash of the site's own scope; nil for a tag of all sites.
        var site: UInt128?
        /// Length of a prefix; -1 for other scopes.
        var prefixLength: Int32 = -1
        var isSite = false
    }

    var everything = Epoch()
    /// The newest purge of any tag: what counts for a fill whose tags are not known yet.
    var anyTag = Epoch()
    var entries: [UInt128: Entry] = [:]
    /// The different lengths of purged prefixes, ascending, at most `StoreLimits.prefixLengths`.
    private(set) var prefixLengths: [Int] = []
    let limit: Int

    init(limit: Int = StoreLimits.purgeScopes) {
        self.limit = limit
    }

    /// Bytes held, about: a dictionary of this element at its usual load.
    var memoryBytes: Int { entries.capacity * (MemoryLayout<(UInt128, Entry)>.stride + 1) * 4 / 3 }

    mutating func set(_ scope: PurgeEpochs.Scope, _ epoch: Epoch, _ hashes: ScopeHashes) {
        switch scope {
        case .everything:
            everything.merge(epoch)
        case .site(let site):
            mergeSite(hashes.site(site), epoch)
        case .prefix(let site, let path):
            setPrefix(site, path, epoch, hashes)
        case .url(let site, let path, let query):
            merge(hashes.url(site, path, query: query), Entry(epoch: epoch, site: hashes.site(site)))
        case .tag(let site, let tag):
            anyTag.merge(epoch)
            let site = site.map(hashes.site)
            merge(hashes.tag(site: site, tag), Entry(epoch: epoch, site: site))
        }
    }

    /// The newest purges that cover the key. `tags` nil: not known yet, so any purge of a tag counts. Allocates nothing.
    func newest(covering key: CacheKey, tags: [String]?, _ hashes: ScopeHashes) -> Epoch {
        var found = everything
        if tags == nil { found.merge(anyTag) }
        guard !entries.isEmpty else { return found }
        let site = hashes.site(key)
        look(site, &found)
        look(hashes.urlAny(key), &found)
        look(hashes.urlExact(key), &found)
        for length in prefixLengths {
            guard let hash = hashes.prefix(key, length: length) else { break }
            look(hash, &found)
        }
        guard anyTag != Epoch(), let tags else { return found }
        for tag in tags {
            look(hashes.tag(site: site, tag), &found)
            look(hashes.tag(site: nil, tag), &found)
        }
        return found
    }

    private func look(_ hash: UInt128, _ found: inout Epoch) {
        if let entry = entries[hash] { found.merge(entry.epoch) }
    }

    /// Puts back an entry of a persisted table.
    mutating func restore(_ hash: UInt128, _ entry: Entry) {
        entries[hash] = entry
        if entry.prefixLength >= 0 { addLength(Int(entry.prefixLength)) }
    }

    private mutating func setPrefix(_ site: String, _ path: [UInt8], _ epoch: Epoch, _ hashes: ScopeHashes) {
        guard addLength(path.count) else {
            // Too many lengths: the next shorter known one covers it, else the site does.
            guard let shorter = prefixLengths.last(where: { $0 < path.count }) else {
                return mergeSite(hashes.site(site), epoch)
            }
            return setPrefix(site, Array(path[..<shorter]), epoch, hashes)
        }
        let entry = Entry(epoch: epoch, site: hashes.site(site), prefixLength: Int32(path.count))
        merge(hashes.prefix(site, path), entry)
        // Making room for it may have dropped the length, as nothing had it yet.
        addLength(path.count)
    }

    @discardableResult
    private mutating func addLength(_ length: Int) -> Bool {
        let place = prefixLengths.firstIndex { $0 >= length } ?? prefixLengths.count
        if place < prefixLengths.count, prefixLengths[place] == length { return true }
        guard prefixLengths.count < StoreLimits.prefixLengths else { return false }
        prefixLengths.insert(length, at: place)
        return true
    }

    private mutating func mergeSite(_ hash: UInt128, _ epoch: Epoch) {
        merge(hash, Entry(epoch: epoch, site: hash, isSite: true))
    }

    private mutating func merge(_ hash: UInt128, _ entry: Entry) {
        if entries[hash] == nil, entries.count >= limit { coarsen() }
        // Making room may have made this very entry, when it is a site's.
        entries[hash, default: entry].epoch.merge(entry.epoch)
    }

    /// Makes room: first what a coarser scope says already, then the older half.
    private mutating func coarsen() {
        entries = entries.filter { _, entry in
            var cover = everything
            if !entry.isSite, let site = entry.site, let epoch = entries[site]?.epoch { cover.merge(epoch) }
            return entry.epoch.hard > cover.hard || entry.epoch.soft > cover.newest
        }
        if entries.count > limit / 2 { mergeOlderHalf(includingSites: false) }
        if entries.count > limit / 2 { mergeOlderHalf(includingSites: true) }
        prefixLengths = Set(entries.values.lazy.filter { $0.prefixLength >= 0 }.map { Int($0.prefixLength) }).sorted()
    }

    private mutating func mergeOlderHalf(includingSites: Bool) {
        let numbers = entries.values.lazy.filter { includingSites || !$0.isSite }.map(\.epoch.newest).sorted()
        guard !numbers.isEmpty else { return }
        let border = numbers[(numbers.count - 1) / 2]
        let old = entries.filter { $0.value.epoch.newest <= border && (includingSites || !$0.value.isSite) }
        for hash in old.keys {
            // As it is now: a site's may have taken in others of this very round.
            guard let entry = entries.removeValue(forKey: hash) else { continue }
            if let site = entry.site, !entry.isSite {
                entries[site, default: Entry(epoch: Epoch(), site: site, isSite: true)].epoch.merge(entry.epoch)
            } else {
                everything.merge(entry.epoch)
            }
        }
    }
}
