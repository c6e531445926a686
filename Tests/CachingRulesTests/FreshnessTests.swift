import CachingRules
import HTTPWire
import TestSupport
import Testing

@Suite struct FreshnessTests {
    @Test("RFC 9111, 4.2.1: s-maxage before max-age before Expires before the site's default")
    func precedence() {
        let expires = ("Expires", date(300))
        let now = ("Date", date(0))
        #expect(freshness([("Cache-Control", "max-age=10, s-maxage=20"), expires, now]).lifetime == 20)
        #expect(freshness([("Cache-Control", "max-age=10"), expires, now]).lifetime == 10)
        #expect(freshness([("Cache-Control", "max-age=0"), expires, now], defaultTTL: 99).lifetime == 0)
        #expect(freshness([("Cache-Control", "max-age=x"), expires, now]).lifetime == 0)
        #expect(freshness([expires, now], defaultTTL: 99).lifetime == 300)
        #expect(freshness([expires], defaultTTL: 99).lifetime == 300)
        #expect(freshness([now], defaultTTL: 99).lifetime == 99)
        #expect(freshness([now]).lifetime == 0)
        #expect(freshness([now], defaultTTL: -5).lifetime == 0)
    }

    @Test("RFC 9111, 5.3: Expires counts from Date; what is no date is in the past")
    func expires() {
        #expect(freshness([("Date", date(10)), ("Expires", date(20))]).lifetime == 10)
        #expect(freshness([("Date", date(-10)), ("Expires", date(10))]).lifetime == 20)
        #expect(freshness([("Date", date(0)), ("Expires", date(-1))]).lifetime == 0)
        #expect(freshness([("Date", "nonsense"), ("Expires", date(5))]).lifetime == 5)
        for wrong in ["0", "-1", "", "tomorrow", "Thu, 18 Aug 2050 02:01:18 UTC"] {
            #expect(freshness([("Expires", wrong)], defaultTTL: 99).lifetime == 0)
        }
        #expect(freshness([("Expires", "Sun, 21 Nov 2286 04:46:39 GMT")]).lifetime == CacheControl.secondsMax)
    }

    @Test(
        "RFC 9110, 5.6.7: all three formats of dates, in any case",
        arguments: [
            "Thu, 18 Aug 2050 02:01:18 GMT", "thu, 18 aug 2050 02:01:18 gmt", "THU, 18 AUG 2050 02:01:18 GMT",
            "Thursday, 18-Aug-50 02:01:18 GMT", "Thu Aug 18 02:01:18 2050", "Fri, 18 Aug 2050 02:01:18 GMT",
            "Tue, 19 Jan 2038 03:14:08 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "  Thu, 18 Aug 2050 02:01:18 GMT ",
        ]
    )
    func dates(text: String) {
        #expect(freshness([("Date", date(0)), ("Expires", text)]).lifetime > 0)
    }

    @Test(
        "RFC 9111, 5.3: a malformed date is in the past, and never a reason to guess",
        arguments: [
            "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 2050 02:01:18 AEST", "Thu, 18 Aug 2050 02:01:18",
            "Thu, 18 Aug 50 02:01:18 GMT", "Thu 18 Aug 2050 02:01:18 GMT", "Thu, 18-Aug-2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02.01.18 GMT", "Thu, 18 Aug 2050 2:01:18 GMT", "Thu, 8 Aug 2050 02:01:18 GMT",
            "Thu,  18 Aug 2050 02:01:18 GMT", "Thu, 18 Aug 2050  02:01:18 GMT", "Thu, 32 Aug 2050 02:01:18 GMT",
            "Thu, 31 Feb 2050 02:01:18 GMT", "Thu, 18 Aug 2050 25:01:18 GMT", "Thu, 18 Aug 2050 02:61:18 GMT",
            "Thu, 18 Foo 2050 02:01:18 GMT", "18 Aug 2050 02:01:18 GMT", "2050-08-18T02:01:18Z", "2544314478", "0",
            "-1",
            "now", "", "Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT",
            "Thu, 18 Aug 2050 02:01:18 +0000",
            "\"Thu, 18 Aug 2050 02:01:18 GMT\"", "Thu, 18 Aug 20500 02:01:18 GMT",
        ]
    )
    func malformedDates(text: String) {
        let head = [("Date", date(0)), ("Expires", text), ("Last-Modified", date(-10_000))]
        #expect(freshness(head, defaultTTL: 99).lifetime == 0)
    }

    @Test("RFC 9111, 4.2.1: of two Expires the first counts")
    func twoExpires() {
        #expect(freshness([("Date", date(0)), ("Expires", date(5)), ("Expires", date(500))]).lifetime == 5)
        #expect(freshness([("Date", date(0)), ("Expires", "0"), ("Expires", date(500))]).lifetime == 0)
    }

    @Test("RFC 9111, 4.2.3: Expires counts from Date, and Age from then on, be the origin's clock slow or fast")
    func clocks() {
        for offset in [-86_400, 0, 86_400] as [Int64] {
            let head = [("Date", date(offset)), ("Expires", date(offset + 60))]
            #expect(freshness(head).lifetime == 60)
            let aged = freshness(head + [("Age", "61")])
            #expect(!aged.isFresh(now: arrival))
            #expect(aged.age(now: arrival) == max(61, -offset))
        }
    }

    @Test("a site's forced lifetime is that of every 2xx and 3xx, its negative one that of errors which say nothing")
    func policies() {
        func lifetime(_ status: Int, _ pairs: [(String, String)], _ policy: FreshnessPolicy) -> Int64 {
            freshness([("Date", date(0))] + pairs, status: status, policy: policy).lifetime
        }
        let policy = FreshnessPolicy(defaultTTL: 10, forcedTTL: 20, negativeTTL: 30)
        let given = [
            ("Cache-Control", "max-age=5, s-maxage=6"), ("Expires", date(7)), ("CDN-Cache-Control", "max-age=8"),
        ]
        for status in [200, 204, 299, 301, 302, 308] {
            #expect(lifetime(status, [], policy) == 20, "\(status)")
            #expect(lifetime(status, given, policy) == 20, "\(status)")
            #expect(lifetime(status, [("Cache-Control", "max-age=0")], policy) == 20, "\(status)")
        }
        for status in [403, 404, 410] {
            #expect(lifetime(status, [], policy) == 30, "\(status)")
            #expect(lifetime(status, [("Last-Modified", date(-10_000))], policy) == 30, "\(status)")
            #expect(lifetime(status, [("Cache-Control", "max-age=5")], policy) == 5, "\(status)")
            #expect(lifetime(status, [("Expires", "0")], policy) == 0, "\(status)")
            #expect(lifetime(status, [], FreshnessPolicy(defaultTTL: 10)) == 0, "\(status)")
        }
        for status in [400, 500, 503, 599] {
            #expect(lifetime(status, [], policy) == 0, "\(status)")
            #expect(lifetime(status, [("Cache-Control", "max-age=5")], policy) == 5, "\(status)")
        }
        #expect(lifetime(200, [], FreshnessPolicy(forcedTTL: -1)) == 0)
        #expect(lifetime(200, [], FreshnessPolicy(forcedTTL: .max)) == CacheControl.secondsMax)
    }

    @Test("RFC 9111, 4.2.2: a tenth of the time since the last change, at most a day, where the status allows it")
    func heuristics() {
        let changed = ("Last-Modified", date(-1000))
        let now = ("Date", date(0))
        #expect(freshness([changed, now]).lifetime == 100)
        #expect(freshness([changed]).lifetime == 100)
        #expect(freshness([changed, now], heuristics: false).lifetime == 0)
        #expect(freshness([("Last-Modified", date(-100_000_000)), now]).lifetime == 86_400)
        #expect(freshness([("Last-Modified", date(1000)), now]).lifetime == 0)
        #expect(freshness([changed, now, ("Cache-Control", "max-age=1")]).lifetime == 1)
        #expect(freshness([changed, now], defaultTTL: 7).lifetime == 7)
        for status in [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501] {
            #expect(freshness([changed, now], status: status).lifetime == 100, "\(status)")
        }
        for status in [201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599] {
            #expect(freshness([changed, now], status: status).lifetime == 0, "\(status)")
            #expect(freshness([changed, now], status: status, defaultTTL: 7).lifetime == 0, "\(status)")
            #expect(
                freshness([changed, now, ("Cache-Control", "public")], status: status).lifetime == 100,
                "\(status)"
            )
        }
    }

    @Test("RFC 9111, 4.2.3: the age")
    func age() {
        #expect(freshness([("Date", date(0)), ("Age", "30")]).correctedInitialAge == 30)
        #expect(freshness([("Date", date(-50)), ("Age", "30")]).correctedInitialAge == 50)
        #expect(freshness([("Date", date(-50)), ("Age", "30")], delay: 40).correctedInitialAge == 70)
        #expect(freshness([("Date", date(60))]).correctedInitialAge == 0)
        #expect(freshness([], delay: 3).correctedInitialAge == 3)
        let stored = freshness([("Date", date(0)), ("Age", "30"), ("Cache-Control", "max-age=60")])
        #expect(stored.age(now: arrival) == 30)
        #expect(stored.age(now: arrival + 29) == 59)
        #expect(stored.isFresh(now: arrival + 29))
        #expect(!stored.isFresh(now: arrival + 30))
        #expect(stored.ttl(now: arrival + 29) == 1)
        #expect(stored.ttl(now: arrival + 40) == -10)
        #expect(stored.age(now: arrival - 1000) == 30)
    }

    @Test("RFC 9111, 5.1: the first member of Age counts, and what is no number is ignored")
    func ageParsing() {
        for (value, age) in [
            ("abc", 0), ("-7200", 0), ("7200.0", 0), ("0, 7200", 0), ("7200, 0", 7200), ("7200;foo=111", 0), ("", 0),
            ("2147483647", 2_147_483_647), ("2147483649", 2_147_483_648), ("99999999999999999999", 2_147_483_648),
        ] as [(String, Int64)] {
            #expect(freshness([("Date", date(0)), ("Age", value)]).correctedInitialAge == age, "\(value)")
        }
        #expect(freshness([("Date", date(0)), ("Age", "0"), ("Age", "7200")]).correctedInitialAge == 0)
        #expect(freshness([("Date", date(0)), ("Age", "7200"), ("Age", "0")]).correctedInitialAge == 7200)
    }

    @Test("never fresh after its lifetime, and no number overflows", arguments: [UInt64(1), 2])
    func properties(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let seconds = ["0", "1", "60", "2147483648", "99999999999999", "-1", "x"]
        let dates = [
            date(0), date(-100), date(100), "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "0",
        ]
        for _ in 0..<3000 {
            var pairs = [(String, String)]()
            if Bool.random(using: &random) {
                pairs.append(("Cache-Control", "max-age=" + (seconds.randomElement(using: &random) ?? "")))
            }
            if Bool.random(using: &random) {
                pairs.append(("Cache-Control", "s-maxage=" + (seconds.randomElement(using: &random) ?? "")))
            }
            for name in ["Date", "Expires", "Last-Modified"] where Bool.random(using: &random) {
                pairs.append((name, dates.randomElement(using: &random) ?? ""))
            }
            if Bool.random(using: &random) { pairs.append(("Age", seconds.randomElement(using: &random) ?? "")) }
            let stored = freshness(pairs, status: Int.random(in: 100...999, using: &random))
            #expect((0...CacheControl.secondsMax).contains(stored.lifetime))
            #expect((0...CacheControl.secondsMax).contains(stored.correctedInitialAge))
            for now in [Int64.min, -1, 0, arrival, arrival + 1, arrival + 3_000_000_000, .max] {
                let age = stored.age(now: now)
                #expect((0...CacheControl.secondsMax).contains(age))
                #expect(stored.isFresh(now: now) == (age < stored.lifetime))
                #expect(stored.isFresh(now: now) == (stored.ttl(now: now) > 0))
            }
            let extreme = Freshness.of(
                response(200, pairs),
                requestTime: .min,
                responseTime: .max,
                policy: FreshnessPolicy(defaultTTL: .max)
            )
            #expect(extreme.age(now: .min) >= 0)
        }
    }
}
