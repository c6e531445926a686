import CachingRules
import HTTPWire
import TestSupport
import Testing

@Suite struct StorageRuleTests {
    private func reason(
        _ pairs: [(String, String)],
        status: Int = 200,
        method: HTTPWire.Method = .get,
        request: [(String, String)] = [],
        defaultTTL: Bool = false,
        policy: FreshnessPolicy? = nil
    ) -> NoStoreReason? {
        StorageRule.mayStore(
            method: method,
            requestFields: fields(request),
            response: response(status, pairs),
            policy: policy ?? FreshnessPolicy(defaultTTL: defaultTTL ? 60 : nil)
        )
    }

    private let fresh = ("Cache-Control", "max-age=60")

    @Test("RFC 9111, 3: method and final status")
    func methodAndStatus() {
        #expect(reason([fresh]) == nil)
        for method in HTTPWire.Method.allCases where method != .get {
            #expect(reason([fresh], method: method) == .method)
        }
        for status in [100, 103, 304] { #expect(reason([fresh], status: status) == .status) }
        for status in [206, 416] { #expect(reason([fresh], status: status) == .partial) }
        for status in [200, 299, 302, 404, 499, 500, 503, 599] { #expect(reason([fresh], status: status) == nil) }
        let withBody = StorageRule.mayStore(
            method: .get,
            requestFields: fields([]),
            response: response(200, [fresh]),
            policy: FreshnessPolicy(defaultTTL: 60),
            requestHasBody: true
        )
        #expect(withBody == .requestBody)
    }

    @Test("RFC 9111, 5.2.2.5, 5.2.1.5 and 5.2.2.7: no-store and private")
    func prohibitions() {
        #expect(reason([("Cache-Control", "nO-StOrE, max-age=60")]) == .noStore)
        #expect(reason([fresh], request: [("Cache-Control", "no-store")]) == .requestNoStore)
        #expect(reason([("Cache-Control", "private, max-age=60")]) == .isPrivate)
        #expect(reason([("Cache-Control", "private=\"x\", max-age=60")]) == nil)
        #expect(reason([("Cache-Control", "no-cache, max-age=60")]) == nil)
    }

    @Test("RFC 9111, 3: a final status with explicit freshness, also an unknown one")
    func explicitFreshness() {
        let explicit = [
            fresh, ("Cache-Control", "s-maxage=60"), ("Expires", date(60)), ("CDN-Cache-Control", "max-age=60"),
        ]
        let statuses = [200, 201, 203, 204, 299, 300, 301, 302, 303, 307, 308, 399, 400, 403, 404, 405, 410, 414, 451]
        for status in statuses + [499, 500, 501, 502, 503, 504, 599, 600, 999] {
            for field in explicit { #expect(reason([field], status: status) == nil, "\(status) \(field)") }
        }
        #expect(reason([fresh, ("Set-Cookie", "a=1")]) == nil)
        #expect(reason([fresh], request: [("Cookie", "a=1")]) == nil)
        #expect(reason([fresh, ("Pragma", "no-cache")]) == nil)
        #expect(reason([fresh, ("Content-Disposition", "attachment")]) == nil)
    }

    @Test("a site's lifetimes make storable what has none, and nothing else")
    func policies() {
        let policy = FreshnessPolicy(forcedTTL: 60, negativeTTL: 5)
        for status in [200, 201, 302, 307] { #expect(reason([], status: status, policy: policy) == nil, "\(status)") }
        for status in [403, 404, 410] { #expect(reason([], status: status, policy: policy) == nil, "\(status)") }
        for status in [400, 405, 500, 503] { #expect(reason([], status: status, policy: policy) == .noFreshness) }
        #expect(reason([("Cache-Control", "no-store")], policy: policy) == .noStore)
        #expect(reason([("Cache-Control", "private")], policy: policy) == .isPrivate)
        #expect(reason([("Cache-Control", "no-store")], status: 404, policy: policy) == .noStore)
        #expect(reason([], request: [("Authorization", "x")], policy: policy) == .authorization)
        #expect(reason([("Vary", "*")], policy: policy) == .varyStar)
        #expect(reason([("Cache-Control", "no-cache")], policy: policy) == nil)
    }

    @Test("RFC 9213, 2.2: CDN-Cache-Control decides alone")
    func targeted() {
        let targeted = ("CDN-Cache-Control", "max-age=60")
        #expect(reason([targeted, ("Cache-Control", "no-store, private")]) == nil)
        #expect(reason([fresh, ("CDN-Cache-Control", "no-store")]) == .noStore)
        #expect(reason([fresh, ("CDN-Cache-Control", "private")]) == .isPrivate)
        #expect(reason([fresh, ("Expires", date(60)), ("CDN-Cache-Control", "foo")]) == .noFreshness)
        #expect(reason([fresh, ("CDN-Cache-Control", "max-age= 60")]) == nil)
        #expect(reason([("Cache-Control", "no-store"), ("CDN-Cache-Control", "max-age=60, &&&")]) == .noStore)
        let request = [("Authorization", "x")]
        #expect(reason([targeted, ("Cache-Control", "public")], request: request) == .authorization)
        #expect(reason([("CDN-Cache-Control", "max-age=60, public")], request: request) == nil)
    }

    @Test("RFC 9111, 5.2.2.3: must-understand")
    func mustUnderstand() {
        let value = ("Cache-Control", "max-age=3600, no-store, must-understand")
        #expect(reason([value], status: 599) == .status)
        #expect(reason([value], status: 299) == .status)
        #expect(reason([value], status: 200) == nil)
    }

    @Test("RFC 9111, 3.5: Authorization")
    func authorization() {
        let request = [("Authorization", "Basic xyz")]
        #expect(reason([fresh], request: request) == .authorization)
        #expect(reason([("ETag", "\"a\"")], request: request, defaultTTL: true) == .authorization)
        #expect(reason([("Cache-Control", "max-age=60, public")], request: request) == nil)
        #expect(reason([("Cache-Control", "s-maxage=60")], request: request) == nil)
        #expect(reason([("Cache-Control", "max-age=60, must-revalidate")], request: request) == nil)
        #expect(reason([("Cache-Control", "max-age=60, proxy-revalidate")], request: request) == .authorization)
    }

    @Test("RFC 9111, 4.1: Vary: *")
    func varyStar() {
        for value in ["*", " , *", "Foo, *", "*, *"] { #expect(reason([fresh, ("Vary", value)]) == .varyStar) }
        #expect(reason([fresh, ("Vary", ","), ("Vary", "*")]) == .varyStar)
        #expect(reason([fresh, ("Vary", "Foo, Bar")]) == nil)
    }

    @Test("RFC 9111, 3: without a lifetime a response needs a validator or a default, and a status that allows it")
    func noFreshness() {
        #expect(reason([]) == .noFreshness)
        #expect(reason([], defaultTTL: true) == nil)
        #expect(reason([("ETag", "\"a\"")]) == nil)
        #expect(reason([("Last-Modified", date(-5))]) == nil)
        #expect(reason([("Expires", "0")]) == nil)
        #expect(reason([("Cache-Control", "public")]) == .noFreshness)
        for status in [302, 500, 503, 599] {
            #expect(reason([("ETag", "\"a\"")], status: status, defaultTTL: true) == .noFreshness)
            #expect(reason([("ETag", "\"a\""), ("Cache-Control", "public")], status: status) == nil)
        }
        #expect(reason([], status: 404, defaultTTL: true) == .noFreshness)
        #expect(reason([("Cache-Control", "public")], status: 500, defaultTTL: true) == .noFreshness)
        #expect(reason([("Cache-Control", "public")], status: 302, defaultTTL: true) == nil)
    }

    @Test("random responses: never stored with no-store, private or Vary: *", arguments: [UInt64(1), 2])
    func properties(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let directives = [
            "max-age=60", "s-maxage=5", "public", "must-revalidate", "no-cache", "private", "no-store", "x=\"y\"",
        ]
        for _ in 0..<4000 {
            let count = Int.random(in: 0..<4, using: &random)
            let chosen = (0..<count).compactMap { _ in directives.randomElement(using: &random) }
            var pairs = chosen.map { ("Cache-Control", $0) }
            if Bool.random(using: &random) { pairs.append(("ETag", "\"a\"")) }
            if Int.random(in: 0..<4, using: &random) == 0 { pairs.append(("Vary", "a, *")) }
            let isAuthenticated = Bool.random(using: &random)
            let reason = reason(
                pairs,
                status: Int.random(in: 100..<600, using: &random),
                request: isAuthenticated ? [("Authorization", "x")] : [],
                defaultTTL: Bool.random(using: &random)
            )
            guard reason == nil else { continue }
            #expect(!chosen.contains("no-store") && !chosen.contains("private"))
            #expect(!pairs.contains { $0.0 == "Vary" })
            #expect(!isAuthenticated || !Set(chosen).isDisjoint(with: ["public", "s-maxage=5", "must-revalidate"]))
        }
    }
}
