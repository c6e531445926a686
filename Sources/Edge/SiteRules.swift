import CacheStore
import CachingRules
import HTTPServer
import HTTPWire
import Settings

/// What a site says about some of its paths, and about the fields of its answers. Immutable snapshot.
struct SiteRules: Sendable {
    /// What holds for the paths of one pattern. A value.
    private struct Rule: Sendable {
        let glob: PathGlob
        let policy: FreshnessPolicy
        let fields: SiteFields?
    }

    private let rules: [Rule]
    /// For paths that no rule matches.
    private let policy: FreshnessPolicy
    private let fields: SiteFields?
    /// Nothing is said of fields but that fonts are for all.
    private let isAboutFontsOnly: Bool

    /// nil: the site has nothing of the kind, and its requests pay nothing for it.
    init?(_ site: SiteSettings, freshness: FreshnessPolicy) {
        let isBucket = if case .s3 = site.origin { true } else { false }
        func fields(_ changes: [HeaderChanges]) -> SiteFields? {
            if site.cors == .none, !site.securityHeaders, changes.allSatisfy(\.isEmpty) { return nil }
            return SiteFields(changes, cors: site.cors, security: site.securityHeaders)
        }
        rules = site.rules.map { rule in
            var policy = freshness
            if let ttl = rule.defaultTTL { policy.defaultTTL = ttl.seconds }
            policy.forcedTTL = rule.forceTTL?.seconds
            return Rule(
                glob: PathGlob(rule.match, isBucket: isBucket),
                policy: policy,
                fields: fields([site.headers, rule.headers])
            )
        }
        policy = freshness
        self.fields = fields([site.headers])
        isAboutFontsOnly =
            !site.securityHeaders && site.cors != .all && site.headers.isEmpty
            && site.rules.allSatisfy(\.headers.isEmpty)
        if rules.isEmpty, self.fields == nil { return nil }
    }

    private func rule(for path: Span<UInt8>) -> Rule? {
        for rule in rules where rule.glob.matches(path) { return rule }
        return nil
    }

    /// What is said about lifetimes at a path.
    func policy(for key: CacheKey) -> FreshnessPolicy {
        rule(for: key.path.span)?.policy ?? policy
    }

    /// Removes what no client is to see and the edge does not need, before an answer is stored.
    func strip(_ list: inout FieldList, at key: CacheKey) {
        let fields = if let rule = rule(for: key.path.span) { rule.fields } else { self.fields }
        fields?.strip(&list)
    }

    /// The exchange whose answers are as the site wants them; nil: there is nothing to be done.
    ///
    /// - Parameters:
    ///   - key: the bytes of the request's key, in which the path lies at `path`.
    ///   - found: what is stored under it.
    func dressed(
        _ exchange: any ServerExchange,
        _ key: Span<UInt8>,
        _ path: Range<Int>,
        _ found: Resource?,
        _ dresser: FieldDresser
    ) -> (any ServerExchange)? {
        let path = key.extracting(path)
        if isAboutFontsOnly {
            guard let fields else { return nil }
            let isFont = FontType.isNamed(path)
            guard isFont || found.map({ Self.isFont($0) }) ?? true else { return nil }
            return dresser.dress(exchange, fields, isFont: isFont)
        }
        let fields = if let rule = rule(for: path) { rule.fields } else { self.fields }
        guard let fields else { return nil }
        return dresser.dress(exchange, fields, isFont: fields.cors == .fonts && FontType.isNamed(path))
    }

    private static func isFont(_ resource: Resource) -> Bool {
        let fields = resource.identity.head.fields
        guard let type = fields.range(of: .contentType) else { return false }
        return FontType.matches(fields.bytes.span, type)
    }
}

extension Site {
    /// What is said about lifetimes at the path of a key: by the first rule that matches, or by the site.
    func policy(for key: CacheKey) -> FreshnessPolicy { rules?.policy(for: key) ?? freshness }
}
