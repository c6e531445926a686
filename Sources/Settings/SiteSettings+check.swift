extension SiteSettings {
    /// Reports what the settings of one site say against each other.
    static func check(_ site: SettingsGroup, _ checks: inout SettingsChecks) {
        checkHeaders(site, &checks)
        checkRules(site["rules"]?.asGroups ?? [], &checks)
        checkCount(site, "rules", site["rules"]?.asGroups?.count, SettingsLimits.pathRules, &checks)
        checkCount(site, "query", site["query"]?.asList?.count, SettingsLimits.queryNames, &checks)
        guard let origin = site["origin"]?.asGroup else { return }
        checks.expectWholeKeyPair(origin)
        let isBucket = origin["type"]?.asText == "s3"
        if origin["type"]?.asText == "http", let index = site.entries["index"] {
            checks.report(
                index.position,
                found: "`index` for an HTTP origin",
                expected: "it only beside `type: s3`",
                hint: "a server finds its index by itself"
            )
        }
        if isBucket, let query = site.entries["query"], query.value.asText != "none" {
            checks.report(
                query.position,
                found: "`query` for a bucket",
                expected: "it only beside `type: http`, or none",
                hint: "an object of a bucket is named by its key alone"
            )
        }
        if !isBucket, let verify = site.entries["verify"], verify.value.asText == "md5" {
            checks.report(
                verify.position,
                found: "`verify: md5` for an HTTP origin",
                expected: "it only beside `type: s3`",
                hint: "only buckets make MD5 their entity tags"
            )
        }
    }

    private static func checkCount(
        _ site: SettingsGroup,
        _ key: String,
        _ count: Int?,
        _ limit: Int,
        _ checks: inout SettingsChecks
    ) {
        guard let count, count > limit else { return }
        checks.report(site.position(of: key), found: "\(count) entries", expected: "at most \(limit)")
    }

    private static func checkRules(_ rules: [SettingsGroup], _ checks: inout SettingsChecks) {
        var patterns: [(value: String, position: YAMLPosition)] = []
        var all: (pattern: String, line: Int)?
        for rule in rules {
            checkHeaders(rule, &checks)
            checkEffect(rule, &checks)
            guard let pattern = rule["match"]?.asText else { continue }
            let position = rule.position(of: "match")
            patterns.append((pattern, position))
            if let all {
                checks.report(
                    position,
                    found: "a rule that no request reaches",
                    expected: "rules for some paths before those for all",
                    hint: "\(all.pattern) on line \(all.line) matches every path"
                )
            } else if ["/**", "**", "*"].contains(pattern) {
                all = (pattern, position.line)
            }
        }
        guard all == nil else { return }
        checks.expectUnique(
            patterns,
            describe: { "the pattern \(Quoted.text($0))" },
            expected: "every pattern once: the first rule that matches decides"
        )
    }

    private static func checkEffect(_ rule: SettingsGroup, _ checks: inout SettingsChecks) {
        if let own = rule.entries["default_ttl"], rule.mentioned.contains("force_ttl") {
            checks.report(
                own.position,
                found: "`default_ttl` beside `force_ttl`",
                expected: "one of them",
                hint: "`force_ttl` holds for all answers, so none is left for the other"
            )
        }
        if rule.mentioned == ["match"] {
            checks.report(
                rule.position,
                found: "a rule that says nothing",
                expected: "`default_ttl`, `force_ttl`, `add_headers` or `remove_headers` beside `match`"
            )
        }
    }

    /// No field twice, and none both added and removed in one place.
    private static func checkHeaders(_ group: SettingsGroup, _ checks: inout SettingsChecks) {
        var names: [(value: String, position: YAMLPosition)] = []
        for entry in group["add_headers"]?.asMap ?? [] { names.append((entry.key.lowercased(), entry.keyPosition)) }
        for entry in group["remove_headers"]?.asList ?? [] {
            if let name = entry.value.asText { names.append((name.lowercased(), entry.position)) }
        }
        checks.expectUnique(
            names,
            describe: { "the field \($0)" },
            expected: "every field once, added or removed; one that is added replaces the origin's"
        )
    }
}
