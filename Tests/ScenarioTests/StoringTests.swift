import TestSupport
import Testing

@Suite("RFC 9111 3 and 5.2.2: what may be stored")
struct StoringTests {
    static let directives = [
        Row("RFC 9111 5.2.2.5: no-store", ["Cache-Control: no-store"], .fetched, .notStored),
        Row("RFC 9111 5.2.2.5: no-store beside a lifetime", ["Cache-Control: max-age=60, no-store"], .fetched),
        Row("RFC 9111 5.2: directives in any case", ["Cache-Control: No-StOrE, MAX-AGE=60"], .fetched),
        Row("RFC 9111 5.2: a lifetime in any case", ["Cache-Control: MaX-aGe=60"], .hit),
        Row(
            "RFC 9110 5.3: directives on two lines are one list",
            ["Cache-Control: max-age=60", "Cache-Control: no-store"],
            .fetched
        ),
        Row("RFC 9111 5.2.2.7: private", ["Cache-Control: private, max-age=60"], .fetched, .notStored),
        Row("RFC 9111 5.2.2.7: private with s-maxage", ["Cache-Control: private, s-maxage=60"], .fetched, .notStored),
        Row("RFC 9111 5.2.2.4: no-cache is asked for each time", ["Cache-Control: no-cache"], .fetched),
        Row(
            "RFC 9111 5.2.2.4: no-cache beside a lifetime is validated",
            ["Cache-Control: max-age=60, no-cache", "ETag: \"a\""],
            .validated,
            .body("answer 1")
        ),
        Row("RFC 9111 5.2.2.9: public is no lifetime", ["Cache-Control: public"], .fetched),
        Row("RFC 9111 5.2.2.9: public with a lifetime", ["Cache-Control: public, max-age=60"], .hit),
        Row("RFC 9111 5.2.2.2: must-revalidate while fresh", ["Cache-Control: max-age=60, must-revalidate"], .hit),
        Row(
            "RFC 9111 5.2.2.2: must-revalidate when stale",
            ["Cache-Control: max-age=60, must-revalidate, stale-while-revalidate=600", "Age: 61"],
            .fetched
        ),
        Row(
            "RFC 9111 5.2.2.3: must-understand replaces no-store where the status is understood",
            ["Cache-Control: max-age=60, no-store, must-understand"],
            .hit
        ),
        Row(
            "RFC 9111 5.2.2.3: must-understand forbids what is not understood",
            ["Cache-Control: max-age=60, must-understand"],
            status: 599,
            .fetched
        ),
        Row(
            "RFC 9111 5.2.3: extensions do no harm",
            ["Cache-Control: foo, bar=\"max-age=1, no-store\", max-age=60"],
            .hit
        ),
        Row(
            "RFC 9111 5.4: Pragma in a response means nothing",
            ["Cache-Control: max-age=60", "Pragma: no-cache"],
            .hit
        ),
        Row(
            "RFC 8246 2: immutable changes nothing about a lifetime that is over",
            ["Cache-Control: max-age=60, immutable", "Age: 61"],
            .fetched
        ),
        Row(
            "RFC 8246 2: immutable is passed on",
            ["Cache-Control: max-age=60, immutable"],
            .hit,
            "Cache-Control: max-age=60, immutable"
        ),
        Row(
            "RFC 9111 7.3: Set-Cookie forbids nothing",
            ["Cache-Control: max-age=60", "Set-Cookie: a=b"],
            .hit,
            "Set-Cookie: a=b"
        ),
        Row("RFC 9111 5.2.2.6: no-transform is passed on", ["Cache-Control: max-age=60, no-transform"], .hit),
    ]

    static let malformedOnes = [
        Row("RFC 9111 4.2.1: a lifetime in quotes is understood", ["Cache-Control: max-age=\"60\""], .hit),
        Row("RFC 9111 4.2.1: leading zeros", ["Cache-Control: max-age=00060"], .hit),
        Row("RFC 9111 4.2.1: a negative lifetime is over", ["Cache-Control: max-age=-60"], .fetched),
        Row("RFC 9111 4.2.1: single quotes are no quotes", ["Cache-Control: max-age='60'"], .fetched),
        Row("RFC 9111 4.2.1: letters after the number", ["Cache-Control: max-age=60a"], .fetched),
        Row("RFC 9111 4.2.1: letters before the number", ["Cache-Control: max-age=a60"], .fetched),
        Row("RFC 9111 4.2.1: no number", ["Cache-Control: max-age="], .fetched),
        Row("RFC 9111 4.2.1: a space before the equals sign", ["Cache-Control: max-age =60"], .fetched),
        Row("RFC 9111 4.2.1: a space after it", ["Cache-Control: max-age= 60"], .fetched),
        Row(
            "RFC 9111 5.2: what stands in quotes is no directive",
            ["Cache-Control: x=\"max-age=3600\", max-age=0"],
            .fetched
        ),
        Row("RFC 9111 5.2: nor behind it", ["Cache-Control: max-age=0, x=\"max-age=3600\""], .fetched),
        Row("RFC 9111 4.2.1: the first of two lifetimes", ["Cache-Control: max-age=60, max-age=0"], .hit),
        Row("RFC 9111 5.2: empty members", ["Cache-Control: , ,, max-age=60,"], .hit),
        Row("RFC 9111 5.2: a tab between", ["Cache-Control: public,\tmax-age=60"], .hit),
        Row("RFC 9111 5.2: the word alone decides", ["Cache-Control: xno-store, no-storex, max-age=60"], .hit),
    ]

    static let authenticated = [
        Row("RFC 9111 3.5: not shared", ["Cache-Control: max-age=60"], first: ["Authorization: x"], .fetched),
        Row("RFC 9111 3.5: s-maxage permits it", ["Cache-Control: s-maxage=60"], first: ["Authorization: x"], .hit),
        Row(
            "RFC 9111 3.5: public permits it",
            ["Cache-Control: public, max-age=60"],
            first: ["Authorization: x"],
            .hit
        ),
        Row(
            "RFC 9111 3.5: must-revalidate permits it",
            ["Cache-Control: max-age=60, must-revalidate"],
            first: ["Authorization: x"],
            .hit
        ),
        Row(
            "RFC 9111 3.5: what is stored may answer an authenticated request",
            ["Cache-Control: max-age=60"],
            second: ["Authorization: x"],
            .hit
        ),
        Row(
            "RFC 9111 5.2.1.5: a request's no-store",
            ["Cache-Control: max-age=60"],
            first: ["Cache-Control: no-store"],
            .fetched
        ),
        Row(
            "RFC 9111 7.3: a request's Cookie forbids nothing",
            ["Cache-Control: max-age=60"],
            first: ["Cookie: a=b"],
            second: ["Cookie: c=d"],
            .hit
        ),
    ]

    @Test("the second request after one answer", arguments: directives)
    func directive(_ row: Row) async throws { try await row.play() }

    @Test("malformed directives", arguments: malformedOnes)
    func malformed(_ row: Row) async throws { try await row.play() }

    @Test("requests that say something about storing", arguments: authenticated)
    func request(_ row: Row) async throws { try await row.play() }

    @Test("RFC 9111 3.1: fields are stored, but for those of the connection", arguments: [false, true])
    func fields(_ isHit: Bool) async throws {
        try await play { stage in
            stage.origin(
                "/a",
                "Cache-Control: max-age=60",
                "Connection: keep-alive, X-Hop",
                "X-Hop: 1",
                "Keep-Alive: timeout=5",
                "Proxy-Authenticate: Basic",
                "Proxy-Connection: keep-alive",
                "TE: trailers",
                "Trailer: X",
                "Upgrade: h2c",
                "X-Frame-Options: deny",
                "Content-Language: de",
                "X-Twice: 1",
                "X-Twice: 2",
                "Server: origin"
            )
            if isHit { try await stage.get("/a") }
            try await stage.get("/a").expect(
                isHit ? .hit : .miss,
                .field("Connection", lacks: "X-Hop"),
                .no("X-Hop"),
                .no("Keep-Alive"),
                .no("Proxy-Authenticate"),
                .no("Proxy-Connection"),
                .no("TE"),
                .no("Upgrade"),
                "X-Frame-Options: deny",
                "Content-Language: de",
                "X-Twice: 1, 2",
                "Server: origin",
                "Content-Length: 8"
            )
        }
    }

    @Test("RFC 9111 2: another query is another resource")
    func queries() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60")
            try await stage.get("/a?x=1").expect(.miss, .body("answer 1"))
            try await stage.get("/a?x=2").expect(.miss, .body("answer 2"))
            try await stage.get("/a").expect(.body("answer 3"))
            try await stage.get("/a?x=1").expect(.hit, .body("answer 1"))
            #expect(stage.asked("/a") == 3)
        }
    }

    @Test("RFC 9111 3.3: what breaks off is passed on broken, and not stored", arguments: [false, true])
    func incomplete(_ reset: Bool) async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=60", body: "0123456789").cutting(after: 4, reset: reset),
                .ok("Cache-Control: max-age=60", body: "0123456789")
            )
            await #expect(throws: (any Error).self) { try await stage.get("/a") }
            try await stage.get("/a").expect(.miss, .stored, .body("0123456789"))
            try await stage.get("/a").expect(.hit, .body("0123456789"))
        }
    }

    @Test("RFC 9112 6.3, 8: chunks without the last one are no whole answer")
    func chunksBrokenOff() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .ok("Cache-Control: max-age=60", body: "0123456789").framed(.chunked).cutting(after: 4),
                .ok("Cache-Control: max-age=60", body: "0123456789").framed(.chunked)
            )
            await #expect(throws: (any Error).self) { try await stage.get("/a") }
            try await stage.get("/a").expect(.miss, .body("0123456789"))
            try await stage.get("/a").expect(.hit, .body("0123456789"))
        }
    }

    @Test("RFC 9112 6.3: a body that ends with the connection is stored, and then has a length")
    func untilClose() async throws {
        try await play { stage in
            stage.origin("/a", .ok("Cache-Control: max-age=60", body: "0123456789").framed(.untilClose))
            try await stage.get("/a").expect(.miss, .body("0123456789"))
            try await stage.get("/a").expect(.hit, .body("0123456789"), "Content-Length: 10")
        }
    }

    @Test("RFC 9110 6.5: trailers are dropped, from the answer and from the store")
    func trailers() async throws {
        try await play { stage in
            stage.origin(
                "/a",
                .raw(
                    "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                        + "4\r\nbody\r\n0\r\nX-Sum: 1\r\nCache-Control: no-store\r\n\r\n"
                )
            )
            try await stage.get("/a").expect(.miss, .no("X-Sum"), .body("body"))
            try await stage.get("/a").expect(.hit, .no("X-Sum"), .body("body"), "Cache-Control: max-age=60")
        }
    }

    @Test("RFC 9110 8.4: a coding of the origin's own is stored and served as it is")
    func codedByTheOrigin() async throws {
        try await play { stage in
            stage.origin("/a", "Cache-Control: max-age=60", "Content-Encoding: x-own")
            try await stage.get("/a").expect(.miss, "Content-Encoding: x-own")
            try await stage.get("/a", "Accept-Encoding: gzip").expect(
                .hit,
                "Content-Encoding: x-own",
                .body("answer 1")
            )
        }
    }
}
