import CachingRules
import HTTPWire
import TestSupport
import Testing

/// What holds for every exchange, tried on many. The seed is an argument, and so part of what a failure says.
@Suite struct PropertyTests {
    private static let seeds: [UInt64] = [1, 2]

    private func many(_ seed: UInt64, _ check: (RandomExchange, inout SeededGenerator) -> Void) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<4000 {
            let exchange = RandomExchange(using: &random)
            check(exchange, &random)
        }
    }

    private func freshness(_ exchange: RandomExchange) -> Freshness {
        Freshness.of(exchange.response, requestTime: arrival, responseTime: arrival, policy: exchange.policy)
    }

    @Test(
        "RFC 9111, 4.2: nothing is fresh after its lifetime, and no lifetime is longer than anything allows",
        arguments: seeds
    )
    func lifetime(seed: UInt64) {
        many(seed) { exchange, random in
            let freshness = freshness(exchange)
            #expect(freshness.lifetime <= exchange.lifetimeLimit, "\(exchange)")
            let now = arrival + Int64.random(in: 0...400, using: &random)
            #expect(freshness.age(now: now) >= now - arrival)
            let decision = ReuseRule.decide(
                stored: exchange.control,
                freshness: freshness,
                request: exchange.requestControl,
                policy: exchange.policy,
                now: now
            )
            if decision == .fresh {
                #expect(now - arrival < freshness.lifetime, "\(exchange)")
                #expect(!exchange.has("no-cache") && exchange.requestDirectives["no-cache"] == nil, "\(exchange)")
            }
            if freshness.lifetime == 0 { #expect(decision != .fresh) }
        }
    }

    @Test("RFC 9111, 3: what must not be stored is not", arguments: seeds)
    func storing(seed: UInt64) {
        many(seed) { exchange, _ in
            let reason = StorageRule.mayStore(
                method: .get,
                requestFields: fields(exchange.requestFields),
                response: exchange.response,
                policy: exchange.policy
            )
            guard reason == nil else { return }
            #expect(!exchange.has("no-store") || exchange.has("must-understand"), "\(exchange)")
            #expect(!exchange.has("must-understand") || ResponseStatus.isUnderstood(exchange.status), "\(exchange)")
            #expect(!exchange.has("private"), "\(exchange)")
            #expect(exchange.requestDirectives["no-store"] == nil, "\(exchange)")
            #expect(exchange.status != 304)
            #expect(!exchange.responseFields.contains { $0.0 == "Vary" }, "\(exchange)")
            if exchange.requestFields.contains(where: { $0.0 == "Authorization" }) {
                let mayShare = exchange.has("public") || exchange.has("must-revalidate") || exchange.has("s-maxage")
                #expect(mayShare, "\(exchange)")
            }
        }
    }

    @Test("RFC 9111, 4.2.4: stale is served only where a directive or the site allows it", arguments: seeds)
    func stale(seed: UInt64) {
        many(seed) { exchange, random in
            let freshness = freshness(exchange)
            let now = arrival + Int64.random(in: 0...400, using: &random)
            let staleness = -freshness.ttl(now: now)
            let isSoftPurged = Bool.random(using: &random)
            let forbids = ["no-cache", "must-revalidate", "proxy-revalidate", "s-maxage"].contains(where: exchange.has)
            let request = exchange.requestControl
            let decision = ReuseRule.decide(
                stored: exchange.control,
                freshness: freshness,
                request: request,
                policy: exchange.policy,
                isSoftPurged: isSoftPurged,
                now: now
            )
            if case .stale(let use) = decision {
                #expect(!forbids, "\(exchange)")
                #expect(!request.noCache && request.minFresh ?? .min <= -staleness, "\(exchange)")
                switch use {
                case .whileRevalidating:
                    let window = exchange.seconds("stale-while-revalidate") ?? exchange.policy.staleWhileRevalidate
                    #expect(staleness >= 0 && staleness < window ?? 0, "\(exchange)")
                case .maxStale:
                    #expect(staleness >= 0 && staleness <= request.maxStale ?? -1, "\(exchange)")
                case .softPurge:
                    #expect(isSoftPurged && staleness < 0, "\(exchange)")
                case .ifError:
                    Issue.record("the origin has not been asked")
                }
            }
            let mayServe = StaleRule.mayServeStaleOnError(
                stored: exchange.control,
                request: request,
                freshness: freshness,
                policy: exchange.policy,
                now: now
            )
            if mayServe, staleness >= 0 {
                let windows = [
                    exchange.seconds("stale-if-error"), request.staleIfError, exchange.policy.staleIfError,
                ]
                #expect(!forbids && windows.contains { $0 ?? 0 > staleness }, "\(exchange)")
            }
        }
    }

    @Test("without directives the request changes nothing, and nil is the same as none", arguments: seeds)
    func noRequestDirectives(seed: UInt64) {
        many(seed) { exchange, random in
            let freshness = freshness(exchange)
            let now = arrival + Int64.random(in: 0...400, using: &random)
            func decide(_ request: CacheControl?) -> ReuseRule.Decision {
                ReuseRule.decide(
                    stored: exchange.control,
                    freshness: freshness,
                    request: request,
                    policy: exchange.policy,
                    now: now
                )
            }
            #expect(decide(nil) == decide(CacheControl()))
        }
    }

    @Test("RFC 9111, 3.2: a 304 changes none of the fields on which the body depends", arguments: seeds)
    func update(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let names = [
            "Content-Length", "content-encoding", "Content-Range", "Content-Digest", "Content-Type", "ETag", "X",
            "Connection", "Date", "Age", "Via", "Cache-Control",
        ]
        func some() -> FieldList {
            fields(
                (0..<7).map { _ in
                    (names.randomElement(using: &random) ?? "", "\(Int.random(in: 0..<4, using: &random))")
                }
            )
        }
        for _ in 0..<3000 {
            let old = some()
            let new = some()
            let merged = StoredHeadUpdate.merging(stored: old, notModified: new)
            for name in ["Content-Length", "Content-Encoding", "Content-Range", "Content-Digest"] {
                #expect(merged.values(name: name) == old.values(name: name))
            }
            for name in ["Content-Type", "ETag", "X", "Via", "Cache-Control"] {
                let given = new.values(name: name)
                #expect(merged.values(name: name) == (given.isEmpty ? old.values(name: name) : given))
            }
            #expect(merged.values(.age) == new.values(.age))
            #expect(merged.values(.date) == new.values(.date))
        }
    }

    @Test("random bytes in any field never do harm", arguments: seeds)
    func randomBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let names = [
            "Cache-Control", "CDN-Cache-Control", "Age", "Date", "Expires", "Last-Modified", "ETag", "Vary", "Pragma",
            "Connection", "Location", "Content-Location", "Content-Length", "Accept-Encoding", "If-None-Match",
            "If-Modified-Since", "If-Range", "Accept-Language", "Host",
        ]
        let texts = [
            "max-age=60, no-cache=\"a, b\", stale-if-error=5", "Sun, 06 Nov 1994 08:49:37 GMT", "60", "a, *, b",
            "W/\"a\", \"b\"", "/a/../b?c#d", "gzip;q=0.5, br", "example.com:80",
        ]
        func some() -> FieldList {
            var list = FieldList()
            for name in names where Bool.random(using: &random) {
                let text = Array((texts.randomElement(using: &random) ?? "").utf8)
                list.append(nameBytes: Array(name.utf8), random.damage(text, with: [",", "\"", "\\", "=", "*", "é"]))
            }
            return list
        }
        for _ in 0..<2000 {
            let request = RequestHead(method: "GET", target: "/a/b?c", fields: some())
            let response = ResponseHead(status: .random(in: 100...999, using: &random), fields: some())
            let policy = FreshnessPolicy(defaultTTL: 60)
            _ = StorageRule.mayStore(method: .get, requestFields: request.fields, response: response, policy: policy)
            let freshness = Freshness.of(response, requestTime: arrival, responseTime: arrival, policy: policy)
            #expect((0...CacheControl.secondsMax).contains(freshness.lifetime))
            _ = CacheControl.ofRequest(request.fields)
            _ = VarySelector(response: response.fields, request: request.fields, acceptEncoding: false)
            _ = InvalidationRule.otherTargets(request: request, response: response.fields)
            _ = ConditionalRequest.evaluate(request: request.fields, method: .get, etag: nil, lastModified: arrival)
            var stored = response.fields
            StoredFields.removeRestricted(&stored, .ofResponse(stored))
            let merged = StoredHeadUpdate.merging(stored: stored, notModified: request.fields)
            #expect(merged.count <= stored.count + request.fields.count)
            _ = StoredHeadUpdate.afterHead(stored: stored, bodyLength: 60, answer: response)
        }
    }
}
