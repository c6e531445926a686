import HTTPWire
import Telemetry
import TestSupport
import Testing

@Suite("Compressed forms")
struct CompressionTests {
    static let css = Texts.css(30_000)

    static func serve(_ stage: Stage, _ path: String = "/site/a.css", _ fields: KeyValuePairs<String, String>? = nil) {
        let usual: KeyValuePairs = ["Content-Type": "text/css", "Cache-Control": "max-age=600"]
        stage.origin.serve(path, bytes: Array(css.utf8), etag: "\"v1\"", fields ?? usual)
    }

    @Test("gzip and br are made once, have strong tags of their own, and each tag yields 304 (RFC 9110 8.8.3.3)")
    func forms() async throws {
        try await scenario(loops: 2) { stage in
            Self.serve(stage)
            var tags: [String: String] = [:]
            for _ in 0..<2 {
                for coding in ["identity", "gzip", "br"] {
                    let response = try await stage.get("/a.css", ["Accept-Encoding": coding])
                    #expect(response.status == 200 && response["Content-Encoding"] ?? "identity" == coding)
                    #expect(response["Vary"] == "Accept-Encoding")
                    #expect(try Texts.decoded(response) == Self.css)
                    let tag = try #require(response["ETag"])
                    #expect(!tag.hasPrefix("W/") && (tags[coding] ?? tag) == tag)
                    tags[coding] = tag
                }
            }
            #expect(Set(tags.values).count == 3)
            #expect(stage.count(.compressedGzip) == 1 && stage.count(.compressedBrotli) == 1)
            #expect(stage.origin.count("/site/a.css") == 1)
            for coding in ["identity", "gzip", "br", "br, gzip"] {
                for tag in tags.values {
                    let response = try await stage.get("/a.css", ["Accept-Encoding": coding, "If-None-Match": tag])
                    #expect(response.status == 304 && response["ETag"] == tag)
                    #expect(response["Vary"] == "Accept-Encoding")
                }
            }
        }
    }

    @Test("many ask for a cold file compressed: one GET, one compression", arguments: [1, 2])
    func coldCrowd(loops: Int) async throws {
        try await scenario(loops: loops) { stage in
            let latch = Latch()
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(200, ["ETag": "\"v1\"", "Content-Type": "text/css"], body: Self.css).holdingHead(latch)
            )
            let crowds = [
                try await stage.crowd(40, "/a.css", ["Accept-Encoding": "br"]),
                try await stage.crowd(20, "/a.css", ["Accept-Encoding": "gzip"]),
                try await stage.crowd(20, "/a.css"),
            ]
            try await stage.waitUntil(collapsed: 79)
            latch.open()
            for (crowd, coding) in zip(crowds, ["br", "gzip", nil] as [String?]) {
                for response in try await crowd.responses() {
                    #expect(response["Content-Encoding"] == coding)
                    #expect(try Texts.decoded(response) == Self.css)
                }
            }
            #expect(stage.count(.compressedGzip) == 1 && stage.count(.compressedBrotli) == 1)
            #expect(stage.origin.count("/site/a.css") == 1)
        }
    }

    @Test(
        "Accept-Encoding is one of a few codings before anything is looked up (RFC 9110 12.5.3)",
        arguments: [
            ("gzip, deflate, br, zstd", "br"), ("gzip;q=1.0, br;q=0.5", "gzip"), ("gzip", "gzip"), ("x-gzip", "gzip"),
            ("deflate", nil), ("br;q=0, gzip;q=0", nil), ("identity;q=0, gzip", "gzip"), ("identity;q=0, *", "br"),
            ("*", "br"), ("*;q=0", nil), ("", nil), ("gzip;q=2", nil), ("gz ip", nil), ("gzip;;", nil),
            ("identity;q=0", nil), ("\u{1}gzip", nil),
        ] as [(String, String?)]
    )
    func negotiation(accepted: String, coding: String?) async throws {
        try await scenario { stage in
            Self.serve(stage)
            for _ in 0..<2 {
                let response = try await stage.get("/a.css", ["Accept-Encoding": accepted])
                // A control character is the head parser's business.
                if accepted.utf8.contains(1) {
                    #expect(response.status == 400)
                    continue
                }
                #expect(response["Content-Encoding"] == coding)
                #expect(try Texts.decoded(response) == Self.css)
            }
        }
    }

    @Test(
        "what does not shrink, is short, encoded already or must not be changed stays as it is",
        arguments: [Stage.Kind.bucket, .http],
        [false, true]
    )
    func notWorthIt(kind: Stage.Kind, varies: Bool) async throws {
        try await scenario(kind) { stage in
            let prefix = kind == .bucket ? "/site" : ""
            let cases: [(String, KeyValuePairs<String, String>, [UInt8])] = [
                ("/a.png", ["Content-Type": "image/png"], Array(Self.css.utf8)),
                ("/a.woff2", ["Content-Type": "font/woff2"], Array(Self.css.utf8)),
                ("/short.css", ["Content-Type": "text/css"], Array("a{}".utf8)),
                ("/untyped", [:], Array(Self.css.utf8)),
                ("/noise.txt", ["Content-Type": "text/plain"], TestBytes.pattern(20_000)),
                ("/gz.css", ["Content-Type": "text/css", "Content-Encoding": "gzip"], TestBytes.pattern(900)),
                ("/odd.css", ["Content-Type": "text/css", "Content-Encoding": "odd"], Array(Self.css.utf8)),
                ("/asis.css", ["Content-Type": "text/css", "X-Control": "no-transform"], Array(Self.css.utf8)),
            ]
            for (path, fields, body) in cases {
                var text = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: \(body.count)\r\n"
                for (name, value) in fields where name != "X-Control" { text += "\(name): \(value)\r\n" }
                let control = fields.contains { $0.key == "X-Control" } ? ", no-transform" : ""
                text += "Cache-Control: max-age=60\(control)\r\n" + (varies ? "Vary: Accept-Encoding\r\n" : "")
                stage.origin.on(prefix + path, .raw(.send(Array((text + "\r\n").utf8) + body)))
                for round in 0..<3 {
                    let response = try await stage.get(path, ["Accept-Encoding": "gzip, br"])
                    #expect(response.body == body, "\(path)")
                    #expect(response["Content-Encoding"] == fields.first { $0.key == "Content-Encoding" }?.value)
                    #expect(response["ETag"] == "\"v1\"" && response.isHit == (round > 0))
                }
            }
            #expect(stage.count(.compressedGzip) + stage.count(.compressedBrotli) == 0)
        }
    }

    @Test("a site that does not compress leaves all bodies alone, whatever Vary says")
    func off() async throws {
        try await scenario(.http, compress: false) { stage in
            Self.serve(stage, "/a.css", ["Content-Type": "text/css", "Cache-Control": "max-age=9"])
            Self.serve(
                stage,
                "/b.css",
                ["Content-Type": "text/css", "Cache-Control": "max-age=9", "Vary": "Accept-Encoding"]
            )
            for path in ["/a.css", "/b.css", "/b.css"] {
                let response = try await stage.get(path, ["Accept-Encoding": "gzip"])
                #expect(response["Content-Encoding"] == nil && response.text == Self.css)
            }
        }
    }

    @Test("forms survive a 304, under the new head; a Vary in it does not hide them")
    func survive304() async throws {
        try await scenario { stage in
            let date = Texts.date()
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(
                    200,
                    ["ETag": "\"v1\"", "Content-Type": "text/css", "Cache-Control": "max-age=1", "Age": "100"],
                    body: Self.css
                ),
                ScriptedAnswer(304, ["ETag": "\"v1\"", "Cache-Control": "max-age=1, x", "Vary": "Origin", "Age": "9"]),
                ScriptedAnswer(304, ["ETag": "\"v1\"", "Cache-Control": "max-age=500", "Date": date])
            )
            let first = try await stage.get("/a.css", ["Accept-Encoding": "br"])
            for _ in 0..<2 {
                let second = try await stage.get("/a.css", ["Accept-Encoding": "br"])
                #expect(second["Content-Encoding"] == "br" && second["ETag"] == first["ETag"])
                #expect(second.body == first.body && second.isForwarded("stale; fwd-status=304"))
                let vary = second.head.fields.combined(.vary) ?? ""
                #expect(vary.contains("Accept-Encoding"))
            }
            let hit = try await stage.get("/a.css", ["Accept-Encoding": "br"])
            #expect(hit.isHit && hit["Date"] == date && hit["Cache-Control"] == "max-age=500")
            #expect(hit["Content-Encoding"] == "br" && hit.body == first.body)
            #expect(stage.count(.compressedBrotli) == 1)
            let notModified = try await stage.get("/a.css", ["If-None-Match": try #require(first["ETag"])])
            #expect(notModified.status == 304)
        }
    }

    @Test("a new body gets new forms: none of the old one is left")
    func replaced() async throws {
        try await scenario { stage in
            let other = Texts.css(20_000, seed: 7)
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(
                    200,
                    ["ETag": "\"v1\"", "Content-Type": "text/css", "Cache-Control": "max-age=1", "Age": "100"],
                    body: Self.css
                ),
                ScriptedAnswer(200, ["ETag": "\"v2\"", "Content-Type": "text/css"], body: other)
            )
            let first = try await stage.get("/a.css", ["Accept-Encoding": "gzip"])
            #expect(try Texts.decoded(first) == Self.css)
            for accepted in ["gzip", "br", "identity", "gzip"] {
                let next = try await stage.get("/a.css", ["Accept-Encoding": accepted])
                #expect(try Texts.decoded(next) == other && next["ETag"] != first["ETag"])
            }
            let conditional = try await stage.get("/a.css", ["If-None-Match": try #require(first["ETag"])])
            #expect(conditional.status == 200)
        }
    }

    @Test("a large text: identity while the form is made, the form afterwards")
    func large() async throws {
        try await scenario { stage in
            let text = Texts.css(1_500_000)
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(200, ["ETag": "\"v1\"", "Content-Type": "text/css"], body: text)
            )
            let first = try await stage.get("/a.css", ["Accept-Encoding": "gzip"])
            #expect(first["Content-Encoding"] == nil && first.text == text && first["Vary"] == "Accept-Encoding")
            try await eventually(
                "the form",
                { try await stage.get("/a.css", ["Accept-Encoding": "gzip"])["Content-Encoding"] == "gzip" }
            )
            let form = try await stage.get("/a.css", ["Accept-Encoding": "gzip"])
            #expect(try Texts.decoded(form) == text && form["ETag"] != first["ETag"])
            #expect(stage.count(.compressedGzip) == 1)
        }
    }

    @Test("HEAD tells of the form that GET would bring")
    func head() async throws {
        try await scenario { stage in
            Self.serve(stage)
            let form = try await stage.get("/a.css", ["Accept-Encoding": "gzip"])
            let head = try await stage.head("/a.css", ["Accept-Encoding": "gzip"])
            #expect(head["Content-Length"] == "\(form.body.count)" && head["ETag"] == form["ETag"])
            #expect(head["Content-Encoding"] == "gzip" && head["Vary"] == "Accept-Encoding")
        }
    }

    @Test("a weak tag stays weak in every form")
    func weak() async throws {
        try await scenario { stage in
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(200, ["ETag": "W/\"v1\"", "Content-Type": "text/css"], body: Self.css)
            )
            let form = try await stage.get("/a.css", ["Accept-Encoding": "gzip"])
            #expect(form["ETag"]?.hasPrefix("W/\"") == true && form["ETag"] != "W/\"v1\"")
        }
    }

    @Test("the client leaves while its form is being made: no harm")
    func leaves() async throws {
        try await scenario(loops: 2) { stage in
            let text = Texts.css(900_000)
            stage.origin.on(
                "/site/a.css",
                ScriptedAnswer(200, ["ETag": "\"v1\"", "Content-Type": "text/css"], body: text)
            )
            _ = try await stage.get("/a.css")
            let crowd = try await stage.crowd(20, "/a.css", ["Accept-Encoding": "br"])
            for client in crowd.clients[..<15] { await client.reset() }
            for client in crowd.clients[15...] { #expect(try Texts.decoded(try await client.response()) == text) }
            await crowd.close()
        }
    }
}
