import CachingRules
import HTTPWire
import TestSupport
import Testing

/// `CDN-Cache-Control` (RFC 9213).
@Suite struct TargetedDirectivesTests {
    private func directives(_ lines: String..., cacheControl: String? = nil) -> CacheControl {
        var pairs = lines.map { ("CDN-Cache-Control", $0) }
        if let cacheControl { pairs.append(("Cache-Control", cacheControl)) }
        return .ofResponse(fields(pairs))
    }

    @Test("RFC 9213, 2.2: it takes the place of Cache-Control and Expires")
    func precedence() {
        let both = directives("max-age=60", cacheControl: "no-store, private, max-age=1, s-maxage=2")
        #expect(both.isTargeted)
        #expect(both.maxAge == 60)
        #expect(both.sMaxAge == nil && !both.noStore && !both.isPrivate)
        #expect(directives("no-store", cacheControl: "max-age=60").noStore)
        #expect(directives("private", cacheControl: "max-age=60").isPrivate)
        #expect(directives("no-cache", cacheControl: "max-age=60").noCache)
        let head = [("Date", date(0)), ("Expires", date(500)), ("Cache-Control", "max-age=100")]
        #expect(freshness(head + [("CDN-Cache-Control", "max-age=60")]).lifetime == 60)
        #expect(freshness(head + [("CDN-Cache-Control", "max-age=0")]).lifetime == 0)
        #expect(freshness(head + [("CDN-Cache-Control", "foo")]).lifetime == 0)
        #expect(freshness(head + [("CDN-Cache-Control", "foo")], defaultTTL: 7).lifetime == 7)
        #expect(freshness([("Expires", "0"), ("CDN-Cache-Control", "max-age=60")]).lifetime == 60)
        let aged = freshness(head + [("CDN-Cache-Control", "max-age=60"), ("Age", "61")])
        #expect(!aged.isFresh(now: arrival))
    }

    @Test("RFC 9213, 2.1: an empty field, or one that is no dictionary, counts as absent")
    func invalid() {
        let wrong = [
            "", " ", ",", "max-age=60,", ", max-age=60", "max-age=60, ,no-store", "max-age= 60", "max-age =60",
            "Max-Age=60", "MaX-aGe=60", "max-age=60 no-store", "max-age=", "max-age=60, &&&", "max-age=60; ",
            "max-age=\"60", "max-age='60'", "max-age=+60", "max-age=1.", "max-age=1.0000", "max-age=6000000000000000",
            "max-age=60;A=1", "no-store=?2", "no-store=?true", "(max-age)", "\"max-age\"=60", "max-age=60\u{7F}x",
            "no-cache=\"é\"", "no-cache=(a b", "max-age=60;a=(1)", "@1", "=60", "-a", "1=1", "max-age:60",
        ]
        for value in wrong {
            let fallback = directives(value, cacheControl: "max-age=5")
            #expect(!fallback.isTargeted, "\(value)")
            #expect(fallback.maxAge == 5, "\(value)")
            #expect(directives(value) == CacheControl(), "\(value)")
        }
        let long = "max-age=60, a=\"" + String(repeating: "x", count: 5000) + "\""
        #expect(directives(long, cacheControl: "max-age=5").maxAge == 5)
    }

    @Test("RFC 9213, 2.1: unknown directives and parameters are ignored")
    func extensions() {
        let some = directives("foobar, x=\"a, no-store\", max-age=60;no-store;x=1, y=(1 2);no-cache, *z=:YQ==:")
        #expect(some.maxAge == 60)
        #expect(!some.noStore && !some.noCache)
        #expect(directives("x=\"no-store, max-age=1\", max-age=3600").maxAge == 3600)
    }

    @Test("RFC 9213, 2.1: values have types; a lifetime of another type is a stale one")
    func types() {
        for value in ["\"60\"", "60.0", "-1", "a60", "?1", "?0", "(60)", "@60", ":YQ==:"] {
            let some = directives("max-age=\(value)", cacheControl: "max-age=100")
            #expect(some.isTargeted, "\(value)")
            #expect(some.maxAge == 0, "\(value)")
            #expect(directives("s-maxage=\(value)").sMaxAge == 0, "\(value)")
            #expect(directives("stale-if-error=\(value)").staleIfError == nil, "\(value)")
        }
        #expect(directives("max-age").maxAge == 0)
        #expect(directives("max-age=0060").maxAge == 60)
        #expect(directives("max-age=2147483649").maxAge == CacheControl.secondsMax)
        #expect(directives("max-age=999999999999999").maxAge == CacheControl.secondsMax)
        #expect(directives("no-store=?1").noStore)
        #expect(!directives("no-store=?0").noStore)
        #expect(directives("no-store=1").noStore)
        #expect(!directives("public=1").isPublic)
        #expect(!directives("must-understand=x, immutable=?0").mustUnderstand)
    }

    @Test("RFC 9651, 3.2: of several members of a name the last counts, also on several lines")
    func duplicates() {
        #expect(directives("max-age=1, max-age=60").maxAge == 60)
        #expect(directives("max-age=60", "max-age=1").maxAge == 1)
        #expect(directives("max-age=60", "no-store").noStore)
        #expect(!directives("no-store, no-store=?0").noStore)
        #expect(directives("max-age=60", "", cacheControl: "max-age=5").maxAge == 5)
    }

    @Test("RFC 9213, 2.2: every directive that Cache-Control may have")
    func all() {
        let all = directives(
            "s-maxage=2, no-transform, public, must-revalidate, proxy-revalidate, must-understand, immutable, "
                + "stale-while-revalidate=3, stale-if-error=4, no-cache=\"X-A, x-b\", private=x-c"
        )
        #expect(all.sMaxAge == 2 && all.staleWhileRevalidate == 3 && all.staleIfError == 4)
        #expect(all.noTransform && all.isPublic && all.mustRevalidate && all.proxyRevalidate && all.mustUnderstand)
        #expect(all.immutable && !all.noCache && !all.isPrivate)
        #expect(all.noCacheFields == ["x-a", "x-b"])
        #expect(all.privateFields == ["x-c"])
    }

    @Test("Surrogate-Control says nothing")
    func surrogateControl() {
        let some = CacheControl.ofResponse(fields([("Surrogate-Control", "no-store"), ("Cache-Control", "max-age=5")]))
        #expect(some == control("max-age=5"))
    }

    @Test("random bytes never do harm", arguments: [UInt64(1), 2, 3])
    func randomBytes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let tokens = [
            "max-age=", "60", "\"", "(", ")", ";", ",", "?1", "@1", ":YQ==:", "%\"%c3%bc\"", "-", ".", "=", " ",
        ]
        let valid = Array("max-age=60, no-store;a=\"x\\\"\", b=(1 2.5 \"y\");c=?0, d=:YQ==:, e=@1, f=%\"a\"".utf8)
        for _ in 0..<3000 {
            var list = FieldList()
            list.append(.cdnCacheControl, random.damage(valid, with: tokens))
            list.append(.cacheControl, "max-age=5")
            let read = CacheControl.ofResponse(list)
            #expect(read.isTargeted || read == control("max-age=5"))
            #expect((0...CacheControl.secondsMax).contains(read.maxAge ?? 0))
            var bytes = [UInt8]()
            for _ in 0..<Int.random(in: 0..<24, using: &random) {
                bytes.append(.random(in: .min ... .max, using: &random))
            }
            var garbage = FieldList()
            garbage.append(.cdnCacheControl, bytes)
            garbage.append(.cacheControl, bytes)
            _ = CacheControl.ofResponse(garbage)
        }
    }
}
