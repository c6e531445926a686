import CachingRules
import HTTPWire
import TestSupport

/// A random response, with the request it was given for and the site's policy, and what is known of it by construction:
/// the oracle of the property tests. A value.
struct RandomExchange {
    private(set) var responseFields: [(String, String)] = []
    private(set) var requestFields: [(String, String)] = []
    private(set) var status = 200
    private(set) var policy = FreshnessPolicy()
    /// Does `CDN-Cache-Control` count?
    private(set) var isTargeted = false
    /// The directives that count, with their arguments.
    private(set) var directives: [String: String] = [:]
    private(set) var requestDirectives: [String: String] = [:]
    /// No lifetime can be longer: the longest of anything that may give one.
    private(set) var lifetimeLimit: Int64 = 0

    private static let statuses = [200, 200, 200, 203, 204, 299, 301, 302, 304, 403, 404, 410, 500, 503, 599]

    init(using random: inout SeededGenerator) {
        status = Self.statuses.randomElement(using: &random) ?? 200
        policy = Self.policy(using: &random)
        let cacheControl = Self.directives(using: &random)
        let targeted = Self.directives(using: &random)
        responseFields.append(("Date", date(.random(in: -50...50, using: &random))))
        if !cacheControl.isEmpty { responseFields += Self.lines("Cache-Control", cacheControl, using: &random) }
        directives = cacheControl
        if !targeted.isEmpty, Int.random(in: 0..<3, using: &random) == 0 {
            isTargeted = true
            directives = targeted
            responseFields += Self.lines("CDN-Cache-Control", targeted, using: &random)
        }
        for name in ["max-age", "s-maxage"] {
            lifetimeLimit = max(lifetimeLimit, directives[name].flatMap { Int64($0) } ?? 0)
        }
        if Int.random(in: 0..<3, using: &random) == 0 {
            let seconds = Int64.random(in: -100...300, using: &random)
            responseFields.append(("Expires", date(seconds)))
            if !isTargeted { lifetimeLimit = max(lifetimeLimit, seconds + 50) }
        }
        if Bool.random(using: &random) {
            let seconds = Int64.random(in: 0...2000, using: &random)
            responseFields.append(("Last-Modified", date(-seconds)))
            if policy.heuristics { lifetimeLimit = max(lifetimeLimit, (seconds + 50) / 10) }
        }
        for seconds in [policy.defaultTTL, policy.forcedTTL, policy.negativeTTL] {
            lifetimeLimit = max(lifetimeLimit, seconds ?? 0)
        }
        if Bool.random(using: &random) { responseFields.append(("ETag", "\"a\"")) }
        if Bool.random(using: &random) { responseFields.append(("Age", "\(Int.random(in: 0...80, using: &random))")) }
        if Int.random(in: 0..<6, using: &random) == 0 { responseFields.append(("Vary", "a, *")) }
        if Bool.random(using: &random) { requestFields.append(("Authorization", "x")) }
        requestDirectives = Self.requestDirectives(using: &random)
        if !requestDirectives.isEmpty {
            requestFields += Self.lines("Cache-Control", requestDirectives, using: &random)
        }
        responseFields.shuffle(using: &random)
    }

    var response: ResponseHead { ResponseHead(status: status, fields: fields(responseFields)) }
    var control: CacheControl { .ofResponse(response.fields) }
    var requestControl: CacheControl { .ofRequest(fields(requestFields)) }

    func has(_ directive: String) -> Bool { directives[directive] != nil }
    func seconds(_ directive: String) -> Int64? { directives[directive].flatMap { Int64($0) } }

    private static func policy(using random: inout SeededGenerator) -> FreshnessPolicy {
        func some() -> Int64? {
            Int.random(in: 0..<4, using: &random) == 0 ? .random(in: 0...100, using: &random) : nil
        }
        return FreshnessPolicy(
            defaultTTL: some(),
            forcedTTL: some(),
            negativeTTL: some(),
            heuristics: .random(using: &random),
            staleWhileRevalidate: some(),
            staleIfError: some()
        )
    }

    private static func directives(using random: inout SeededGenerator) -> [String: String] {
        let flags = [
            "no-store", "no-cache", "private", "public", "must-revalidate", "proxy-revalidate", "must-understand",
            "no-transform", "immutable", "foo",
        ]
        let numbers = ["max-age", "s-maxage", "stale-while-revalidate", "stale-if-error"]
        return some(flags, numbers, using: &random)
    }

    private static func requestDirectives(using random: inout SeededGenerator) -> [String: String] {
        some(
            ["no-store", "no-cache", "only-if-cached"],
            ["max-age", "max-stale", "min-fresh", "stale-if-error"],
            using: &random
        )
    }

    private static func some(
        _ flags: [String],
        _ numbers: [String],
        using random: inout SeededGenerator
    ) -> [String: String] {
        var chosen = [String: String]()
        for flag in flags where Int.random(in: 0..<7, using: &random) == 0 { chosen[flag] = "" }
        for number in numbers where Int.random(in: 0..<3, using: &random) == 0 {
            chosen[number] = "\(Int.random(in: 0...200, using: &random))"
        }
        return chosen
    }

    /// One or two lines, in any order.
    private static func lines(
        _ name: String,
        _ directives: [String: String],
        using random: inout SeededGenerator
    ) -> [(String, String)] {
        var members = directives.sorted { $0.key < $1.key }.map { $1.isEmpty ? $0 : "\($0)=\($1)" }
        members.shuffle(using: &random)
        guard members.count > 1, Bool.random(using: &random) else {
            return [(name, members.joined(separator: ", "))]
        }
        let cut = Int.random(in: 1..<members.count, using: &random)
        return [(name, members[..<cut].joined(separator: ",")), (name, members[cut...].joined(separator: " , "))]
    }
}
