import CachingRules
import HTTPWire
import TestSupport
import Testing

@Suite struct CacheControlTests {
    @Test("RFC 9111, 5.2: every directive, in any case, on several lines")
    func directives() {
        let all = control(
            "Max-Age=1, S-MAXAGE=2 ,no-STORE, No-Cache",
            "private,public, must-revalidate,proxy-revalidate, must-understand,no-transform,immutable",
            "stale-while-revalidate=3,stale-if-error=4,max-stale=5,min-fresh=6,only-if-cached"
        )
        #expect(all.maxAge == 1)
        #expect(all.sMaxAge == 2)
        #expect(all.noStore && all.noCache && all.isPrivate && all.isPublic)
        #expect(all.mustRevalidate && all.proxyRevalidate && all.mustUnderstand && all.noTransform && all.immutable)
        #expect(all.staleWhileRevalidate == 3)
        #expect(all.staleIfError == 4)
        #expect(all.maxStale == 5)
        #expect(all.minFresh == 6)
        #expect(all.onlyIfCached)
        #expect(control() == CacheControl())
        #expect(
            control("", ",", " , ;=,\"", "foo, bar=baz, =1", "maxage=1,nostore,no-store-x,xno-store") == CacheControl()
        )
    }

    @Test("RFC 9111, 1.2.2: seconds saturate")
    func saturation() {
        for (text, value) in [
            ("0", 0), ("003600", 3600), ("2147483647", 2_147_483_647), ("2147483648", 2_147_483_648),
            ("2147483649", 2_147_483_648), ("99999999999999999999999999", 2_147_483_648),
        ] as [(String, Int64)] {
            #expect(control("max-age=\(text)").maxAge == value)
            #expect(control("max-age=\"\(text)\"").maxAge == value)
        }
    }

    @Test(
        "RFC 9111, 4.2.1: an invalid lifetime is a stale one",
        arguments: [
            "max-age", "max-age=", "max-age=-1", "max-age=+1", "max-age=1.0", "max-age=a1", "max-age=1a", "max-age='1'",
            "max-age =1", "max-age= 1", "max-age=1 2", "max-age=\"\"", "max-age=\"1", "max-age=1;a", "max-age:1",
            "max-age=0x1",
        ]
    )
    func invalidLifetime(text: String) {
        #expect(control(text).maxAge == 0)
        #expect(control(text + ", max-age=60").maxAge == 0)
        #expect(control("max-age=60, " + text).maxAge == 60)
        #expect(control(text.replacing("max-age", with: "s-maxage")).sMaxAge == 0)
    }

    @Test("RFC 9111, 4.2.1: the first of several lifetimes counts")
    func duplicates() {
        #expect(control("max-age=1, max-age=1800").maxAge == 1)
        #expect(control("max-age=1800", "max-age=1").maxAge == 1800)
    }

    @Test("RFC 9111, 5.2: nothing in a quoted string is a directive, and an open quote hides none")
    func quotes() {
        #expect(control("extension=\"max-age=3600\", max-age=1").maxAge == 1)
        #expect(control("a=\"x, no-store, y\"") == CacheControl())
        #expect(control("a=\"x\\\", no-store\", public").isPublic)
        #expect(!control("a=\"x\\\", no-store\", public").noStore)
        #expect(control("a=\"x, no-store").noStore)
        #expect(control("\", no-store").noStore)
        #expect(control("a=\"\\").noStore == false)
    }

    @Test("RFC 9111, 5.2.2.4 and 5.2.2.7: field names")
    func names() {
        let some = control("no-cache=\"Set-Cookie, X\", private=y")
        #expect(!some.noCache)
        #expect(some.noCacheFields == ["set-cookie", "x"])
        #expect(!some.isPrivate)
        #expect(some.privateFields == ["y"])
        #expect(control("no-cache").noCacheFields.isEmpty)
        #expect(control("private=\"\"").isPrivate)
    }

    @Test("RFC 9111, 5.2.1.2: max-stale without argument is any staleness; a malformed one is none")
    func maxStale() {
        #expect(control("max-stale").maxStale == CacheControl.secondsMax)
        #expect(control("max-stale=x").maxStale == nil)
        #expect(control("min-fresh=x").minFresh == nil)
        #expect(control("stale-if-error").staleIfError == nil)
    }

    @Test("RFC 9111, 5.4: Pragma counts in requests without Cache-Control")
    func pragma() {
        #expect(CacheControl.ofRequest(fields([("Pragma", "no-cache")])).noCache)
        #expect(!CacheControl.ofRequest(fields([("Pragma", "no-cache"), ("Cache-Control", "max-age=1")])).noCache)
        #expect(!CacheControl.ofRequest(fields([("Pragma", "other")])).noCache)
        #expect(!CacheControl(fields([("Pragma", "no-cache")])).noCache)
    }

    @Test("no-store outside of quotes is always found, whatever stands around it")
    func neverMissed() {
        var random = SeededGenerator(seed: 7)
        let parts = ["a", "=", "\"", "\\", ",", " ", "max-age=5", "no-cache", "private=\"x\"", ";", "é", "\"q, r\""]
        for _ in 0..<5000 {
            var before = ""
            for _ in 0..<Int.random(in: 0..<8, using: &random) { before += parts.randomElement(using: &random) ?? "" }
            let isBalanced = !before.contains("\"")
            let found = control(before + ",no-store").noStore
            if isBalanced { #expect(found, "\(before)") }
            #expect(control(before, "no-store").noStore)
        }
    }
}
