import CacheStore
import CachingRules

/// Why an answer is not in the cache. A value.
enum NotStored: Sendable, Hashable, CaseIterable {
    /// HTTP's rules, or the site's.
    case rule(NoStoreReason)
    /// The store's own reasons.
    case store(InsertOutcome.Refusal)

    static var allCases: [NotStored] {
        NoStoreReason.allCases.map { .rule($0) } + InsertOutcome.Refusal.allCases.map { .store($0) }
    }

    /// The one word for it in Cache-Status, logs and metrics.
    var name: String {
        switch self {
        case .rule(let reason): reason.rawValue
        case .store(let refusal): refusal.rawValue
        }
    }
}

extension InsertOutcome {
    /// Why it was not stored; nil: it was.
    var notStored: NotStored? {
        if case .refused(let refusal) = self { .store(refusal) } else { nil }
    }
}
