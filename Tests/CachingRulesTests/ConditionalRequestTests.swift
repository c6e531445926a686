import CachingRules
import HTTPWire
import Testing

@Suite struct ConditionalRequestTests {
    private let tag = EntityTag(opaque: "a")

    private func outcome(
        _ request: [(String, String)],
        method: HTTPWire.Method = .get,
        etag: EntityTag? = EntityTag(opaque: "a"),
        lastModified: Int64? = arrival,
        asOrigin: Bool = false
    ) -> ConditionalRequest.Outcome {
        ConditionalRequest.evaluate(
            request: fields(request),
            method: method,
            etag: etag,
            lastModified: lastModified,
            asOrigin: asOrigin
        )
    }

    @Test("RFC 9110, 13.1.2: If-None-Match compares weakly, in lists and on several lines")
    func ifNoneMatch() {
        for value in ["\"a\"", "W/\"a\"", "\"x\", \"a\"", "*", "a"] {
            #expect(outcome([("If-None-Match", value)]) == .notModified, "\(value)")
            #expect(outcome([("If-None-Match", value)], method: .head) == .notModified)
            #expect(outcome([("If-None-Match", value)], method: .put) == .preconditionFailed)
        }
        #expect(outcome([("If-None-Match", "\"x\""), ("If-None-Match", "\"a\"")]) == .notModified)
        #expect(outcome([("If-None-Match", "\"a\"")], etag: EntityTag(opaque: "a", isWeak: true)) == .notModified)
        for value in ["\"A\"", "\"aa\"", "", "\"\"", "\"a"] { #expect(outcome([("If-None-Match", value)]) == .proceed) }
        #expect(outcome([("If-None-Match", "\"a\"")], etag: nil) == .proceed)
        #expect(outcome([("If-None-Match", "\"\"")], etag: nil) == .proceed)
        #expect(outcome([("If-None-Match", "*")], etag: nil) == .notModified)
    }

    @Test("RFC 9110, 13.1.3: If-Modified-Since, unless If-None-Match is there, and for reading only")
    func ifModifiedSince() {
        #expect(outcome([("If-Modified-Since", date(0))]) == .notModified)
        #expect(outcome([("If-Modified-Since", date(1))]) == .notModified)
        #expect(outcome([("If-Modified-Since", date(-1))]) == .proceed)
        #expect(outcome([("If-Modified-Since", date(1))], method: .put) == .proceed)
        #expect(outcome([("If-Modified-Since", date(1))], lastModified: nil) == .proceed)
        #expect(outcome([("If-Modified-Since", "yesterday")]) == .proceed)
        #expect(outcome([("If-Modified-Since", date(1)), ("If-Modified-Since", date(1))]) == .proceed)
        #expect(outcome([("If-Modified-Since", date(1)), ("If-None-Match", "\"x\"")]) == .proceed)
        #expect(outcome([("If-Modified-Since", date(-1)), ("If-None-Match", "\"a\"")]) == .notModified)
    }

    @Test("RFC 9110, 13.2.2: If-Match and If-Unmodified-Since come first, at an origin")
    func originPreconditions() {
        #expect(outcome([("If-Match", "\"x\"")]) == .proceed)
        #expect(outcome([("If-Match", "\"x\"")], asOrigin: true) == .preconditionFailed)
        #expect(outcome([("If-Match", "\"x\", \"a\"")], asOrigin: true) == .proceed)
        #expect(outcome([("If-Match", "W/\"a\"")], asOrigin: true) == .preconditionFailed)
        #expect(outcome([("If-Match", "*")], asOrigin: true) == .proceed)
        #expect(outcome([("If-Match", "\"a\"")], etag: nil, asOrigin: true) == .preconditionFailed)
        #expect(outcome([("If-Unmodified-Since", date(-1))], asOrigin: true) == .preconditionFailed)
        #expect(outcome([("If-Unmodified-Since", date(0))], asOrigin: true) == .proceed)
        #expect(outcome([("If-Unmodified-Since", date(-1)), ("If-Match", "\"a\"")], asOrigin: true) == .proceed)
        #expect(outcome([("If-Match", "\"a\""), ("If-None-Match", "\"a\"")], asOrigin: true) == .notModified)
    }

    @Test("RFC 9110, 13.1.5: If-Range wants a strong validator")
    func ifRange() {
        func applies(_ value: String?, etag: EntityTag? = EntityTag(opaque: "a"), date sent: Int64? = arrival + 60)
            -> Bool
        {
            ConditionalRequest.rangeApplies(
                request: fields(value.map { [("If-Range", $0)] } ?? []),
                etag: etag,
                lastModified: arrival,
                date: sent
            )
        }
        #expect(applies(nil))
        #expect(applies("\"a\""))
        #expect(!applies("\"b\""))
        #expect(!applies("W/\"a\""))
        #expect(!applies("\"a\"", etag: EntityTag(opaque: "a", isWeak: true)))
        #expect(!applies("\"a\"", etag: nil))
        #expect(applies(date(0)))
        #expect(!applies(date(1)))
        #expect(!applies(date(-1)))
        #expect(!applies(date(0), date: arrival))
        #expect(!applies(date(0), date: nil))
        #expect(!applies("nonsense"))
        #expect(!applies("\"a\", \"b\""))
        #expect(!applies("*"))
    }
}
