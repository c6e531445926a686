import CachingRules
import HTTPWire
import Testing

@Suite struct ReuseRuleTests {
    /// A response that is fresh for 60 s, asked for some seconds after it came.
    private func decide(
        _ stored: String,
        after seconds: Int64,
        request: String? = nil,
        policy: FreshnessPolicy = FreshnessPolicy(),
        isSoftPurged: Bool = false
    ) -> ReuseRule.Decision {
        ReuseRule.decide(
            stored: control(stored),
            freshness: freshness([("Date", date(0)), ("Cache-Control", "max-age=60")]),
            request: request.map { control($0) },
            policy: policy,
            isSoftPurged: isSoftPurged,
            now: arrival + seconds
        )
    }

    @Test("RFC 9111, 4.2: fresh and stale")
    func freshAndStale() {
        #expect(decide("", after: 0) == .fresh)
        #expect(decide("must-revalidate", after: 59) == .fresh)
        #expect(decide("", after: 60) == .validate(.stale))
        #expect(decide("no-cache", after: 0) == .validate(.stale))
    }

    @Test("RFC 9111, 5.2.1: request directives")
    func requestDirectives() {
        #expect(decide("", after: 10, request: "no-cache") == .validate(.request))
        #expect(decide("", after: 10, request: "max-age=9") == .validate(.request))
        #expect(decide("", after: 10, request: "max-age=10") == .fresh)
        #expect(decide("", after: 1, request: "max-age=0") == .validate(.request))
        #expect(decide("", after: 10, request: "min-fresh=50") == .fresh)
        #expect(decide("", after: 10, request: "min-fresh=51") == .validate(.request))
        #expect(decide("", after: 70, request: "max-stale=10") == .stale(.maxStale))
        #expect(decide("", after: 71, request: "max-stale=10") == .validate(.stale))
        #expect(decide("", after: 7100, request: "max-stale") == .stale(.maxStale))
    }

    @Test("RFC 9111, 5.2.1.1: who limits the age takes nothing stale, unless max-stale says so")
    func maxAgeAndStale() {
        let swr = "stale-while-revalidate=1000"
        #expect(decide(swr, after: 61, request: "max-age=100") == .validate(.stale))
        #expect(decide(swr, after: 101, request: "max-age=100") == .validate(.request))
        #expect(decide(swr, after: 61, request: "max-age=100, max-stale=5") == .stale(.whileRevalidating))
        #expect(decide("", after: 61, request: "max-age=100, max-stale=5") == .stale(.maxStale))
        #expect(decide("", after: 101, request: "max-age=100, max-stale=50") == .validate(.request))
        #expect(decide(swr, after: 61, request: "min-fresh=1") == .validate(.stale))
        #expect(decide("", after: 61, request: "min-fresh=1, max-stale") == .validate(.stale))
        #expect(decide("", after: 59, request: "min-fresh=0") == .fresh)
        #expect(decide("no-cache", after: 0, request: "max-stale") == .validate(.stale))
    }

    @Test("RFC 8246, 2: a reload does not validate what is immutable and fresh; no-cache does")
    func immutable() {
        #expect(decide("immutable", after: 10, request: "max-age=0") == .fresh)
        #expect(decide("immutable", after: 10, request: "no-cache") == .validate(.request))
        #expect(decide("immutable", after: 10, request: "min-fresh=55") == .validate(.request))
        #expect(decide("immutable, no-cache", after: 10, request: "max-age=0") == .validate(.stale))
        #expect(decide("immutable", after: 60, request: "max-age=0") == .validate(.request))
        #expect(decide("immutable", after: 60) == .validate(.stale))
    }

    @Test("RFC 9111, 5.2.2.4: no-cache with field names says nothing about the rest")
    func noCacheFields() {
        #expect(decide("no-cache=\"Set-Cookie\"", after: 0) == .fresh)
        #expect(decide("no-cache=\"Set-Cookie\", stale-while-revalidate=9", after: 61) == .stale(.whileRevalidating))
        #expect(decide("no-cache=\"Date\"", after: 0) == .validate(.stale))
    }

    @Test("a soft purge makes stale what is fresh, and nothing usable that was not")
    func softPurge() {
        #expect(decide("", after: 10, isSoftPurged: true) == .stale(.softPurge))
        #expect(decide("must-revalidate", after: 10, isSoftPurged: true) == .validate(.stale))
        #expect(decide("", after: 60, isSoftPurged: true) == .validate(.stale))
        #expect(decide("stale-while-revalidate=9", after: 60, isSoftPurged: true) == .stale(.whileRevalidating))
        #expect(decide("", after: 10, request: "no-cache", isSoftPurged: true) == .validate(.request))
        #expect(StaleUse.allCases.filter(\.revalidates) == [.whileRevalidating, .softPurge])
    }

    @Test("RFC 5861, 3: the response's own stale-while-revalidate, or else the site's")
    func sitesWindow() {
        let policy = FreshnessPolicy(staleWhileRevalidate: 30)
        #expect(decide("", after: 89, policy: policy) == .stale(.whileRevalidating))
        #expect(decide("", after: 90, policy: policy) == .validate(.stale))
        #expect(decide("stale-while-revalidate=0", after: 60, policy: policy) == .validate(.stale))
        #expect(decide("stale-while-revalidate=5", after: 65, policy: policy) == .validate(.stale))
        #expect(decide("must-revalidate", after: 60, policy: policy) == .validate(.stale))
        #expect(decide("", after: 60, request: "max-stale=99", policy: policy) == .stale(.whileRevalidating))
    }

    @Test("RFC 5861, 3: stale-while-revalidate")
    func staleWhileRevalidate() {
        #expect(decide("stale-while-revalidate=30", after: 60) == .stale(.whileRevalidating))
        #expect(decide("stale-while-revalidate=30", after: 89) == .stale(.whileRevalidating))
        #expect(decide("stale-while-revalidate=30", after: 90) == .validate(.stale))
        #expect(decide("stale-while-revalidate=0", after: 60) == .validate(.stale))
    }

    @Test(
        "RFC 9111, 4.2.4: what forbids stale answers",
        arguments: ["must-revalidate", "proxy-revalidate", "s-maxage=60", "no-cache"]
    )
    func forbidden(directive: String) {
        #expect(decide("\(directive), stale-while-revalidate=30", after: 60) == .validate(.stale))
        #expect(decide(directive, after: 61, request: "max-stale=100") == .validate(.stale))
        let mayServe = StaleRule.mayServeStaleOnError(
            stored: control("\(directive), stale-if-error=1000"),
            freshness: freshness([("Date", date(0)), ("Cache-Control", "max-age=60")]),
            policy: FreshnessPolicy(staleIfError: 1000),
            now: arrival + 70
        )
        #expect(!mayServe)
    }

    @Test("RFC 5861, 4: stale-if-error of response, request and site")
    func staleIfError() {
        func mayServe(_ stored: String, _ request: String, _ site: Int64?, after seconds: Int64) -> Bool {
            StaleRule.mayServeStaleOnError(
                stored: control(stored),
                request: control(request),
                freshness: freshness([("Date", date(0)), ("Cache-Control", "max-age=60")]),
                policy: FreshnessPolicy(staleIfError: site),
                now: arrival + seconds
            )
        }
        #expect(mayServe("", "", nil, after: 59))
        #expect(!mayServe("", "", nil, after: 60))
        #expect(!mayServe("", "", 0, after: 60))
        #expect(mayServe("", "", 10, after: 69))
        #expect(!mayServe("", "", 10, after: 70))
        #expect(mayServe("stale-if-error=20", "", 10, after: 79))
        #expect(mayServe("", "stale-if-error=20", nil, after: 79))
        #expect(!mayServe("no-cache", "", 100, after: 1))
        #expect(mayServe("must-revalidate", "", nil, after: 1))
    }
}
