import CachingRules
import HTTPWire
import Testing

/// RFC 9111, sections 3.1, 5.2.2.4 and 5.2.2.7.
@Suite struct StoredFieldsTests {
    private func stored(_ pairs: [(String, String)]) -> [String] {
        var list = fields(pairs)
        list.removeHopByHop()
        StoredFields.removeRestricted(&list, .ofResponse(list))
        return list.fields.map { list.nameString($0) }
    }

    @Test("RFC 9111, 3.1: fields of the connection and of the proxy are not stored, unknown ones and Set-Cookie are")
    func prepared() {
        let dropped = [
            "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
            "Proxy-Connection", "TE", "Transfer-Encoding", "Upgrade", "Trailer",
        ]
        let kept = [
            "Test-Header", "X-Content-Foo", "Cache-Control", "Content-Encoding", "Content-Length", "Content-Location",
            "Content-MD5", "Content-Range", "Content-Type", "Content-Security-Policy", "Clear-Site-Data", "ETag",
            "Expires", "Public-Key-Pins", "Set-Cookie", "Set-Cookie2", "X-Frame-Options", "X-XSS-Protection", "Age",
            "CDN-Cache-Control", "Surrogate-Control", "Vary", "Date", "Last-Modified", "Link", "Pragma", "Warning",
        ]
        #expect(stored((dropped + kept).map { ($0, "x") }) == kept)
    }

    @Test("RFC 9110, 7.6.1: what Connection names is not stored")
    func connectionOptions() {
        let list = [("Connection", "a, B"), ("a", "1"), ("b", "2"), ("c", "3"), ("connection", "D"), ("d", "4")]
        #expect(stored(list) == ["c"])
    }

    @Test("RFC 9111, 5.2.2.4 and 5.2.2.7: fields that are named are left out, the rest is stored")
    func named() {
        let list = [("Cache-Control", "no-cache=\"a, B\", private=c, max-age=60"), ("a", "1"), ("b", "2"), ("C", "3")]
        #expect(stored(list + [("d", "4")]) == ["Cache-Control", "d"])
        let control = CacheControl.ofResponse(fields(list))
        #expect(!control.noCache && !control.isPrivate)
        #expect(StoredFields.hasRestricted(fields(list), control))
        #expect(!StoredFields.hasRestricted(fields([("d", "4")]), control))
        #expect(!StoredFields.hasRestricted(fields(list), CacheControl()))
        let cookie = [("Cache-Control", "no-cache=\"Set-Cookie\""), ("Set-Cookie", "1"), ("set-cookie", "2")]
        #expect(stored(cookie) == ["Cache-Control"])
    }

    @Test(
        "RFC 9111, 5.2.2.4: where leaving out a field would falsify the rest, the whole response is meant",
        arguments: [
            "", " ", ",", "Content-Type", "a, vary", "Date", "content-encoding", "cache-control", "Age", "a b", "a;b",
            "Expires", "Content-Range", "Content-Length", "CDN-Cache-Control", "a, \\\"b", "é",
        ]
    )
    func wholeResponse(names: String) {
        let some = control("no-cache=\"\(names)\", private=\"\(names)\"")
        #expect(some.noCache && some.isPrivate)
        #expect(some.noCacheFields.isEmpty && some.privateFields.isEmpty)
        let targeted = CacheControl.ofResponse(fields([("CDN-Cache-Control", "no-cache=\"\(names)\", private=(a)")]))
        if targeted.isTargeted { #expect(targeted.noCache && targeted.isPrivate) }
    }

    @Test("RFC 9111, 5.2.2.4: without names beside one with names, the whole response is meant")
    func both() {
        #expect(control("no-cache, no-cache=\"a\"").noCache)
        #expect(control("no-cache=\"a\"", "no-cache").noCache)
        #expect(control("no-cache=").noCache)
        #expect(control("no-cache = a").noCache)
        #expect(control("private=\"a").isPrivate)
        #expect(control("no-cache=\"a\", no-cache=b").noCacheFields == ["a", "b"])
    }
}
