import TestSupport
import Testing

@Suite("RFC 9213: CDN-Cache-Control")
struct TargetedTests {
    static let rows = [
        Row("RFC 9213 2: it is a lifetime", ["CDN-Cache-Control: max-age=60"], .hit),
        Row(
            "RFC 9213 2.2: it replaces Cache-Control, longer",
            ["CDN-Cache-Control: max-age=60", "Cache-Control: max-age=0"],
            .hit
        ),
        Row(
            "RFC 9213 2.2: it replaces Cache-Control, shorter",
            ["CDN-Cache-Control: max-age=0", "Cache-Control: max-age=60"],
            .fetched
        ),
        Row("RFC 9213 2.2: it replaces no-store", ["CDN-Cache-Control: max-age=60", "Cache-Control: no-store"], .hit),
        Row("RFC 9213 2.2: it replaces private", ["CDN-Cache-Control: max-age=60", "Cache-Control: private"], .hit),
        Row(
            "RFC 9213 2.2: it replaces s-maxage",
            ["CDN-Cache-Control: max-age=0", "Cache-Control: s-maxage=60"],
            .fetched
        ),
        Row(
            "RFC 9213 2.2: its no-store",
            ["CDN-Cache-Control: no-store", "Cache-Control: max-age=60"],
            .fetched,
            .notStored
        ),
        Row(
            "RFC 9213 2.2: its private",
            ["CDN-Cache-Control: private", "Cache-Control: max-age=60"],
            .fetched,
            .notStored
        ),
        Row(
            "RFC 9213 2.2: its no-cache",
            ["CDN-Cache-Control: no-cache", "Cache-Control: max-age=60", "ETag: \"a\""],
            .validated
        ),
        Row("RFC 9213 2.2: it replaces Expires", ["CDN-Cache-Control: max-age=60", "Expires: \(ago(60))"], .hit),
        Row(
            "RFC 9213 2.2: it replaces an Expires that is no date",
            ["CDN-Cache-Control: max-age=60", "Expires: 0"],
            .hit
        ),
        Row(
            "RFC 9213 2.2: max-age=0 against Expires",
            ["CDN-Cache-Control: max-age=0", "Expires: \(ahead(60))"],
            .fetched
        ),
        Row("RFC 9213 2.2: Age counts", ["CDN-Cache-Control: max-age=60", "Age: 61"], .fetched),
        Row("RFC 9213 2.1: extensions do no harm", ["CDN-Cache-Control: foo=bar, max-age=60, x=\"y\""], .hit),
        Row("RFC 9213 2.1: two lines are one list", ["CDN-Cache-Control: foo", "CDN-Cache-Control: max-age=60"], .hit),
        Row(
            "RFC 9213 2.1: what is malformed is ignored, all of it",
            ["CDN-Cache-Control: max-age=60,, no-store", "Cache-Control: max-age=60"],
            .hit
        ),
        Row(
            "RFC 9213 2.1: names are lower-case, others are malformed",
            ["CDN-Cache-Control: Max-Age=60", "Cache-Control: no-store"],
            .fetched
        ),
        Row("RFC 9213 2.1: an empty field is none", ["CDN-Cache-Control: ", "Cache-Control: max-age=60"], .hit),
        Row(
            "RFC 9213 2.1: a space before the equals sign is malformed",
            ["CDN-Cache-Control: max-age =60", "Cache-Control: no-store"],
            .fetched
        ),
        Row(
            "RFC 9213 3.1: it is passed on",
            ["CDN-Cache-Control: max-age=60", "Cache-Control: max-age=5"],
            .hit,
            "CDN-Cache-Control: max-age=60",
            "Cache-Control: max-age=5"
        ),
        Row(
            "RFC 9213 2: that of others means nothing",
            ["Other-Cache-Control: no-store", "Surrogate-Control: no-store", "Cache-Control: max-age=60"],
            .hit
        ),
    ]

    @Test("the second request after one answer", arguments: rows)
    func row(_ row: Row) async throws { try await row.play() }
}
